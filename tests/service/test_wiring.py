"""Promises of putting the service together."""

from pathlib import Path
from typing import Any

import pytest

from service.log.catalogue import CatalogueItem, put_items
from service.settings import Settings
from service.wiring import RealClockOnly, build


def settings_in(folder: Path) -> Settings:
    return Settings.from_environment({"KEMBANG_HOME": str(folder)})


def put_an_item(services: Any) -> None:
    item = CatalogueItem(external_id="p", kind="product", title="P")
    services.writer.run(lambda connection: put_items(connection, [item], now=1))


def test_a_real_shop_can_never_be_told_what_time_it_is(tmp_path: Path) -> None:
    with build(settings_in(tmp_path), simulated_clock=False) as services:
        put_an_item(services)
    with pytest.raises(RealClockOnly, match="holds a real shop"), build(settings_in(tmp_path), simulated_clock=True):
        pass


def test_a_home_begun_under_a_simulated_clock_may_go_on_under_one(tmp_path: Path) -> None:
    for _ in range(2):
        with build(settings_in(tmp_path), simulated_clock=True) as services:
            put_an_item(services)
            assert services.clock.now("2031-01-01T00:00:00Z") == 1_924_992_000_000_000
