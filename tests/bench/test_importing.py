"""What an import costs against raw inserts of its rows."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.clock import machine_now
from service.jobs.importing.sheets import read_sheet
from service.jobs.storing import WriterEnd, stored_sheet
from service.log.database import open_for_writing
from service.log.import_pieces import EventPiece, Piece
from service.log.names import chunks
from service.log.tables import events
from service.log.writer import Writer

pytestmark = pytest.mark.bench

N_ROWS = 100_000


@pytest.fixture
def file_writer(tmp_path: Path) -> Iterator[Writer]:
    """The writer of a SQLite file that syncs every commit, as the service opens it."""
    database = open_for_writing(f"sqlite:///{tmp_path / 'log.sqlite3'}", erasure_salt=b"of the tests")
    assert database.writing is not None
    writer = Writer(database.writing, capacity=10_000, observe=lambda **_: None)
    yield writer
    writer.close()
    database.close()


class CountingEnd(WriterEnd):
    """The writer, and how many pieces of events it was given."""

    n_pieces: int = 0

    def store(self, import_id: int, piece: Piece) -> str:
        """What became of the rows."""
        type(self).n_pieces += isinstance(piece, EventPiece)
        return super().store(import_id, piece)


def test_an_import_keeps_half_the_rate_of_raw_inserts(
    file_writer: Writer, tmp_path: Path, note: Any, best_seconds: Callable[..., float]
) -> None:
    """From the file to the last commit, against the rows alone: same schema, sync settings and number of commits."""
    rng = np.random.default_rng(1)
    days = np.datetime64("2025-01-01T10:00:00") + rng.integers(0, 365, N_ROWS).astype("timedelta64[D]")
    sales = pd.DataFrame(
        {
            "Invoice": np.arange(N_ROWS) // 5,
            "SKU": rng.integers(0, 2_000, N_ROWS),
            "Title": "Green tea",
            "Qty": rng.integers(1, 9, N_ROWS),
            "Date": days.astype(str),
            "Price": rng.integers(100, 9_999, N_ROWS) / 100,
            "Customer": rng.integers(0, 5_000, N_ROWS),
            "Country": "France",
        }
    )
    file = tmp_path / "sales.csv"
    sales.to_csv(file, index=False)

    def imported() -> None:
        sheet = read_sheet(
            file,
            kind=None,
            mapping={},
            currency="GBP",
            timezone="UTC",
            now=machine_now(),
            on_progress=lambda _doing: None,
        )
        end = CountingEnd(file_writer, machine_now, is_alone=True)
        outcome = stored_sheet(end, sheet, file_name=file.name, on_progress=lambda _doing, _share: None)
        assert sum(outcome.account["stored"].values()) == N_ROWS

    seconds = best_seconds(imported, runs=1)
    with closing(empty_copy(tmp_path / "log.sqlite3", tmp_path / "raw.sqlite3")) as raw:
        columns = [column.name for column in events.c if column.name != "seq"]
        names = ", ".join(columns)
        in_file_order = "ORDER BY CAST(order_id AS INTEGER), seq"
        rows = raw.execute(f"SELECT {names} FROM imported.events {in_file_order}").fetchall()
        statement = f"INSERT INTO main.events ({names}) VALUES ({', '.join('?' * len(columns))})"

        def inserted() -> None:
            for chunk in chunks(rows, -(-N_ROWS // CountingEnd.n_pieces)):
                raw.execute("BEGIN IMMEDIATE")
                raw.executemany(statement, chunk)
                raw.execute("COMMIT")

        base_seconds = best_seconds(inserted, runs=1)
    ratio = note(
        "a row of a file imported into SQLite",
        "the same row inserted by sqlite3",
        seconds=seconds / N_ROWS,
        base_seconds=base_seconds / N_ROWS,
    )
    assert ratio < 2


def empty_copy(log: Path, copy: Path) -> sqlite3.Connection:
    """A connection to a new log that has everything of an imported one but the events, open as ours is."""
    open_for_writing(f"sqlite:///{copy}", erasure_salt=b"of the tests").close()
    raw = sqlite3.connect(copy, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
        raw.execute(f"PRAGMA {pragma}")
    raw.execute(f"ATTACH '{log}' AS imported")
    for table in ("imports", "users", "items"):
        raw.execute(f"INSERT INTO main.{table} SELECT * FROM imported.{table}")
    return raw
