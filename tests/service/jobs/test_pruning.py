"""Promises of the pruning: it comes round by itself, lets others write between, and survives what fails."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from service.jobs.pruning import Pruner, prunable, prune, retention_of
from service.log import retention as retention_module
from service.log.append import DeadLetter, append_dead_letters
from service.log.database import Database
from service.log.retention import Retention
from service.log.tables import dead_letters
from service.log.writer import LogBusy, Writer
from service.metrics import Metrics
from service.settings import Settings

DAY = 86_400_000_000
NOW = 1_000 * DAY
A_MONTH = Retention(exposures_days=30, dead_letters_days=30)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """A file: which rows go is tested on both databases, and how the job goes about it is the same on both."""
    return f"sqlite:///{tmp_path / 'log.sqlite3'}"


def put_letters(connection: Connection, n: int) -> None:
    """So many dead letters, two months old, and a new one."""
    letters = [DeadLetter(received_at=NOW - 60 * DAY, origin="http", reason="no", payload="{}")] * n
    append_dead_letters(connection, [*letters, DeadLetter(received_at=NOW, origin="http", reason="no", payload="{}")])


def letters_left(database: Database) -> int:
    with database.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(dead_letters)).scalar_one())


def while_running(pruner: Pruner, until: Callable[[], bool]) -> None:
    """Runs the job until something has become true."""

    async def run() -> None:
        async with pruner.running():
            async with asyncio.timeout(30):
                while not until():  # noqa: ASYNC110  the job runs in a thread, and tells nobody
                    await asyncio.sleep(0.001)

    asyncio.run(run())


def test_pruning_does_what_a_dry_run_foresaw(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_module, "PIECE_ROWS", 2)
    writer.run(lambda connection: put_letters(connection, 5))
    foreseen = prunable(database.reader, A_MONTH, now=NOW)
    assert foreseen == {"exposures": 0, "dead_letters": 5}
    assert letters_left(database) == 6
    assert prune(writer, A_MONTH, now=NOW) == foreseen
    assert letters_left(database) == 1


def test_others_write_between_the_pieces(database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write that is asked for during a piece is committed before the piece after the next one."""
    monkeypatch.setattr(retention_module, "PIECE_ROWS", 1)
    writer.run(lambda connection: put_letters(connection, 4))
    left_then: list[int] = []

    def look(connection: Connection) -> None:
        left_then.append(int(connection.execute(select(func.count()).select_from(dead_letters)).scalar_one()))

    def pause(_seconds: float) -> bool:
        writer.run(look)
        return False

    prune(writer, A_MONTH, now=NOW, pause=pause)
    assert left_then == [4, 3, 2, 1]


def test_a_stop_ends_the_pruning_after_the_piece_at_hand(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_module, "PIECE_ROWS", 1)
    writer.run(lambda connection: put_letters(connection, 4))
    assert prune(writer, A_MONTH, now=NOW, pause=lambda _seconds: True)["dead_letters"] == 1
    assert letters_left(database) == 4


def test_the_service_prunes_soon_after_its_start_and_counts_what_went(database: Database, writer: Writer) -> None:
    writer.run(lambda connection: put_letters(connection, 3))
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    pruner = Pruner(writer, A_MONTH, now=lambda: NOW, metrics=metrics)
    while_running(pruner, lambda: (value("kembang_log_pruned_timestamp_seconds") or 0) > 0)
    assert letters_left(database) == 1
    assert value("kembang_log_pruned_rows_total", {"table": "dead_letters"}) == 3
    assert value("kembang_log_prune_failures_total") == 0


def test_it_comes_round_again(database: Database, writer: Writer) -> None:
    metrics = Metrics()
    looks: list[int] = []

    def now() -> int:
        looks.append(1)
        return NOW

    pruner = Pruner(writer, A_MONTH, now=now, metrics=metrics, every_seconds=0.001)
    while_running(pruner, lambda: len(looks) >= 3)


def test_a_failure_is_counted_and_tried_again(database: Database, writer: Writer) -> None:
    writer.run(lambda connection: put_letters(connection, 3))
    metrics = Metrics()
    tries: list[int] = []

    def now() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise LogBusy("the queue is full")
        return NOW

    pruner = Pruner(writer, A_MONTH, now=now, metrics=metrics, again_seconds=0.001)
    while_running(pruner, lambda: letters_left(database) == 1)
    assert metrics.registry.get_sample_value("kembang_log_prune_failures_total") == 1


def test_after_the_service_has_gone_nothing_prunes(database: Database, writer: Writer) -> None:
    pruner = Pruner(writer, A_MONTH, now=lambda: NOW, metrics=Metrics())
    while_running(pruner, lambda: True)
    assert "log-pruner" not in {thread.name for thread in threading.enumerate()}


def test_the_deployment_says_how_long_rows_are_kept() -> None:
    assert retention_of(Settings.from_environment({})) == Retention(exposures_days=None, dead_letters_days=90)
    said = {"KEMBANG_EXPOSURES_KEPT_DAYS": "400", "KEMBANG_DEAD_LETTERS_KEPT_DAYS": "7"}
    assert retention_of(Settings.from_environment(said)) == Retention(exposures_days=400, dead_letters_days=7)
