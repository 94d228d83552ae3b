"""Promises of the tables: what every feed asks is answered by an index that holds nothing else."""

from typing import Any

from sqlalchemy import event

from recommender.events import Kind
from service.log.append import NewEvent, append_events
from service.log.database import Connection, Database
from service.log.history import user_history
from service.log.names import UserKey
from service.log.writer import Writer

ANNA = UserKey(False, "anna")


def shown_and_done(connection: Connection) -> object:
    """Forty people to each of whom ninety things were shown and who did ten."""
    acts = [
        NewEvent(
            id=f"{who}-{n}",
            kind=Kind.VIEW if n % 10 == 0 else Kind.IMPRESSION,
            user=ANNA if who == 0 else UserKey(False, f"u{who}"),
            item="tea",
            at=n,
        )
        for who in range(40)
        for n in range(100)
    ]
    return append_events(connection, acts, received_at=1_000)


def analysed(connection: Connection) -> None:
    connection.exec_driver_sql("ANALYZE events")


def test_a_users_acts_are_found_by_an_index_without_the_impressions(database: Database, writer: Writer) -> None:
    writer.run(shown_and_done)
    writer.run(analysed)
    asked: list[tuple[str, Any]] = []

    @event.listens_for(database.reader, "before_cursor_execute")
    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM events" in statement:
            asked.append((statement, parameters))

    known = user_history(database.reader, ANNA)
    assert known is not None
    assert len(known.item_ids) == 10
    ((statement, parameters),) = asked
    with database.reader.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        explain = f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}"
        plan = str(connection.exec_driver_sql(explain, parameters).all())
        held = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'ix_events_user_id_at'"
            if is_sqlite
            else "SELECT pg_get_indexdef('ix_events_user_id_at'::regclass)"
        ).scalar_one()
    assert "ix_events_user_id_at" in plan
    assert "kind <> 1" in held
