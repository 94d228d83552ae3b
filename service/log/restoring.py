"""A backup in the place of the log, without bringing anybody back who was erased since, and without losing the log.

The backup is made ready beside the log: upgraded, given an id of its own, and rid of everybody who asked to be
forgotten after it was taken. Only then does it take the log's place, and what was there is moved aside under a dated
name.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateSchema, DropSchema

from service.log.backup import Progress, copy_sqlite, damage, sync
from service.log.database import is_sqlite, sqlite_file, take_sole_use, writer_lock
from service.log.dictionaries import insert_new
from service.log.dumps import ARCHIVE, current_schema, drop_tables, foreign_tables, move_tables, undump
from service.log.engines import writing_engine
from service.log.erasure import erase
from service.log.home import SECRET_FINGERPRINT, fact_in, renew_log_id
from service.log.letters import about_the_forgotten
from service.log.names import CHUNK, UserKey, chunks
from service.log.schema import Schema
from service.log.suppressions import ERASURE_SALT, suppressed
from service.log.tables import dead_letters, events, exposures, suppressions, users
from service.log.wiping import rewrite_file

_SQLITE = b"SQLite format 3\x00"
_BESIDE = ("-wal", "-shm", "-journal")
_PIECE_USERS = 50_000
_PATIENCE_SECONDS = 1.0


class RestoreRefused(Exception):
    """The log was left as it was; the message says why."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the deployment's secret says: the key of the erased, and the mark of the secret itself."""

    erasure_salt: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What a log is now, after a backup took its place."""

    events: int
    exposures: int
    schema: str
    erased_again: int
    """People of the backup who had asked to be forgotten since it was taken."""
    moved_aside: str | None
    """Where what was there before is now: a file or a schema of the database. It still holds those people."""


def restore(url: str, file: Path, keys: Keys, *, now: int, on_progress: Progress) -> Restored:
    """Puts a backup in the place of the log at ``url``. If anything stands in the way, the log is left as it was.

    Who was erased after the backup was taken is erased again, by the list of the log that is there now. The restored
    log has a new id: what was trained since names rows by numbers that mean something else from now on.

    Args:
        url: Address of the log; none need be there.
        file: A backup, as ``back_up`` makes them.
        keys: What the deployment's secret says.
        now: Microseconds UTC.
        on_progress: Told what is being done and the finished share.

    Raises:
        FileNotFoundError: If there is no such file.
        LogLocked: If a service or command writes the SQLite log.
        LogInUse: If one is connected to the PostgreSQL log.
        SchemaOutdated: If the backup is of a version too new.
        RestoreRefused: If the file is no whole backup of a log of this deployment, or the log can't be moved aside.
        ToolFailed: If PostgreSQL's own program can't read the backup.
    """
    with file.open("rb") as opened:
        start = opened.read(len(_SQLITE))
    wanted = _SQLITE if is_sqlite(url) else ARCHIVE
    if not start.startswith(wanted):
        kind = "SQLite file" if is_sqlite(url) else "archive of pg_dump --format=custom"
        raise RestoreRefused(
            f"{file} is no backup of this log: it must be a {kind}, as `kembang database backup` makes"
        )
    aside = f"before_restore_{datetime.fromtimestamp(now / 1_000_000, UTC):%Y%m%dt%H%M%Sz}"
    if is_sqlite(url):
        with writer_lock(url):
            return _file_restored(url, file, keys, now=now, aside=aside, on_progress=on_progress)
    return _archive_restored(url, file, keys, now=now, aside=aside, on_progress=on_progress)


def _file_restored(url: str, file: Path, keys: Keys, *, now: int, aside: str, on_progress: Progress) -> Restored:
    log = sqlite_file(url)
    with _stage_beside(log) as stage:
        _copy_checked(file, stage, on_progress)
        forgotten: list[dict[str, Any]] = []
        if log.exists():
            with _written(log, keys) as connection:
                forgotten = _forgotten(connection, keys)
        on_progress("erasing again who asked since", 0.8)
        with _written(stage, keys) as connection:
            restored = _made_ready(connection, forgotten, keys, file=file, now=now)
        if forgotten:
            _rewrite(stage)
        moved_aside = _moved_aside(log, log.with_name(f"{log.name}.{aside}"), mode_of=stage) if log.exists() else None
        sync(stage)
        stage.replace(log)
    sync(log.parent)
    return replace(restored, moved_aside=moved_aside)


def _archive_restored(url: str, file: Path, keys: Keys, *, now: int, aside: str, on_progress: Progress) -> Restored:
    engine = writing_engine(make_url(url), {ERASURE_SALT: keys.erasure_salt})
    with ExitStack() as at_the_end, engine.connect() as connection:
        at_the_end.callback(engine.dispose)
        with connection.begin():
            take_sole_use(connection)
            other = foreign_tables(connection, url, file)
            if other is not None:
                raise RestoreRefused(f"{file} is no backup of this log: {other}")
            here, was_there = current_schema(connection), inspect(connection).has_table("home")
            # Other logs may lie in this database, each in its schema; names end after 63 bytes.
            aside = f"{here[:30]}_{aside}"
            forgotten = _forgotten(connection, keys)
            if was_there:
                connection.execute(CreateSchema(aside))
                move_tables(connection, source=here, target=aside)
        with _back_on_failure(connection, here=here, aside=aside if was_there else None):
            on_progress("reading the archive", 0.1)
            undump(connection, url, file)
            on_progress("erasing again who asked since", 0.8)
            with connection.begin():
                restored = _made_ready(connection, forgotten, keys, file=file, now=now)
        return replace(restored, moved_aside=aside if was_there else None)


@contextmanager
def _back_on_failure(connection: Connection, *, here: str, aside: str | None) -> Iterator[None]:
    """Puts the tables that were moved aside back in their place, should what follows not succeed."""
    try:
        yield
    except BaseException:
        with connection.begin():
            drop_tables(connection, schema=here)
            if aside is not None:
                move_tables(connection, source=aside, target=here)
                connection.execute(DropSchema(aside))
        raise


def _made_ready(
    connection: Connection, forgotten: Sequence[dict[str, Any]], keys: Keys, *, file: Path, now: int
) -> Restored:
    """The restored log as this version and everybody who was erased need it, in one transaction."""
    if not all(inspect(connection).has_table(name) for name in ("home", "events", "users", "alembic_version")):
        raise RestoreRefused(f"{file} holds no log of kembang")
    _check_secret(connection, keys, whose=f"{file} was")
    schema = Schema().upgraded(connection).current
    erased_again = _erased_again(connection, forgotten, now=now)
    renew_log_id(connection)
    kept = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (events, exposures)]
    return Restored(events=kept[0], exposures=kept[1], schema=schema, erased_again=erased_again, moved_aside=None)


def _forgotten(connection: Connection, keys: Keys) -> list[dict[str, Any]]:
    """The list of the forgotten of the log that is there now."""
    if not inspect(connection).has_table(suppressions.name):
        return []
    _check_secret(connection, keys, whose="the log that is there was")
    return [dict(row) for row in connection.execute(select(suppressions)).mappings()]


def _check_secret(connection: Connection, keys: Keys, *, whose: str) -> None:
    if fact_in(connection, SECRET_FINGERPRINT) not in (None, keys.fingerprint):
        raise RestoreRefused(
            f"{whose} written under another secret, and its list of the forgotten can't be read under this one: "
            "set KEMBANG_SECRET, or the file `secret` of the home, to the one of that log"
        )


def _erased_again(connection: Connection, forgotten: Sequence[dict[str, Any]], *, now: int) -> int:
    """How many people of the restored log had to be erased again, by the list that is carried over."""
    insert_new(connection, suppressions, forgotten)
    people = 0
    for keys in _everybody(connection):
        for key in suppressed(connection, keys):
            # Who went with another name of hers is no second person.
            gone = erase(connection, key, now=now).rows
            people += gone["users"] + gone["visitors"] > 0
    _drop_letters_of_the_forgotten(connection)
    # Each keeps the receipt of what was removed when she asked.
    for chunk in chunks(forgotten):
        hashes = [row["subject_hash"] for row in chunk]
        connection.execute(delete(suppressions).where(suppressions.c.subject_hash.in_(hashes)))
        connection.execute(insert(suppressions), chunk)
    return people


def _drop_letters_of_the_forgotten(connection: Connection) -> None:
    """Also of those whom the backup knows from nothing but what was refused."""
    last = 0
    columns = dead_letters.c
    query = select(columns.id, columns.payload).order_by(columns.id).limit(CHUNK)
    while rows := connection.execute(query.where(columns.id > last)).all():
        are_theirs = about_the_forgotten(connection, [row.payload for row in rows])
        ids = [row.id for row, is_theirs in zip(rows, are_theirs, strict=True) if is_theirs]
        connection.execute(delete(dead_letters).where(columns.id.in_(ids)))
        last = rows[-1].id


def _everybody(connection: Connection) -> Iterator[list[UserKey]]:
    """All users and visitors, in pieces."""
    last = 0
    query = select(users.c.id, users.c.is_visitor, users.c.external_id).order_by(users.c.id).limit(_PIECE_USERS)
    while rows := connection.execute(query.where(users.c.id > last)).all():
        yield [UserKey(row.is_visitor, row.external_id) for row in rows]
        last = rows[-1].id


def _copy_checked(file: Path, stage: Path, on_progress: Progress) -> None:
    try:
        copy_sqlite(file, stage, on_progress)
        wrong = damage(stage)
    except sqlite3.Error as error:
        raise RestoreRefused(f"{file} can't be read: {error}") from error
    if wrong is not None:
        raise RestoreRefused(f"{file} is damaged ({wrong}): take another backup")


@contextmanager
def _written(file: Path, keys: Keys) -> Iterator[Connection]:
    """A transaction on a SQLite file that nobody else writes; closed again, the file is all there is of it.

    Raises:
        RestoreRefused: If the file can't be read.
    """
    engine = writing_engine(_address(file), {ERASURE_SALT: keys.erasure_salt})
    try:
        with engine.begin() as connection:
            yield connection
    except DatabaseError as error:
        raise RestoreRefused(
            f"{file} can't be read ({error.orig}): if it is the log that is there, move it away "
            "yourself, restore, and erase again whoever asked to be forgotten since the backup"
        ) from error
    finally:
        engine.dispose()


def _rewrite(file: Path) -> None:
    """Leaves nothing of deleted rows in the free space of a file's pages."""
    engine = writing_engine(_address(file), {})
    with engine.connect() as connection:
        rewrite_file(connection)
    engine.dispose()


def _address(file: Path) -> URL:
    return URL.create("sqlite", database=str(file))


@contextmanager
def _stage_beside(log: Path) -> Iterator[Path]:
    """A file in the log's folder to make the backup ready in; what is left of it is removed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=log.parent, prefix=f".{log.name}.", suffix=".restoring")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for ending in ("", *_BESIDE):
            Path(f"{name}{ending}").unlink(missing_ok=True)


def _moved_aside(log: Path, aside: Path, *, mode_of: Path) -> str:
    """Where the log is now as well, all of it in one file; the place it had is to be taken by renaming."""
    shutil.copymode(log, mode_of)
    with closing(sqlite3.connect(log, timeout=_PATIENCE_SECONDS)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise RestoreRefused(f"another process is reading {log}: try again when it is done")
    # A reader that has them open keeps them; at these names they would be taken for the restored log's own.
    for ending in _BESIDE:
        log.with_name(f"{log.name}{ending}").unlink(missing_ok=True)
    os.link(log, aside)
    return str(aside)
