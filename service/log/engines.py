"""How the databases of a log are connected to: one writing connection or many, patience, and what each one holds."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

IN_USE = int.from_bytes(b"kmb")
"""First key of the PostgreSQL lock that every connection to a log shares; the second is the hash of its schema."""

PRUNING = int.from_bytes(b"kpr")
"""First key of the PostgreSQL lock of whoever removes rows past their time."""

_CACHE_KIB = 64 << 10
"""Pages that the writing connection may keep. Events' ids are random, so each row touches another page of their index,
and what SQLite keeps by default, 2 MB, is less than the index of some ten thousand events."""

_WAL_BYTES = 64 << 20
"""What a write-ahead log is cut to after a long read has let it grow."""


def is_sqlite_address(address: URL) -> bool:
    """Whether the address names a SQLite file."""
    return address.get_backend_name() == "sqlite"


def writing_engine(address: URL, options: dict[str, Any]) -> Engine:
    """The engine that writes.

    Args:
        address: Where the log is.
        options: Execution options that every connection carries.
    """
    return (
        _sqlite_writing_engine(address, options) if is_sqlite_address(address) else _postgres_engine(address, options)
    )


def reading_engine(address: URL, options: dict[str, Any]) -> Engine:
    """An engine whose connections never write.

    Args:
        address: Where the log is.
        options: Execution options that every connection carries.
    """
    if not is_sqlite_address(address):
        return _postgres_engine(address, {**options, "postgresql_readonly": True})
    file = Path(address.database or "").resolve()
    read_only = URL.create("sqlite", database=f"file:{quote(str(file))}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(read_only, connect_args={"check_same_thread": False}, pool_size=8, execution_options=options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA busy_timeout = 10000")

    return engine


def try_log_lock(connection: Connection, key: int) -> bool:
    """Whether this transaction has one of the log's locks now, to its end; always on SQLite, which has one writer."""
    if connection.dialect.name != "postgresql":
        return True
    taken = func.pg_try_advisory_xact_lock(key, func.hashtext(func.current_schema()))
    return bool(connection.execute(select(taken)).scalar_one())


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
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")

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
    engine = create_engine(address, pool_pre_ping=True, connect_args=patience, execution_options=options)

    @event.listens_for(engine, "connect")
    def _hold(connection: Any, _record: Any) -> None:
        # Who restores the log, or takes a step that breaks older versions, must know that nobody is connected. The
        # server lets go of it when the connection ends, however it ends.
        connection.execute("SELECT pg_advisory_lock_shared(%s::int, hashtext(current_schema()))", (IN_USE,))
        connection.commit()

    return engine
