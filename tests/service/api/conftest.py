"""The small shop on PostgreSQL too."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.wiring import build


@pytest.fixture(params=["sqlite", "postgresql"])
def either_shop(request: pytest.FixtureRequest, shop: Any, tmp_path: Path) -> Iterator[Any]:
    """The shop on each kind of database in turn, with a simulated clock; on PostgreSQL its catalogue is empty."""
    if request.param == "sqlite":
        yield shop
        return
    url = request.getfixturevalue("postgres_url")
    settings = replace(shop.services.settings, database_url=url, home=tmp_path / "postgresql")
    with build(settings, simulated_clock=True) as services:
        yield replace(shop, services=services)
