"""Promises of the training job: what has happened counts, and a model says which log it is of."""

from pathlib import Path
from typing import Any

import pytest

from recommender.artifact import read_manifest
from recommender.training import NothingToTrain
from service.jobs.training import Trained, has_live_model, log_until_seconds, train_and_publish
from service.log.database import Database
from service.log.home import LOG_ID, SIMULATED, SIMULATED_CLOCK, ensure_log_id, log_id, record_home_fact
from service.log.writer import Writer

SECOND = 1_000_000
NOW = 1_000_000 * SECOND
LATER = 9_000_000
"""Seconds; three months after now."""


def trained(database: Database, models: Path, *, now: int = NOW) -> Trained:
    models.mkdir(exist_ok=True)
    return train_and_publish(
        database.reader, models, seed=1, on_progress=lambda _doing, _share: None, clock=lambda: now
    )


def test_a_window_ends_with_the_second_after_the_last_event(database: Database, happen: Any) -> None:
    happen([5, 70, 69])
    assert log_until_seconds(database.reader, now=NOW) == 71


def test_what_is_dated_after_now_has_not_happened_yet(database: Database, happen: Any, tmp_path: Path) -> None:
    happen([*range(500_000, 500_024), LATER])
    assert log_until_seconds(database.reader, now=NOW) == 1_000_001
    done = trained(database, tmp_path / "models")
    assert (done.events, done.trained_until) == (24, "1970-01-12T13:46:41Z")  # 1,000,001 s are 11 d 13 h 46 min 41 s


@pytest.mark.parametrize("fact", [SIMULATED, SIMULATED_CLOCK])
def test_a_simulated_shop_lives_ahead_of_the_clock(database: Database, writer: Writer, happen: Any, fact: str) -> None:
    happen([500_000, LATER])
    writer.run(lambda c: record_home_fact(c, fact, True))
    assert log_until_seconds(database.reader, now=NOW) == LATER + 1


def test_a_log_of_nothing_but_the_future_has_nothing_to_train_on(
    database: Database, happen: Any, tmp_path: Path
) -> None:
    happen([LATER, LATER + 1])
    with pytest.raises(NothingToTrain):
        trained(database, tmp_path / "models")


def test_a_model_says_which_log_it_was_trained_on_and_when(database: Database, happen: Any, tmp_path: Path) -> None:
    happen(range(24))
    models = tmp_path / "models"
    assert not has_live_model(models, of_log=log_id(database.reader))
    version = trained(database, models).version
    manifest = read_manifest(models / version)
    assert (manifest[LOG_ID], manifest["trained_at_seconds"]) == (log_id(database.reader), 1_000_000.0)
    assert has_live_model(models, of_log=log_id(database.reader))
    assert not has_live_model(models, of_log="another")
    (models / version / "manifest.json").unlink()
    assert not has_live_model(models, of_log=log_id(database.reader))


def test_equal_rows_in_another_log_make_a_version_of_its_own(
    database: Database, writer: Writer, happen: Any, tmp_path: Path
) -> None:
    """A shop that begins again with the same file must not be left with the old log's model."""
    happen(range(24))
    models = tmp_path / "models"
    first = trained(database, models).version
    assert trained(database, models).version == first
    writer.run(lambda c: c.exec_driver_sql("DELETE FROM home"))
    writer.run(ensure_log_id)
    second = trained(database, models).version
    assert second != first
    assert has_live_model(models, of_log=log_id(database.reader))
