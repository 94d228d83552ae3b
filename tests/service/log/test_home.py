"""Promises of what a log says of itself."""

from pathlib import Path

import pytest

from recommender.events import Kind
from service.log.append import NewEvent, append_events
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Connection, Database, open_for_writing
from service.log.groups import Write
from service.log.home import SIMULATED, ensure_log_id, holds_rows, home_fact, log_id, record_home_fact
from service.log.names import UserKey
from service.log.writer import Writer


def an_event(connection: Connection) -> object:
    one = NewEvent(id="e", kind=Kind.VIEW, user=UserKey(False, "anna"), item="tea", at=1)
    return append_events(connection, [one], received_at=2)


def an_item(connection: Connection) -> None:
    put_items(connection, [CatalogueItem(external_id="tea", kind="product", title="Tea")], now=1)


def test_a_fact_is_recorded_once_and_stays(database: Database, writer: Writer) -> None:
    assert home_fact(database.reader, SIMULATED) is None
    writer.run(lambda c: record_home_fact(c, SIMULATED, {"currency": "IDR", "parameters": {"seed": 1}}))
    writer.run(lambda c: record_home_fact(c, SIMULATED, {"currency": "EUR"}))
    assert home_fact(database.reader, SIMULATED) == {"currency": "IDR", "parameters": {"seed": 1}}
    assert home_fact(database.reader, "another") is None


@pytest.mark.parametrize("write", [an_event, an_item])
def test_a_log_with_an_event_or_an_item_is_somebodys_shop(
    database: Database, writer: Writer, write: Write[object]
) -> None:
    assert not holds_rows(database.reader)
    writer.run(write)
    assert holds_rows(database.reader)


def test_a_log_is_given_one_id_and_keeps_it(database: Database, writer: Writer) -> None:
    with pytest.raises(LookupError, match="no id yet: import a sales file or start the service"):
        log_id(database.reader)
    writer.run(ensure_log_id)
    given = log_id(database.reader)
    writer.run(ensure_log_id)
    assert log_id(database.reader) == given


def test_no_two_logs_have_the_same_id(tmp_path: Path) -> None:
    given = set()
    for name in ("one", "two"):
        opened = open_for_writing(f"sqlite:///{tmp_path / name}", erasure_salt=b"of the tests")
        assert opened.writing is not None
        with opened.writing.begin() as connection:
            ensure_log_id(connection)
        given.add(log_id(opened.reader))
        opened.close()
    assert len(given) == 2
