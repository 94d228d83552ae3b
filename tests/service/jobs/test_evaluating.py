"""Promises of the evaluation job: the last fifth of what has happened is the test, whatever dates slipped in."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from recommender.training import NothingToTrain
from service.jobs.evaluating import evaluated
from service.log.database import Database

NOW = 1_000_000_000_000


def split_of(database: Database, *, at: int | None = None, now: int = NOW) -> int:
    scores = evaluated(
        database.reader, split_at_seconds=at, seed=1, on_progress=lambda _doing, _share: None, clock=lambda: now
    )
    split = datetime.fromisoformat(scores["split_at"])
    assert split.tzinfo is not None
    return int(split.astimezone(UTC).timestamp())


def test_four_fifths_of_the_events_are_before_the_split(database: Database, happen: Any) -> None:
    happen(range(100, 151))
    assert split_of(database) == 140  # of 51 events 40 are earlier


@pytest.mark.parametrize("slip", [0, 999_999, 900_000_000])
def test_one_mistyped_date_does_not_move_the_split(database: Database, happen: Any, slip: int) -> None:
    """Years before all others, hours after them, or decades after now: it counts as one event of 51, or as none."""
    happen([*range(500_000, 500_050), slip])
    assert split_of(database) in (500_039, 500_040)


def test_where_most_happened_in_one_second_the_split_is_after_it(database: Database, happen: Any) -> None:
    happen([100] * 30 + [200, 300])
    assert split_of(database) == 101


@pytest.mark.parametrize("times", [[100] * 30, [2_000_000, 3_000_000]])
def test_a_log_that_cannot_be_split_says_so(database: Database, happen: Any, times: Sequence[int]) -> None:
    happen(times)
    with pytest.raises(NothingToTrain):
        split_of(database)


def test_a_split_that_was_named_is_kept(database: Database, happen: Any) -> None:
    happen(range(100, 151))
    assert split_of(database, at=120) == 120
