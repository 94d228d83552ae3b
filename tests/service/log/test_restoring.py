"""Promises of a restore: the backup's rows, nobody back who was erased since, and the log of before never lost."""

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy
from sqlalchemy import select
from sqlalchemy.schema import DropSchema

from service.log.append import FORGOTTEN, DeadLetter, NewEvent, append_dead_letters, append_events
from service.log.backup import back_up
from service.log.database import (
    Connection,
    LogInUse,
    LogLocked,
    is_sqlite,
    open_for_reading,
    open_for_writing,
    sqlite_file,
    writer_lock,
)
from service.log.erasure import erase
from service.log.home import LOG_ID, SECRET_FINGERPRINT, ensure_log_id, fact_in, record_home_fact
from service.log.names import UserKey
from service.log.restoring import Keys, Restored, RestoreRefused, restore
from service.log.schema import Schema
from service.log.suppressions import suppressed
from service.log.tables import dead_letters, events, suppressions

KEYS = Keys(erasure_salt=b"of the tests", fingerprint="0123456789abcdef")
ANNA, BEN, BROWSER = UserKey(False, "anna"), UserKey(False, "ben"), UserKey(True, "browser")
NOW = 1_800_000_000_000_000  # 2027-01-15 08:00:00 UTC
ASIDE = "before_restore_20270115t080000z"
T = TypeVar("T")


def schema_of(url: str) -> str:
    """The schema that a test's PostgreSQL log lies in."""
    return url.rpartition("%3D")[2]


def quiet(_doing: str, _share: float) -> None:
    """No progress is asked for."""


@dataclass(frozen=True)
class Log:
    """A log that is opened for each thing that is done with it, so that nobody holds it meanwhile."""

    url: str
    folder: Path

    def write(self, write: Callable[[Connection], T]) -> T:
        database = open_for_writing(self.url, erasure_salt=KEYS.erasure_salt)
        try:
            assert database.writing is not None
            with database.writing.begin() as connection:
                ensure_log_id(connection)
                record_home_fact(connection, SECRET_FINGERPRINT, KEYS.fingerprint)
                return write(connection)
        finally:
            database.close()

    def append(self, *new: tuple[str, UserKey]) -> list[str | None]:
        """Appends events, and says why those that were not accepted were not."""
        made = [NewEvent(id=id_, kind=10, user=user, item="tea", at=1) for id_, user in new]
        return [one.reason for one in self.write(lambda connection: append_events(connection, made, received_at=2))]

    def ids(self) -> set[str]:
        """Ids of the events it holds."""
        return self.write(lambda connection: set(connection.execute(select(events.c.id)).scalars()))

    def fact(self, key: str) -> Any:
        return self.write(lambda connection: fact_in(connection, key))

    def backup(self, name: str = "backup") -> Path:
        return back_up(self.url, self.folder / name, on_progress=quiet).file

    def restore(self, file: Path, keys: Keys = KEYS) -> Restored:
        return restore(self.url, file, keys, now=NOW, on_progress=quiet)


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[Log]:
    folder = tmp_path / "backups"
    folder.mkdir()
    yield Log(database_url, folder)
    if not is_sqlite(database_url):
        engine = sqlalchemy.create_engine(database_url)
        with engine.begin() as connection, suppress(sqlalchemy.exc.ProgrammingError):
            connection.execute(DropSchema(f"{schema_of(database_url)}_{ASIDE}", cascade=True, if_exists=True))
        engine.dispose()


def test_a_restored_log_holds_what_it_held_when_it_was_backed_up(log: Log) -> None:
    log.append(("a", ANNA), ("b", BEN))
    file = log.backup()
    log.append(("c", ANNA))
    restored = log.restore(file)
    assert (restored.events, restored.exposures, restored.erased_again) == (2, 0, 0)
    assert restored.schema == Schema().head
    assert log.ids() == {"a", "b"}
    assert log.append(("a", ANNA), ("c", ANNA)) == [None, None]
    assert log.ids() == {"a", "b", "c"}, "what came after the backup may be sent again"


def test_who_was_erased_after_the_backup_is_erased_again_and_stays_so(log: Log) -> None:
    log.append(("a", ANNA), ("b", BEN), ("w", BROWSER))
    refused = [
        DeadLetter(received_at=1, origin="http", reason="no", payload=json.dumps({"id": "x", "user_id": name}))
        for name in ("anna", "known from this alone", "ben")
    ]
    log.write(lambda connection: append_dead_letters(connection, refused))
    file = log.backup()
    log.write(lambda connection: erase(connection, ANNA, now=5))
    log.write(lambda connection: erase(connection, BROWSER, now=6))
    log.write(lambda connection: erase(connection, UserKey(False, "known from this alone"), now=7))
    before = log.write(lambda c: [tuple(row) for row in c.execute(select(suppressions).order_by("erased_at"))])
    assert log.restore(file).erased_again == 2
    if is_sqlite(log.url):
        left = sqlite_file(log.url).read_bytes()
        assert b"anna" not in left
        assert b"browser" not in left
        assert b"known from this alone" not in left
    assert log.ids() == {"b"}
    assert log.write(lambda c: list(c.execute(select(dead_letters.c.payload)).scalars())) == [refused[2].payload]
    assert log.write(lambda c: suppressed(c, [ANNA, BEN, BROWSER])) == {ANNA, BROWSER}
    assert log.append(("late", ANNA)) == [FORGOTTEN]
    after = log.write(lambda c: [tuple(row) for row in c.execute(select(suppressions).order_by("erased_at"))])
    assert after == before, "her receipt says what was removed when she asked"


