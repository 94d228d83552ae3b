"""Promises of taking an import out again: everything that only it brought, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from recommender.events import Kind
from service.jobs.importing.sheets import read_sheet
from service.jobs.storing import WriterEnd, stored_sheet
from service.jobs.undoing import undone_import
from service.log.append import NewEvent, append_events
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Database
from service.log.imports import ImportClosed, ImportUnknown, all_imports, begin_import, close_import, remove_events
from service.log.names import UserKey
from service.log.tables import dead_letters, events, items, users
from service.log.writer import Writer

NOW = 1_800_000_000_000_000
HEADINGS = "Invoice,SKU,Title,Qty,Date,Price,Customer,Country"
TEA = "1001,tea,Green tea,2,2026-03-02 10:00,2.50,anna,Indonesia"
CUP = "1002,cup,Cup,1,2026-03-03 10:00,4.00,ben,France"
POT = "1003,pot,Pot,1,2026-03-04 10:00,9.00,cleo,France"
BAD = "1004,pot,Pot,many,2026-03-05 10:00,9.00,cleo,France"


@pytest.fixture
def imported(writer: Writer, tmp_path: Path) -> Any:
    """Imports lines; the import's number."""

    def lines(*rows: str) -> int:
        file = tmp_path / "sales.csv"
        file.write_text("\n".join((HEADINGS, *rows)) + "\n")
        sheet = read_sheet(
            file, kind=None, mapping={}, currency="GBP", timezone="UTC", now=NOW, on_progress=lambda _doing: None
        )
        end = WriterEnd(writer, lambda: NOW, is_alone=False)
        outcome = stored_sheet(end, sheet, file_name=file.name, on_progress=lambda _doing, _share: None)
        return int(outcome.account["import_id"])

    return lines


def undo(database: Database, writer: Writer, import_id: int) -> dict[str, int]:
    removed: dict[str, int] = undone_import(
        database.reader, writer, import_id, now=lambda: NOW, on_progress=lambda _doing, _share: None
    )["removed"]
    return removed


def known_items(database: Database) -> dict[str, tuple[str, bool]]:
    with database.reader.connect() as connection:
        rows = connection.execute(select(items.c.external_id, items.c.known_from, items.c.title, items.c.available))
        assert all((title is not None) == (known_from != "events") for _, known_from, title, _ in rows.all())
        rows = connection.execute(select(items.c.external_id, items.c.known_from, items.c.available))
        return {external_id: (known_from, available) for external_id, known_from, available in rows}


def countries(database: Database) -> dict[str, Any]:
    with database.reader.connect() as connection:
        rows = connection.execute(select(users.c.external_id, users.c.attributes))
        return {external_id: attributes for external_id, attributes in rows}  # noqa: C416  a Row is no pair to mypy


def count(database: Database, table: Any) -> int:
    with database.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_what_only_this_import_brought_goes_and_the_rest_stays(
    database: Database, writer: Writer, imported: Any
) -> None:
    imported(TEA)
    wrong = imported(TEA, CUP, POT, BAD)
    removed = undo(database, writer, wrong)
    assert removed == {"events": 2, "expenses": 0, "dead_letters": 1, "items": 2, "users": 2}
    assert (count(database, events), count(database, dead_letters)) == (1, 0)
    assert known_items(database) == {"tea": ("sales", True), "cup": ("events", False), "pot": ("events", False)}
    assert countries(database) == {"anna": {"country": "Indonesia"}, "ben": {}, "cleo": {}}
    (first, second) = _all_imports(database)
    assert (first.undone_at, second.undone_at) == (None, NOW)


def test_an_item_that_a_later_import_sold_stays_known(database: Database, writer: Writer, imported: Any) -> None:
    wrong = imported(CUP)
    imported("1009,cup,Cup,3,2026-03-09 10:00,4.00,ben,France")
    assert undo(database, writer, wrong)["items"] == 0
    assert known_items(database) == {"cup": ("sales", True)}
    assert countries(database) == {"ben": {"country": "France"}}


def test_what_the_catalogue_and_events_say_is_left_alone(database: Database, writer: Writer, imported: Any) -> None:
    wrong = imported(TEA, CUP)
    writer.run(lambda c: put_items(c, [CatalogueItem(external_id="tea", kind="product", title="Sencha")], now=NOW))
    looked = NewEvent(id="looked", kind=Kind.IMPRESSION, user=UserKey(False, "ben"), item="cup", at=NOW)
    writer.run(lambda c: append_events(c, [looked], received_at=NOW))
    assert undo(database, writer, wrong) == {"events": 2, "expenses": 0, "dead_letters": 0, "items": 1, "users": 1}
    assert known_items(database) == {"tea": ("catalogue", True), "cup": ("events", False)}
    # Ben was seen by somebody else than the import, anna was not.
    assert countries(database) == {"anna": {}, "ben": {"country": "France"}}


def test_what_the_shop_itself_said_of_a_customer_stays(database: Database, writer: Writer, imported: Any) -> None:
    wrong = imported(TEA)
    said = {"country": "Indonesia", "language": "id"}
    writer.run(lambda c: c.execute(update(users).values(attributes=said)))
    assert undo(database, writer, wrong)["users"] == 0
    assert countries(database) == {"anna": said}


def test_undoing_twice_or_after_a_cut_off_undo_ends_alike(database: Database, writer: Writer, imported: Any) -> None:
    wrong = imported(TEA, CUP)
    seqs = writer.run(lambda c: close_import(c, wrong, now=NOW)).seqs
    writer.run(lambda c: remove_events(c, wrong, seqs[:1]))
    assert undo(database, writer, wrong)["events"] == 1
    assert set(undo(database, writer, wrong).values()) == {0}
    assert count(database, events) == 0


def test_an_import_that_was_cut_off_can_be_undone_and_takes_no_more_rows(database: Database, writer: Writer) -> None:
    cut_off = writer.run(lambda c: begin_import(c, file_name="sales.csv", kind="sales", now=NOW))
    assert set(undo(database, writer, cut_off).values()) == {0}
    assert _all_imports(database)[0].became == "undone"


def test_a_catalogue_can_t_be_taken_out_for_what_it_overwrote_is_gone(database: Database, writer: Writer) -> None:
    described = writer.run(lambda c: begin_import(c, file_name="items.csv", kind="items", now=NOW))
    with pytest.raises(ImportClosed, match="described items"):
        undo(database, writer, described)
    with pytest.raises(ImportUnknown, match="no import 99"):
        undo(database, writer, 99)


def _all_imports(database: Database) -> list[Any]:
    with database.reader.connect() as connection:
        return list(all_imports(connection))
