"""Opening the log: SQLite or PostgreSQL, readers and the one writing connection, the lock and the schema."""

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, SQLAlchemyError

from service.log.engines import IN_USE, is_sqlite_address, reading_engine, writing_engine
from service.log.schema import Schema, SchemaOutdated, Upgrade
from service.log.suppressions import ERASURE_SALT

Reader: TypeAlias = Engine
"""Where the log is read from; hands out connections that never write."""

LogFailure = SQLAlchemyError
"""Whatever goes wrong between us and the database."""

Unstorable = DataError
"""The one ``LogFailure`` that trying again won't help: the database can't hold a value it was given."""

__all__ = [
    "Connection",
    "Database",
    "LogFailure",
    "LogInUse",
    "LogLocked",
    "Reader",
    "SchemaOutdated",
    "Unstorable",
    "is_sqlite",
    "lock_holder",
    "open_for_reading",
    "open_for_writing",
    "sqlite_file",
    "sqlite_warning",
    "take_sole_use",
    "upgrade_log",
    "writer_lock",
]

_OURS = Schema()
_WAL_MENDED = (3, 51, 3)

# Somebody who asks who holds the lock holds it for a moment himself.
_LOCK_TRIES, _LOCK_PAUSE_SECONDS = 5, 0.02


class LogLocked(Exception):
    """Another process is writing this log; ``url`` is where it answers, if it is a service."""

    def __init__(self, lock: Path, holder: dict[str, Any]) -> None:
        self.url: str | None = holder.get("url")
        where = f" at {self.url}" if self.url else ""
        super().__init__(
            f"{lock.parent} is being written by another kembang process (pid {holder.get('pid', 'unknown')}{where}): "
            "stop it first"
        )


class LogInUse(Exception):
    """Other processes are connected to this PostgreSQL log."""


