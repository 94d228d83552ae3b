"""Opening the log: SQLite or PostgreSQL, readers and the one writing connection, the lock and the schema."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.parse import quote

import alembic.command
import alembic.config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

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
    "LogLocked",
    "Reader",
    "SchemaOutdated",
    "Unstorable",
    "is_sqlite",
    "lock_holder",
    "open_for_reading",
    "open_for_writing",
    "sqlite_file",
    "writer_lock",
]

_MIGRATIONS = Path(__file__).parent / "migrations"
_SCHEMA_LOCK = int.from_bytes(b"kembang")
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


def open_for_writing(url: str, *, erasure_salt: bytes) -> Database:
    """The log at ``url`` with its one writing connection, made or upgraded to the current schema.

    Hold the ``writer_lock`` of a SQLite log while this is open.

    Args:
        url: Address of the log.
        erasure_salt: Key under which erased people are remembered; every connection carries it.

    Raises:
        SchemaOutdated: If it was written by a newer version.
    """
    address = make_url(url)
    options = {ERASURE_SALT: erasure_salt}
    is_file = _is_sqlite(address)
    writing = _sqlite_writing_engine(address, options) if is_file else _postgres_engine(address, options)
    with ExitStack() as on_failure:
        on_failure.callback(writing.dispose)
        with writing.begin() as connection:
            if not _is_sqlite(address):
                # Replicas that start at once take turns, or each would make the tables; held to the transaction's end.
                connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and not _is_known(found):
                raise SchemaOutdated(_written_by_newer(found))
            alembic.command.upgrade(_alembic_config(connection), "head")
        on_failure.pop_all()
    return Database(reader=_reading_engine(address, options), writing=writing)


def open_for_reading(url: str, *, erasure_salt: bytes | None = None) -> Database:
    """The log at ``url`` for reading beside whoever writes it.

    Args:
        url: Address of the log.
        erasure_salt: Key under which erased people are remembered, for those who ask who is.

    Raises:
        FileNotFoundError: If there is no log yet.
        SchemaOutdated: If it was written by an older or newer version.
    """
    address = make_url(url)
    if _is_sqlite(address) and not Path(address.database or "").exists():
        raise _no_log(address)
    reader = _reading_engine(address, {} if erasure_salt is None else {ERASURE_SALT: erasure_salt})
    with reader.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    problem = _no_log(address) if found is None else _schema_problem(found)
    if problem is not None:
        reader.dispose()
        raise problem
    return Database(reader=reader, writing=None)


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
    return _is_sqlite(make_url(url))


def sqlite_file(url: str) -> Path:
    """The file of the SQLite log at ``url``."""
    return Path(make_url(url).database or "").resolve()


def _no_log(address: URL) -> FileNotFoundError:
    where = address.database if _is_sqlite(address) else address.render_as_string(hide_password=True)
    return FileNotFoundError(f"there is no log at {where} yet: import a sales file or start the service")


def _schema_problem(found: str) -> SchemaOutdated | None:
    """Why this version can't read a log of the schema found, or None."""
    script = ScriptDirectory(str(_MIGRATIONS))
    wanted = script.get_current_head()
    if found == wanted:
        return None
    if _is_known(found):
        return SchemaOutdated(
            f"the log has schema {found}, this version needs {wanted}: start the service, it upgrades"
        )
    return SchemaOutdated(_written_by_newer(found))


def _is_known(found: str) -> bool:
    return found in {step.revision for step in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}


def _written_by_newer(found: str) -> str:
    return f"the log has schema {found}, which this version does not know: use the version that wrote it"


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


def _is_sqlite(address: URL) -> bool:
    return address.get_backend_name() == "sqlite"


def _holder(text: str) -> dict[str, Any]:
    try:
        holder = json.loads(text)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _sqlite_writing_engine(address: URL, options: dict[str, Any]) -> Engine:
    """One connection for all writing and checkpointing: two may corrupt a WAL before SQLite 3.51.3."""
    Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        address, poolclass=StaticPool, connect_args={"check_same_thread": False}, execution_options=options
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlinked
        connection.execute("PRAGMA busy_timeout = 10000")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a deferred one fails at once when it turns into a write

    return engine


def _postgres_engine(address: URL, options: dict[str, Any]) -> Engine:
    """An engine that finds out within seconds when the other side has fallen silent, instead of waiting for ever."""
    patience = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    }
    return create_engine(address, pool_pre_ping=True, connect_args=patience, execution_options=options)


def _reading_engine(address: URL, options: dict[str, Any]) -> Engine:
    if not _is_sqlite(address):
        return _postgres_engine(address, {**options, "postgresql_readonly": True})
    file = Path(address.database or "").resolve()
    read_only = URL.create("sqlite", database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(read_only, connect_args={"check_same_thread": False}, pool_size=8, execution_options=options)

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
