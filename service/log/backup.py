"""A copy of the log in one file, taken while the service goes on writing, and checked before it gets its name.

The secret of the deployment is not in it: whoever finds a backup can't tell who was erased, and whoever restores one
needs the secret from elsewhere.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, func, select, text

from service.log.database import is_sqlite, open_for_reading, sqlite_file
from service.log.dumps import dump
from service.log.schema import Schema
from service.log.tables import metadata

Progress = Callable[[str, float], None]
"""To be called with what is being done and the finished share, 0 to 1."""

_PIECE_PAGES = 4_096


class BackupFailed(Exception):
    """No copy was made; the message says what stood in the way."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the log that has been checked."""

    file: Path
    bytes: int
    schema: str
    rows: Mapping[str, int]
    """By table, as of the instant the copy shows."""


def back_up(url: str, file: Path, *, on_progress: Progress) -> Backup:
    """A copy of the log at ``url``, as it was at one instant; whoever writes it is not held up.

    A SQLite log becomes a SQLite file, a PostgreSQL log an archive of ``pg_dump``. Only its owner may read it (0600),
    and is there whole or not at all.

    Args:
        url: Address of the log.
        file: Where to put it; nothing may be there yet.
        on_progress: Told what is being done and the finished share.

    Raises:
        FileNotFoundError: If there is no log yet.
        FileExistsError: If there is such a file already.
        SchemaOutdated: If the log is not one of this version.
        BackupFailed: If the copy can't be made, or is damaged.
    """
    if file.exists():
        raise FileExistsError(f"{file} is there already: name a new file, backups are never overwritten")
    database = open_for_reading(url)
    try:
        with _whole_or_not_at_all(file) as part:
            if is_sqlite(url):
                schema, rows = _copied(sqlite_file(url), part, on_progress)
            else:
                with database.reader.connect() as connection:
                    schema, rows = _dumped(connection, url, part, on_progress)
    finally:
        database.close()
    on_progress("done", 1.0)
    return Backup(file=file, bytes=file.stat().st_size, schema=schema, rows=rows)


@contextmanager
def _whole_or_not_at_all(file: Path) -> Iterator[Path]:
    """A file beside the wanted one, on the disk and renamed on leaving, gone if that fails."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".partial")  # 0600
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        sync(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    sync(file.parent)


def sync(path: Path) -> None:
    """Makes a file's content, or a folder's names, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_sqlite(source: Path, target: Path, on_progress: Progress) -> None:
    """Makes ``target`` a SQLite file with what ``source`` holds at this instant, while others may write that.

    The copy is one file: nothing of it waits in a write-ahead log.

    Raises:
        sqlite3.Error: If the source can't be read, or the target not be written.
    """
    with (
        closing(
            sqlite3.connect(f"file:{quote(str(source.resolve()))}?mode=ro", uri=True, isolation_level=None)
        ) as read,
        closing(sqlite3.connect(target, isolation_level=None)) as written,
    ):
        # One snapshot for the whole copy: without it the copying would begin again with every commit of the service.
        read.execute("BEGIN")
        read.execute("SELECT count(*) FROM sqlite_master").fetchone()
        written.execute("PRAGMA synchronous = OFF")  # it is synced once, when it is whole
        read.backup(
            written,
            pages=_PIECE_PAGES,
            progress=lambda _status, left, total: on_progress("copying", 0.7 * (1 - left / max(total, 1))),
        )
        written.execute("PRAGMA journal_mode = DELETE")


def damage(file: Path) -> str | None:
    """What SQLite's integrity check finds wrong with a file that nobody writes, or None."""
    with closing(sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro", uri=True)) as copy:
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
    return None if found == ["ok"] else "; ".join(found)


def _copied(source: Path, part: Path, on_progress: Progress) -> tuple[str, dict[str, int]]:
    try:
        copy_sqlite(source, part, on_progress)
        on_progress("checking the copy", 0.7)
        wrong = damage(part)
    except sqlite3.Error as error:
        raise BackupFailed(f"{source} could not be copied: {error}") from error
    if wrong is not None:
        raise BackupFailed(f"{source} is damaged ({wrong}): restore the last backup that is whole")
    on_progress("counting its rows", 0.9)
    copy = open_for_reading(f"sqlite:///{quote(str(part))}")
    try:
        with copy.reader.connect() as connection:
            return _schema(connection), _row_counts(connection)
    finally:
        copy.close()


def _dumped(connection: Connection, url: str, part: Path, on_progress: Progress) -> tuple[str, dict[str, int]]:
    connection = connection.execution_options(isolation_level="REPEATABLE READ")
    with connection.begin():
        snapshot = str(connection.execute(text("SELECT pg_export_snapshot()")).scalar_one())
        on_progress("counting the rows", 0.0)
        schema, rows = _schema(connection), _row_counts(connection)
        on_progress("copying", 0.2)
        dump(connection, url, part, snapshot=snapshot)
    return schema, rows


def _schema(connection: Connection) -> str:
    return Schema().found(connection) or ""


def _row_counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
    }
