"""Promises of opening the log."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.log.database import (
    Database,
    LogLocked,
    SchemaOutdated,
    lock_holder,
    open_for_reading,
    open_for_writing,
    sqlite_warning,
    writer_lock,
)
from service.log.tables import metadata
from service.settings import Settings


def test_the_migrations_make_exactly_the_tables_the_code_speaks_of(database: Database) -> None:
    with database.reader.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_opening_a_log_again_changes_nothing(database: Database, database_url: str) -> None:
    again = open_for_writing(database_url, erasure_salt=b"of the tests")
    again.close()
    with database.reader.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_writing_connection_of_sqlite_syncs_every_commit_and_writes_ahead(tmp_path: Path) -> None:
    opened = open_for_writing(f"sqlite:///{tmp_path / 'log.sqlite3'}", erasure_salt=b"of the tests")
    assert opened.writing is not None
    with opened.writing.connect() as connection:
        said = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")}
    opened.close()
    assert said == {"synchronous": 2, "journal_mode": "wal"}  # 2 is FULL


def test_a_reader_of_sqlite_cannot_write(tmp_path: Path) -> None:
    opened = open_for_writing(f"sqlite:///{tmp_path / 'log.sqlite3'}", erasure_salt=b"of the tests")
    with opened.reader.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("INSERT INTO home VALUES ('a', 'b')")
    opened.close()


def test_reading_where_no_log_is_says_what_to_do_first(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="import a sales file or start the service"):
        open_for_reading(f"sqlite:///{tmp_path / 'none.sqlite3'}")
    assert list(tmp_path.iterdir()) == []


def test_a_log_of_another_schema_is_not_read_with_this_code(tmp_path: Path) -> None:
    file = tmp_path / "log.sqlite3"
    open_for_writing(f"sqlite:///{file}", erasure_salt=b"of the tests").close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    with pytest.raises(SchemaOutdated, match="schema 0000"):
        open_for_reading(f"sqlite:///{file}")


def test_only_one_process_at_a_time_may_write_a_file_whatever_its_home(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    with (
        writer_lock(url, served_at="http://127.0.0.1:8000"),
        pytest.raises(LogLocked, match=r"127\.0\.0\.1:8000"),
        writer_lock(url),
    ):
        pass
    with writer_lock(url):
        pass


def test_whoever_asks_is_told_who_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    assert lock_holder(url) is None
    with writer_lock(url, served_at="http://127.0.0.1:8000"):
        holder = lock_holder(url)
        assert holder is not None
        assert holder.url == "http://127.0.0.1:8000"
    assert lock_holder(url) is None


@pytest.mark.parametrize("folder", ["a#b", "a?b", "a%41b", "a b"])
def test_a_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    settings = Settings.from_environment({"KEMBANG_HOME": str(tmp_path / folder)})
    opened = open_for_writing(settings.database_url, erasure_salt=b"of the tests")
    opened.check()
    opened.close()
    assert (tmp_path / folder / "kembang.sqlite3").exists()


def test_replicas_that_start_at_once_make_the_tables_once(postgres_url: str) -> None:
    start = threading.Barrier(4)

    def opened(_: int) -> Database:
        start.wait()
        return open_for_writing(postgres_url, erasure_salt=b"of the tests")

    with ThreadPoolExecutor(4) as replicas:
        for database in replicas.map(opened, range(4)):
            database.close()
    open_for_reading(postgres_url).close()


def test_a_log_written_by_a_newer_version_is_neither_read_nor_written(database: Database, database_url: str) -> None:
    assert database.writing is not None
    with database.writing.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for opening in (open_for_reading, partial(open_for_writing, erasure_salt=b"of the tests")):
        with pytest.raises(SchemaOutdated, match="schema 9999, which this version does not know"):
            opening(database_url)


def test_an_empty_database_is_no_log_yet(postgres_url: str) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no log at postgresql.* yet: import a sales file or start the service"
    ):
        open_for_reading(postgres_url)


@pytest.mark.parametrize(("version", "warned"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)])
def test_a_sqlite_with_the_fault_in_its_write_ahead_log_is_named(
    version: tuple[int, int, int], warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert (sqlite_warning("sqlite:///log.sqlite3") is not None) is warned
    assert sqlite_warning("postgresql+psycopg://shop@db/kembang") is None
