"""What the log costs: an import against merely reading its file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.clock import machine_now
from service.jobs.importing.sheets import read_sheet
from service.jobs.sales import stored_sales
from service.log.database import open_for_writing
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


def test_an_import_costs_a_bounded_multiple_of_reading_its_file(
    file_writer: Writer, tmp_path: Path, note: Any, best_seconds: Callable[..., float]
) -> None:
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
        }
    )
    file = tmp_path / "sales.csv"
    sales.to_csv(file, index=False)

    def imported() -> None:
        read = read_sheet(
            file,
            kind=None,
            mapping={},
            currency="GBP",
            timezone="UTC",
            now=machine_now(),
            on_progress=lambda _doing: None,
        )
        account = file_writer.run(
            lambda c: stored_sales(c, read, file_name="sales.csv", now=1, on_progress=lambda _doing, _share: None)
        )
        assert sum(account["stored"].values()) == N_ROWS

    ratio = note(
        "a row of a file imported into SQLite",
        "a row of it read by pandas.read_csv",
        seconds=best_seconds(imported, runs=1) / N_ROWS,
        base_seconds=best_seconds(lambda: pd.read_csv(file)) / N_ROWS,
    )
    assert ratio < 1_000
