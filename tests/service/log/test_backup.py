"""Promises of a backup: one instant of the log, whole, checked, its owner's alone, and nobody kept waiting."""

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from service.log.append import NewEvent, append_events
from service.log.backup import BackupFailed, back_up
from service.log.database import Database, open_for_writing
from service.log.names import UserKey
from service.log.schema import Schema
from service.log.writer import Writer

SALT = b"of the tests"


def quiet(_doing: str, _share: float) -> None:
    """No progress is asked for."""


def append(writer: Writer, *ids: str) -> None:
    new = [NewEvent(id=id_, kind=10, user=UserKey(False, f"user of {id_}"), item="tea", at=1) for id_ in ids]
    done = writer.run(lambda connection: append_events(connection, new, received_at=2))
    assert {one.result for one in done} == {"accepted"}


def test_a_backup_says_what_it_holds_and_only_its_owner_may_read_it(
    database: Database, database_url: str, writer: Writer, tmp_path: Path
) -> None:
    append(writer, "a", "b")
    file = tmp_path / "log.backup"
    made = back_up(database_url, file, on_progress=quiet)
    assert (made.file, made.bytes, made.schema) == (file, file.stat().st_size, Schema().head)
    assert (made.rows["events"], made.rows["users"], made.rows["items"], made.rows["exposures"]) == (2, 2, 1, 0)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".*")), "nothing half made is left"


def test_the_copy_of_a_file_is_one_file_and_has_what_still_waits_in_the_write_ahead_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    database = open_for_writing(url, erasure_salt=SALT)
    assert database.writing is not None
    writer = Writer(database.writing, capacity=10, observe=lambda **_: None)
    append(writer, "a")
    copy = tmp_path / "copies" / "copy.sqlite3"
    copy.parent.mkdir()
    back_up(url, copy, on_progress=quiet)
    writer.close()
    database.close()
    assert list(copy.parent.iterdir()) == [copy]
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT id FROM events").fetchall() == [("a",)]


def test_a_log_is_written_while_it_is_copied_and_the_copy_shows_one_instant(
    database: Database, database_url: str, writer: Writer, tmp_path: Path
) -> None:
    """Every write adds one event of a new user: in any one instant there are as many of the one as of the other."""
    append(writer, "first")
    done, stopped = [], threading.Event()

    def go_on_writing() -> None:
        while not stopped.is_set():
            append(writer, f"e{len(done)}")
            done.append(len(done))

    def progress(doing: str, _share: float) -> None:
        """Holds the copying until another write has been answered: if copying kept it waiting, neither would go on."""
        before = len(done)
        while thread.is_alive() and len(done) == before and doing in ("copying", "counting its rows"):
            stopped.wait(0.001)

    thread = threading.Thread(target=go_on_writing)
    thread.start()
    try:
        made = back_up(database_url, tmp_path / "copy", on_progress=progress)
    finally:
        stopped.set()
        thread.join()
    assert made.rows["events"] == made.rows["users"] >= 1
    assert len(done) >= 2


def test_the_write_ahead_log_is_cut_again_after_a_long_copy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    database = open_for_writing(url, erasure_salt=SALT)
    assert database.writing is not None
    with database.writing.connect() as connection:
        limit = connection.exec_driver_sql("PRAGMA journal_size_limit").scalar()
    database.close()
    assert limit == 64 << 20


def test_a_backup_overwrites_nothing(database: Database, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("keep me")
    with pytest.raises(FileExistsError, match="never overwritten"):
        back_up(database_url, file, on_progress=quiet)
    assert file.read_text() == "keep me"


def test_where_no_log_is_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no log"):
        back_up(f"sqlite:///{tmp_path / 'none.sqlite3'}", tmp_path / "copy", on_progress=quiet)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_log_gives_no_backup_that_looks_whole(tmp_path: Path) -> None:
    file = tmp_path / "log.sqlite3"
    url = f"sqlite:///{file}"
    database = open_for_writing(url, erasure_salt=SALT)
    assert database.writing is not None
    writer = Writer(database.writing, capacity=10, observe=lambda **_: None)
    append(writer, *(f"event number {number}" for number in range(2_000)))
    writer.close()
    database.close()
    damage(file)
    copy = tmp_path / "copy"
    with pytest.raises(BackupFailed, match="damaged"):
        back_up(url, copy, on_progress=quiet)
    assert not copy.exists()
    assert not list(tmp_path.glob(".*"))


def damage(file: Path) -> None:
    """Changes an id in one of the places where it stands, its table or its index, as a failing disk may."""
    content = file.read_bytes()
    at = content.index(b"event number 1999")
    file.write_bytes(content[:at] + b"event number 0000" + content[at + 17 :])


def test_without_postgresqls_own_program_the_message_says_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_for_writing(postgres_url, erasure_salt=SALT).close()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("pg_dump") is None
    with pytest.raises(Exception, match="pg_dump is not on the PATH: install PostgreSQL's client programs"):
        back_up(postgres_url, tmp_path / "copy", on_progress=quiet)
    assert list(tmp_path.iterdir()) == []
