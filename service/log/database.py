"""Opening the log: SQLite or PostgreSQL, readers and the one writing connection, the lock and the schema."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import alembic.command
import alembic.config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

Reader: TypeAlias = Engine
"""Where the log is read from; hands out connections that never write."""

LogFailure = SQLAlchemyError
"""Whatever goes wrong between us and the database."""

__all__ = [
    "Connection",
    "Database",
    "LogFailure",
    "LogLocked",
    "Reader",
    "SchemaOutdated",
    "is_sqlite",
    "lock_holder",
    "open_for_reading",
    "open_for_writing",
    "writer_lock",
]

_MIGRATIONS = Path(__file__).parent / "migrations"


class LogLocked(Exception):
    """Another process is writing this log; ``holder`` says which (``pid`` and, for a server, ``url``)."""

    def __init__(self, lock: Path, holder: dict[str, Any]) -> None:
        self.holder = holder
        where = f" at {holder['url']}" if holder.get("url") else ""
        super().__init__(
            f"{lock.parent} is being written by another kembang process (pid {holder.get('pid', 'unknown')}{where}): "
            "stop it first"
        )


class SchemaOutdated(Exception):
    """The log's schema is not the one this version works with."""


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


def open_for_writing(url: str) -> Database:
    """The log at ``url`` with its one writing connection, made or upgraded to the current schema.

    Hold the ``writer_lock`` of a SQLite log while this is open.
    """
    address = make_url(url)
    writing = _sqlite_writing_engine(address) if _is_sqlite(address) else create_engine(address, pool_pre_ping=True)
    with writing.begin() as connection:
        alembic.command.upgrade(_alembic_config(connection), "head")
    return Database(reader=_reading_engine(address), writing=writing)


def open_for_reading(url: str) -> Database:
    """The log at ``url`` for reading beside whoever writes it.

    Raises:
        FileNotFoundError: If a SQLite log does not exist yet.
        SchemaOutdated: If it was written by an older or newer version.
    """
    address = make_url(url)
    if _is_sqlite(address) and not Path(address.database or "").exists():
        raise FileNotFoundError(f"there is no log at {address.database} yet: import a sales file or start the service")
    database = Database(reader=_reading_engine(address), writing=None)
    with database.reader.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    if found != wanted:
        database.close()
        raise SchemaOutdated(
            f"the log has schema {found or 'none'}, this version needs {wanted}: run `kembang database upgrade`"
        )
    return database


@contextmanager
def writer_lock(home: Path, *, url: str | None = None) -> Iterator[None]:
    """Holds the right to write the SQLite log under ``home``; the system gives it back even after ``kill -9``.

    Args:
        home: Folder of the log.
        url: Address of the service that holds it, for those who find it taken.

    Raises:
        LogLocked: If another process holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home / "writer.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise LogLocked(path, _holder(lock.read())) from None
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "url": url}))
        lock.flush()
        yield


def lock_holder(home: Path) -> dict[str, Any] | None:
    """Who holds the writer's lock under ``home``: ``pid`` and ``url``; None if it is free."""
    path = home / "writer.lock"
    if not path.exists():
        return None
    with path.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _holder(lock.read())
    return None


def is_sqlite(url: str) -> bool:
    """Whether the log at ``url`` is a SQLite file, which only one process may write."""
    return _is_sqlite(make_url(url))


def _is_sqlite(address: URL) -> bool:
    return address.get_backend_name() == "sqlite"


def _holder(text: str) -> dict[str, Any]:
    try:
        holder = json.loads(text)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _sqlite_writing_engine(address: URL) -> Engine:
    """One connection for all writing and checkpointing: two may corrupt a WAL before SQLite 3.51.3."""
    Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, poolclass=StaticPool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA busy_timeout = 10000")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a deferred one fails at once when it turns into a write

    return engine


def _reading_engine(address: URL) -> Engine:
    if not _is_sqlite(address):
        return create_engine(address, pool_pre_ping=True, execution_options={"postgresql_readonly": True})
    file = Path(address.database or "").resolve()
    read_only = URL.create("sqlite", database=f"file:{file}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(read_only, connect_args={"check_same_thread": False}, pool_size=8)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA busy_timeout = 10000")

    return engine


def _alembic_config(connection: Any) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
