"""Promises of upgrades: all or nothing, no row lost, and no version works on a schema it can't work with."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select

from service.log import schema as schema_module
from service.log.database import (
    LogInUse,
    LogLocked,
    is_sqlite,
    open_for_reading,
    open_for_writing,
    upgrade_log,
    writer_lock,
)
from service.log.schema import Schema, SchemaOutdated
from service.log.tables import events, exposures, items, metadata, users

SALT = b"of the tests"
STEPS = Path(schema_module.__file__).parent / "migrations"


def steps_up_to(folder: Path, last: str) -> Schema:
    """What the version of that schema works with: its own steps and no later ones."""
    shutil.copytree(STEPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for step in (folder / "versions").glob("[0-9]*.py"):
        if step.name[:4] > last:
            step.unlink()
    return Schema(folder)


def steps_with_another(folder: Path, *, body: str, keeps_serving: bool) -> Schema:
    """What the next version works with: our steps and one more."""
    made = steps_up_to(folder, "9999")
    step = f"""
from alembic import op
revision = "9001"
down_revision = "{Schema().head}"
KEEPS_SERVING = {keeps_serving}


def upgrade():
    op.execute("CREATE TABLE of_the_next_version (id INTEGER)")
    {body}
"""
    (folder / "versions" / "9001_next.py").write_text(step)
    return made


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection that is no version's, and holds nothing."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def put_rows_of_the_first_schema(connection: Connection) -> None:
    """A user, an item, an event and an exposure, with the columns that there were then."""
    connection.execute(
        insert(users).values(id=1, is_visitor=False, external_id="anna", attributes={"country": "ID"}, created_at=1)
    )
    connection.execute(
        insert(items).values(
            id=1,
            external_id="tea",
            kind="product",
            known_from="catalogue",
            title="Tea",
            categories=["drinks"],
            tags=[],
            available=True,
            is_service=False,
            published_at=1,
            attributes={},
            updated_at=1,
            change=1,
        )
    )
    for seq, kind in ((1, 10), (2, 1)):
        connection.execute(
            insert(events).values(
                seq=seq,
                id=f"e{seq}",
                payload_hash=b"0" * 16,
                kind=kind,
                user_id=1,
                item_id=1,
                at=5,
                received_at=6,
                amount_minor=250,
                currency="GBP",
            )
        )
    connection.execute(
        insert(exposures).values(
            seq=1,
            feed_id="f1",
            first_feed_id="f1",
            user_id=1,
            at=7,
            surface="feed",
            items=[[1, "personal", 0.5]],
            arms={},
            is_preview=False,
        )
    )


def rows(connection: Connection, *tables: sqlalchemy.Table) -> list[list[Any]]:
    """All rows of the tables, by the columns that every schema has."""
    later = {"merged_into", "is_erasing", "undone_at", "cost_minor", "fee_minor"}
    return [
        [tuple(row) for row in connection.execute(select(*(c for c in table.c if c.name not in later)))]
        for table in tables
    ]


def test_a_log_of_the_first_schema_keeps_its_rows_and_gets_the_tables_of_ours(
    database_url: str, tmp_path: Path
) -> None:
    open_for_writing(database_url, erasure_salt=SALT, schema=steps_up_to(tmp_path / "first", "0001")).close()
    with connected(database_url) as connection:
        put_rows_of_the_first_schema(connection)
        before = rows(connection, users, items, events, exposures)
    assert [len(found) for found in before] == [1, 1, 2, 1]
    upgrade = upgrade_log(database_url)
    assert upgrade == ("0001", Schema().head, True)
    with connected(database_url) as connection:
        assert rows(connection, users, items, events, exposures) == before
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert upgrade_log(database_url) == (Schema().head, Schema().head, True)


def test_a_service_upgrades_by_itself_where_the_version_before_goes_on_working(
    database_url: str, tmp_path: Path
) -> None:
    first = steps_up_to(tmp_path / "first", "0001")
    before = open_for_writing(database_url, erasure_salt=SALT, schema=first)
    if is_sqlite(database_url):
        before.close()  # one process serves a file, so the version before is gone when ours starts
    open_for_writing(database_url, erasure_salt=SALT).close()
    open_for_reading(database_url).close()
    before.close()


def test_an_upgrade_that_fails_leaves_the_log_as_it_was(database_url: str, tmp_path: Path) -> None:
    open_for_writing(database_url, erasure_salt=SALT).close()
    with connected(database_url) as connection:
        put_rows_of_the_first_schema(connection)
        before = rows(connection, users, items, events, exposures)
    failing = steps_with_another(tmp_path / "next", body="raise RuntimeError('half way')", keeps_serving=True)
    with pytest.raises(RuntimeError, match="half way"):
        open_for_writing(database_url, erasure_salt=SALT, schema=failing)
    with connected(database_url) as connection:
        assert Schema().found(connection) == Schema().head
        assert not sqlalchemy.inspect(connection).has_table("of_the_next_version")
        assert rows(connection, users, items, events, exposures) == before
    open_for_writing(database_url, erasure_salt=SALT).close()


def test_a_version_goes_on_with_a_newer_log_whose_steps_keep_serving(database_url: str, tmp_path: Path) -> None:
    newer = steps_with_another(tmp_path / "next", body="pass", keeps_serving=True)
    open_for_writing(database_url, erasure_salt=SALT, schema=newer).close()
    open_for_reading(database_url).close()
    ours = open_for_writing(database_url, erasure_salt=SALT)
    ours.check()
    ours.close()
    with connected(database_url) as connection:
        assert newer.found(connection) == "9001", "a version never takes a log back"


def test_a_version_refuses_a_newer_log_that_it_cannot_work_with(database_url: str, tmp_path: Path) -> None:
    newer = steps_with_another(tmp_path / "next", body="pass", keeps_serving=False)
    open_for_writing(database_url, erasure_salt=SALT, schema=newer).close()
    for opening in (
        lambda: open_for_reading(database_url),
        lambda: open_for_writing(database_url, erasure_salt=SALT),
        lambda: upgrade_log(database_url),
    ):
        with pytest.raises(SchemaOutdated, match="schema 9001, which this version does not know"):
            opening()


def test_who_may_go_on_is_asked_of_the_schema_that_the_log_has(database_url: str) -> None:
    """Somebody else's step says nothing of us, whatever the last upgrade of ours recorded."""
    open_for_writing(database_url, erasure_salt=SALT).close()
    with connected(database_url) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaOutdated, match="does not know"):
        open_for_reading(database_url)


