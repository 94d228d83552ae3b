"""Promises of valuing: the log at one moment, equal twice, with projections where a history carries them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from customers.snapshots import load, version_as_of
from customers.valuation import LIMITS, SPREADS
from recommender.events import Kind
from service.clock import microseconds
from service.jobs.valuing import Valued, value_and_publish
from service.log.append import NewEvent, append_events
from service.log.database import Database
from service.log.erasure import erase
from service.log.home import ensure_log_id
from service.log.names import UserKey
from service.log.writer import Writer

DAY = 86_400_000_000
START = microseconds(datetime(2026, 1, 5, tzinfo=UTC))
WEEKS = 40


@pytest.fixture
def shop(database: Database, writer: Writer) -> Database:
    """60 customers who come back at random, each at a rate of her own, until she leaves; amounts differ."""
    rng = np.random.default_rng(4)
    acts = []
    for who in range(60):
        day, pace, leaves = float(rng.integers(0, 60)), rng.gamma(2, 0.02), rng.integers(60, 400)
        while day < min(WEEKS * 7, leaves):
            acts.append(
                NewEvent(
                    id=f"{who}-{len(acts)}",
                    kind=Kind.PURCHASE,
                    user=UserKey(False, f"c{who}"),
                    item="tea",
                    at=START + int(day) * DAY,
                    amount_minor=int(rng.integers(100, 900)),
                    currency="GBP",
                )
            )
            day += 1 + rng.exponential(1 / pace)
    writer.run(ensure_log_id)
    writer.run(lambda connection: append_events(connection, acts, received_at=START + 400 * DAY))
    return database


def published(database: Database, folder: Path, *, weeks: int = WEEKS) -> Valued:
    return value_and_publish(
        database.reader,
        folder,
        currency="GBP",
        timezone="UTC",
        margin_rate=None,
        until=START + weeks * 7 * DAY,
        seed=1,
        on_progress=lambda *_: None,
    )


def test_every_customer_is_valued_with_intervals_that_hold_each_other(shop: Database, tmp_path: Path) -> None:
    made = published(shop, tmp_path)
    kept = load(tmp_path / made.version)
    assert (made.customers, len(kept), made.users) == (60, 60, 60)
    assert made.model == kept.about["model"] is not None
    for name in SPREADS:
        limits = np.stack([kept.columns[f"{name}_{limit}"] for limit in LIMITS])
        known = np.isfinite(limits).all(axis=0)
        assert (np.diff(limits[:, known], axis=0) >= 0).all()
    for name in ("alive", "chance"):
        assert ((kept.columns[name] >= 0) & (kept.columns[name] <= 1)).all()


def test_equal_logs_and_seeds_give_equal_values(shop: Database, tmp_path: Path) -> None:
    assert published(shop, tmp_path / "one").version == published(shop, tmp_path / "other").version


def test_the_state_before_an_exposure_knows_nothing_of_what_came_after(shop: Database, tmp_path: Path) -> None:
    early, late = published(shop, tmp_path, weeks=20), published(shop, tmp_path)
    exposed = (START + 25 * 7 * DAY) / 1e6
    version = version_as_of(tmp_path, seconds=exposed)
    assert version == early.version != late.version
    assert load(tmp_path / early.version).columns["last_day"].max() < START // DAY + 140


def test_a_snapshot_knows_nothing_after_the_second_that_it_is_asked_by(shop: Database, tmp_path: Path) -> None:
    """Half a second later than a full second, it knows of that half: it belongs to the next second."""
    until = START + 20 * 7 * DAY + 500_000
    made = value_and_publish(
        shop.reader,
        tmp_path,
        currency="GBP",
        timezone="UTC",
        margin_rate=None,
        until=until,
        seed=1,
        on_progress=lambda *_: None,
    )
    assert version_as_of(tmp_path, seconds=until / 1e6 - 0.25) is None
    assert version_as_of(tmp_path, seconds=until / 1e6 + 0.5) == made.version


def test_who_is_forgotten_while_values_are_made_is_not_in_them(shop: Database, writer: Writer, tmp_path: Path) -> None:
    """She goes between the reading of the log and the publishing."""

    def on_progress(doing: str, _share: float) -> None:
        if doing == "publishing":
            writer.run(lambda connection: erase(connection, UserKey(False, "c7"), now=START))

    made = value_and_publish(
        shop.reader,
        tmp_path,
        currency="GBP",
        timezone="UTC",
        margin_rate=None,
        until=START + WEEKS * 7 * DAY,
        seed=1,
        on_progress=on_progress,
    )
    assert len(load(tmp_path / made.version)) == made.customers - 1 == 59
