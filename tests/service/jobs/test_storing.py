"""Promises of storing a file that has been read: the same account on either database, and whatever was there before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from service.clock import machine_now
from service.jobs.importing.reading import Sheet
from service.jobs.importing.sheets import read_sheet
from service.jobs.storing import WriterEnd, foreseen_sheet, stored_sheet
from service.log.database import Database, open_for_writing
from service.log.tables import events
from service.log.writer import Writer

TEA = "1001,tea,Green tea,2,2026-03-02 10:00,2.50,anna,Indonesia"
CUP = "1002,cup,Cup,1,2026-03-03 10:00,4.00,anna,Indonesia"
NEW = "1003,cup,Cup,1,2026-03-04 10:00,4.00,ben,France"
BAD = "1004,cup,Cup,many,2026-03-05 10:00,4.00,ben,France"


def adds_up(account: dict[str, Any]) -> bool:
    sorted_ = sum(account["stored"].values()) + account["duplicates"] + sum(account["refused"].values())
    return bool(sorted_ == account["rows_read"])


def read(file: Path) -> Sheet:
    return read_sheet(
        file,
        kind=None,
        mapping={},
        currency="GBP",
        timezone="UTC",
        now=machine_now(),
        on_progress=lambda _doing: None,
    )


def store(writer: Writer, sheet: Sheet, *, now: int = 1) -> dict[str, Any]:
    end = WriterEnd(writer, lambda: now, is_alone=False)
    return stored_sheet(end, sheet, file_name="sales.csv", on_progress=lambda _doing, _share: None).account


def count(database: Database, table: Any) -> int:
    with database.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_both_kinds_of_database_give_the_same_account(database: Database, writer: Writer, write_sales: Any) -> None:
    sheet = read(write_sales())
    foreseen = foreseen_sheet(database.reader, sheet, on_progress=lambda _doing, _share: None).account
    first = store(writer, sheet)
    assert {**foreseen, "import_id": first["import_id"]} == first
    assert first["stored"] == {"purchase": 4, "refund": 1, "free": 1, "anonymous": 1}
    second = store(writer, sheet, now=2)
    assert (sum(second["stored"].values()), second["duplicates"], count(database, events)) == (0, 7, 7)
    assert first["stored_money"] == first["money"] == second["money"]
    assert second["stored_money"] == {}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.sampled_from([TEA, CUP, NEW, BAD]), min_size=1, max_size=12),
    seen=st.integers(0, 12),
)
def test_whatever_part_of_a_file_was_imported_before_the_whole_adds_up(
    tmp_path_factory: pytest.TempPathFactory, write_sales: Callable[..., Path], rows: list[str], seen: int
) -> None:
    database = open_for_writing(
        f"sqlite:///{tmp_path_factory.mktemp('log') / 'log.sqlite3'}", erasure_salt=b"of the tests"
    )
    assert database.writing is not None
    writer = Writer(database.writing, capacity=10, observe=lambda **_: None)
    accounts = [store(writer, read(write_sales(part))) for part in (rows[:seen], rows) if part]
    assert all(adds_up(account) for account in accounts)
    assert accounts[-1]["duplicates"] == (sum(row != BAD for row in rows[:seen]))
    assert count(database, events) == sum(row != BAD for row in rows)
    writer.close()
    database.close()