def test_the_log_of_before_is_moved_aside_whole(log: Log) -> None:
    log.append(("a", ANNA))
    file = log.backup()
    log.append(("b", BEN))
    aside = log.restore(file).moved_aside
    assert aside is not None
    if is_sqlite(log.url):
        assert aside.endswith(f"kembang.sqlite3.{ASIDE}")
        with closing(sqlite3.connect(aside)) as connection:
            assert {id_ for (id_,) in connection.execute("SELECT id FROM events")} == {"a", "b"}
    else:
        assert aside == f"{schema_of(log.url)}_{ASIDE}"
        ids = log.write(lambda c: set(c.execute(sqlalchemy.text(f"SELECT id FROM {aside}.events")).scalars()))
        assert ids == {"a", "b"}


def test_where_no_log_is_a_backup_becomes_one(log: Log, tmp_path: Path) -> None:
    log.append(("a", ANNA))
    file = log.backup()
    if is_sqlite(log.url):
        other = Log(f"sqlite:///{tmp_path / 'new' / 'log.sqlite3'}", log.folder)
    else:
        log.restore(file)  # a dump goes back to the schema it came from; here it is emptied by moving it aside
        engine = sqlalchemy.create_engine(log.url)
        with engine.begin() as connection:
            for name in ("home", *sqlalchemy.inspect(connection).get_table_names()):
                connection.execute(sqlalchemy.text(f"DROP TABLE IF EXISTS {name} CASCADE"))
        engine.dispose()
        other = log
    assert other.restore(file).moved_aside is None
    assert other.ids() == {"a"}


def test_a_restored_log_is_another_log_to_models_that_were_trained_before(log: Log) -> None:
    log.append(("a", ANNA))
    before, file = log.fact(LOG_ID), log.backup()
    log.restore(file)
    assert log.fact(LOG_ID) not in (before, None)


def test_a_backup_written_under_another_secret_is_refused(log: Log) -> None:
    log.append(("a", ANNA))
    file = log.backup()
    log.append(("b", BEN))
    with pytest.raises(RestoreRefused, match="written under another secret"):
        log.restore(file, replace(KEYS, fingerprint="fedcba9876543210"))
    assert log.ids() == {"a", "b"}


def test_a_log_that_is_held_is_not_restored(log: Log) -> None:
    log.append(("a", ANNA))
    file = log.backup()
    if is_sqlite(log.url):
        with writer_lock(log.url, served_at="http://127.0.0.1:8000"), pytest.raises(LogLocked, match="8000"):
            log.restore(file)
    else:
        reading = open_for_reading(log.url)
        with pytest.raises(LogInUse, match="stop them all"):
            log.restore(file)
        reading.close()
    log.append(("b", BEN))
    assert log.ids() == {"a", "b"}


@pytest.mark.parametrize(
    "content", [b"", b"Invoice,SKU\n1,tea\n", b"SQLite format 3\x00 and no more", b"PGDMP and no more"]
)
def test_what_is_no_backup_is_refused_and_leaves_the_log_as_it_was(log: Log, content: bytes) -> None:
    log.append(("a", ANNA))
    file = log.folder / "other"
    file.write_bytes(content)
    with pytest.raises(Exception, match=r"is no backup|can't be read|could not do it"):
        log.restore(file)
    assert log.ids() == {"a"}


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    log = Log(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)
    log.append(("a", ANNA))
    with closing(sqlite3.connect(tmp_path / "theirs")) as theirs:
        theirs.execute("CREATE TABLE events (id TEXT)")
        theirs.commit()
    with pytest.raises(RestoreRefused, match="holds no log of kembang"):
        log.restore(tmp_path / "theirs")
    assert log.ids() == {"a"}
    assert not list(tmp_path.glob(".*"))


def test_an_archive_of_other_tables_is_refused_before_anything_moves(postgres_url: str, tmp_path: Path) -> None:
    log = Log(postgres_url, tmp_path)
    log.append(("a", ANNA))
    log.write(lambda c: c.execute(sqlalchemy.text("ALTER TABLE dead_letters RENAME TO theirs")) and None)
    file = tmp_path / "archive"
    connect = ["--dbname", postgres_url.replace("+psycopg", ""), "--format=custom", "--table=*.theirs"]
    subprocess.run(["pg_dump", *connect, f"--file={file}"], check=True)
    log.write(lambda c: c.execute(sqlalchemy.text("ALTER TABLE theirs RENAME TO dead_letters")) and None)
    with pytest.raises(RestoreRefused, match="other tables than a log"):
        log.restore(file)
    assert log.ids() == {"a"}


def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    log = Log(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)
    log.append(*((f"event number {number}", ANNA) for number in range(1_000)))
    file = log.backup()
    content = file.read_bytes()
    at = content.index(b"event number 999")
    file.write_bytes(content[:at] + b"event number 000" + content[at + 16 :])
    with pytest.raises(RestoreRefused, match="is damaged"):
        log.restore(file)
    assert len(log.ids()) == 1_000


def test_a_file_that_is_being_read_is_not_moved_from_under_its_reader(tmp_path: Path) -> None:
    log = Log(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)
    log.append(("a", ANNA))
    file = log.backup()
    reading = open_for_reading(log.url)
    with reading.reader.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(select(events.c.id)).all()
        log.append(("b", BEN))
        with pytest.raises(RestoreRefused, match="another process is reading"):
            log.restore(file)
    reading.close()
    assert log.ids() == {"a", "b"}


def test_a_log_whose_list_of_the_forgotten_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    """Nobody would know any more who must not come back."""
    log = Log(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)
    log.append(("a", ANNA))
    file = log.backup()
    damaged = tmp_path / "log.sqlite3"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(RestoreRefused, match="move it away yourself"):
        log.restore(file)
    damaged.rename(tmp_path / "damaged")
    assert log.restore(file).moved_aside is None
    assert log.ids() == {"a"}
