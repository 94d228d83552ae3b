"""Promises of keeping what is hot current."""

import pytest

from service.live.refreshing import Refresher
from service.metrics import Metrics


def test_a_look_that_fails_in_an_unforeseen_way_is_counted_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    looked: list[str] = []

    def broken() -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    metrics = Metrics()
    refresher = Refresher(
        {"model": broken, "catalogue": lambda: looked.append("catalogue")}, every_seconds=1.0, metrics=metrics
    )
    refresher.refresh()
    refresher.refresh()
    assert looked == ["catalogue", "catalogue"]
    assert b'kembang_refresh_failures_total{what="model"} 2.0' in metrics.page()
    assert "could not look at the model" in caplog.text
