"""Promises of reading an experiment's results from the log."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from recommender.events import Kind
from service.cli.results import results_text
from service.jobs.analysing import experiment_results
from service.jobs.experimenting import checked_design, created
from service.log.append import NewEvent, NewExposure, append_events, append_exposure
from service.log.database import Database
from service.log.experiments import change_experiment
from service.log.names import UserKey
from service.log.writer import Writer
from service.settings import Settings

DAY = 86_400_000_000
DESIGN = {
    "key": "x",
    "hypothesis": "It helps.",
    "unit": "user",
    "control": "popular",
    "layer": "feed",
    "arms": [{"key": "popular", "share": 0.5}, {"key": "personal", "share": 0.5}],
    "primary": {"outcome": "revenue", "window_days": 7},
}
BOUGHT = NewEvent(id="e", kind=Kind.PURCHASE, user=UserKey(False, "anna"), item="tea", at=11 * DAY, amount_minor=500)


def results(database: Database, writer: Writer, home: Path, *events: NewEvent) -> dict[str, Any]:
    """What an experiment has shown on day 30 that anna met on day 10."""
    stored = writer.run(lambda connection: created(connection, checked_design(DESIGN), who="test", now=1))
    writer.run(lambda connection: change_experiment(connection, key="x", action="start", who="test", now=2))
    shown = NewExposure(
        feed_id="f",
        first_feed_id="f",
        user=BOUGHT.user,
        at=10 * DAY,
        surface="feed",
        items=[],
        model_version=None,
        fallback=None,
        arms={"x": "personal"},
        assigned={stored.id: "personal"},
        is_preview=False,
    )
    writer.run(lambda connection: append_exposure(connection, shown))
    writer.run(lambda connection: append_events(connection, events, received_at=30 * DAY))
    settings = Settings.from_environment({"KEMBANG_HOME": str(home)})
    return experiment_results(database.reader, settings, key="x", as_of=30 * DAY)


def test_orders_in_other_currencies_are_left_out_and_said_to_be(
    database: Database, writer: Writer, tmp_path: Path
) -> None:
    usd = replace(BOUGHT, currency="USD")
    found = results(
        database,
        writer,
        tmp_path,
        replace(BOUGHT, id="1", currency="GBP"),
        replace(BOUGHT, id="2", amount_minor=None),
        replace(usd, id="3", order_id="o3"),
        replace(usd, id="4", order_id="o3", item="cup"),
        replace(usd, id="5", order_id="o3", kind=Kind.REFUND),
        replace(usd, id="6", at=9 * DAY),
        replace(usd, id="after the window", at=17 * DAY),
        replace(usd, id="of nobody exposed", user=UserKey(False, "ben")),
        replace(BOUGHT, id="7", currency="EUR"),
    )
    assert found["other_currencies"] == {"EUR": {"orders": 1}, "USD": {"orders": 2}}
    assert "count in no outcome; there were 1 in EUR, 2 in USD" in results_text(found)


def test_nothing_is_said_of_other_currencies_where_there_are_none(
    database: Database, writer: Writer, tmp_path: Path
) -> None:
    found = results(database, writer, tmp_path, replace(BOUGHT, id="1", currency="GBP"))
    assert found["other_currencies"] == {}
    assert "currencies" not in results_text(found)