@dataclass(frozen=True, slots=True)
class Database:
    """An opened log. ``reader`` never writes; ``writing`` is None where the log was opened for reading only."""

    reader: Reader
    writing: Engine | None

    def check(self) -> None:
        """Asks the log for an answer.

        Raises:
            LogFailure: If there is none.
        """
        with self.reader.connect() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Gives all connections back."""
        self.reader.dispose()
        if self.writing is not None:
            self.writing.dispose()


def open_for_writing(url: str, *, erasure_salt: bytes, schema: Schema = _OURS) -> Database:
    """The log at ``url`` with its one writing connection, made or upgraded to the current schema.

    A SQLite log is upgraded whatever the steps: nobody else serves it. Hold its ``writer_lock`` while this is open. A
    PostgreSQL log is upgraded by the way only where services of the version before go on working.

    Args:
        url: Address of the log.
        erasure_salt: Key under which erased people are remembered; every connection carries it.
        schema: What this version works with.

    Raises:
        SchemaOutdated: If it was written by a version too new, or has to be upgraded by ``kembang database upgrade``.
    """
    address = make_url(url)
    options = {ERASURE_SALT: erasure_salt}
    writing = writing_engine(address, options)
    with ExitStack() as on_failure:
        on_failure.callback(writing.dispose)
        with writing.begin() as connection:
            ahead = schema.foreseen(connection)
            if not ahead.keeps_serving and not is_sqlite_address(address):
                raise SchemaOutdated(
                    f"the log has schema {ahead.found}, this version needs {ahead.current}, on which services of the "
                    "version before can't work: stop them all, then run `kembang database upgrade`"
                )
            schema.upgraded(connection)
        on_failure.pop_all()
    return Database(reader=reading_engine(address, options), writing=writing)


def open_for_reading(url: str, *, erasure_salt: bytes | None = None, schema: Schema = _OURS) -> Database:
    """The log at ``url`` for reading beside whoever writes it.

    Args:
        url: Address of the log.
        erasure_salt: Key under which erased people are remembered, for those who ask who is.
        schema: What this version works with.

    Raises:
        FileNotFoundError: If there is no log yet.
        SchemaOutdated: If it was written by an older or too new a version.
    """
    address = make_url(url)
    if is_sqlite_address(address) and not sqlite_file(url).exists():
        raise _no_log(address)
    reader = reading_engine(address, {} if erasure_salt is None else {ERASURE_SALT: erasure_salt})
    with ExitStack() as on_failure:
        on_failure.callback(reader.dispose)
        with reader.connect() as connection:
            if schema.found(connection) is None:
                raise _no_log(address)
            schema.check(connection)
        on_failure.pop_all()
    return Database(reader=reader, writing=None)


def upgrade_log(url: str, *, schema: Schema = _OURS) -> Upgrade:
    """Brings the log at ``url`` to the current schema: all pending steps in one transaction, or none.

    Args:
        url: Address of the log.
        schema: What this version works with.

    Raises:
        FileNotFoundError: If there is no log yet.
        LogLocked: If another process writes this SQLite log.
        LogInUse: If others are connected to this PostgreSQL log, and a step would break them.
        SchemaOutdated: If it was written by a version too new.
    """
    address = make_url(url)
    is_file = is_sqlite_address(address)
    if is_file and not sqlite_file(url).exists():
        raise _no_log(address)
    with writer_lock(url) if is_file else nullcontext(), ExitStack() as at_the_end:
        writing = writing_engine(address, {})
        at_the_end.callback(writing.dispose)
        with writing.begin() as connection:
            ahead = schema.foreseen(connection)
            if ahead.found is None:
                raise _no_log(address)
            if not ahead.keeps_serving and not is_file:
                take_sole_use(connection)
            return schema.upgraded(connection)


def take_sole_use(connection: Connection) -> None:
    """Makes this the only connection to a PostgreSQL log until it is closed; whoever comes later waits.

    Raises:
        LogInUse: If a service or command is connected.
    """
    taken = select(func.pg_try_advisory_lock(IN_USE, func.hashtext(func.current_schema())))
    if not connection.execute(taken).scalar_one():
        raise LogInUse(
            "services or commands are connected to this log: stop them all, on every machine, then try again"
        )


@contextmanager
def writer_lock(url: str, *, served_at: str | None = None) -> Iterator[None]:
    """Holds the right to write the SQLite log at ``url``; the system gives it back even after ``kill -9``.

    The lock lies beside the database file, so that two homes that share a file share its lock.

    Args:
        url: Address of the log.
        served_at: Where the service that holds it answers, for those who find it taken.

    Raises:
        LogLocked: If another process holds it.
    """
    path = _lock_file(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        if not any(_locked(lock) for _ in range(_LOCK_TRIES)):
            lock.seek(0)
            raise LogLocked(path, _holder(lock.read()))
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "url": served_at}))
        lock.flush()
        yield


def lock_holder(url: str) -> LogLocked | None:
    """Who writes the log at ``url`` now; None if nobody does, or if it is one that many may write (PostgreSQL)."""
    if not is_sqlite(url) or not (path := _lock_file(url)).exists():
        return None
    with path.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return LogLocked(path, _holder(lock.read()))
    return None


def is_sqlite(url: str) -> bool:
    """Whether the log at ``url`` is a SQLite file, which only one process may write."""
    return is_sqlite_address(make_url(url))


def sqlite_warning(url: str) -> str | None:
    """What whoever runs a service on this log should know of this machine's SQLite, or None."""
    if not is_sqlite(url) or sqlite3.sqlite_version_info >= _WAL_MENDED:
        return None
    return (
        f"SQLite {sqlite3.sqlite_version} may damage a write-ahead log that two connections write at once (mended in "
        "3.51.3). kembang writes through one connection only; let no other program write this file"
    )


def sqlite_file(url: str) -> Path:
    """The file of the SQLite log at ``url``."""
    return Path(make_url(url).database or "").resolve()


def _no_log(address: URL) -> FileNotFoundError:
    where = address.database if is_sqlite_address(address) else address.render_as_string(hide_password=True)
    return FileNotFoundError(f"there is no log at {where} yet: import a sales file or start the service")


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        time.sleep(_LOCK_PAUSE_SECONDS)
        return False
    return True


def _lock_file(url: str) -> Path:
    file = sqlite_file(url)
    return file.with_name(f"{file.name}.lock")


def _holder(text: str) -> dict[str, Any]:
    try:
        holder = json.loads(text)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}