def test_a_step_that_breaks_older_versions_waits_for_the_command_where_there_may_be_several(
    postgres_url: str, tmp_path: Path
) -> None:
    ours = open_for_writing(postgres_url, erasure_salt=SALT)
    next_version = steps_with_another(tmp_path / "next", body="pass", keeps_serving=False)
    with pytest.raises(SchemaOutdated, match="stop them all, then run `kembang database upgrade`"):
        open_for_writing(postgres_url, erasure_salt=SALT, schema=next_version)
    ours.check()
    with pytest.raises(LogInUse, match="stop them all"):
        upgrade_log(postgres_url, schema=next_version)
    ours.close()
    assert upgrade_log(postgres_url, schema=next_version) == (Schema().head, "9001", False)
    open_for_writing(postgres_url, erasure_salt=SALT, schema=next_version).close()


def test_a_file_is_upgraded_whatever_the_steps_for_nobody_else_serves_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    open_for_writing(url, erasure_salt=SALT).close()
    next_version = steps_with_another(tmp_path / "next", body="pass", keeps_serving=False)
    open_for_writing(url, erasure_salt=SALT, schema=next_version).close()
    with connected(url) as connection:
        assert next_version.found(connection) == "9001"


def test_a_file_that_is_being_written_is_not_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    open_for_writing(url, erasure_salt=SALT).close()
    with writer_lock(url, served_at="http://127.0.0.1:8000"), pytest.raises(LogLocked, match="8000"):
        upgrade_log(url)


def test_where_no_log_is_an_upgrade_makes_none(tmp_path: Path, postgres_url: str) -> None:
    for url in (f"sqlite:///{tmp_path / 'none.sqlite3'}", postgres_url):
        with pytest.raises(FileNotFoundError, match="there is no log"):
            upgrade_log(url)
    assert list(tmp_path.iterdir()) == []


def test_every_step_says_whether_it_keeps_serving() -> None:
    for step in STEPS.glob("versions/[0-9]*.py"):
        assert "\nKEEPS_SERVING = " in step.read_text(encoding="utf-8"), step.name
