"""Archives of a PostgreSQL log, made and read by PostgreSQL's own ``pg_dump`` and ``pg_restore``."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.engine import make_url

from service.log.tables import metadata

ARCHIVE = b"PGDMP"
"""What an archive begins with."""

_OUR_TABLES = (*(table.name for table in metadata.sorted_tables), "alembic_version")
_TABLE_LINE = re.compile(r"^\d+; \d+ \d+ TABLE (?!DATA )(\S+) (\S+) ", re.MULTILINE)


class ToolFailed(Exception):
    """One of PostgreSQL's own programs is missing, or says that it could not do it."""


def dump(connection: Connection, url: str, file: Path, *, snapshot: str) -> None:
    """Writes the log's tables, and nothing else that lives in the database, to an archive.

    Args:
        connection: In the transaction that exported the snapshot.
        url: Address of the log.
        file: Where to; what is there is overwritten.
        snapshot: What ``pg_export_snapshot`` answered.

    Raises:
        ToolFailed: If it can't be done.
    """
    where = current_schema(connection)
    tables = [f'--table="{where}"."{name}"' for name in _OUR_TABLES]
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}"]
    _run("pg_dump", [*options, *tables], connection, url)


def foreign_tables(connection: Connection, url: str, file: Path) -> str | None:
    """Why an archive is no copy of a log that could lie where this one does, or None.

    Raises:
        ToolFailed: If it can't be read.
    """
    listed = _TABLE_LINE.findall(_run("pg_restore", ["--list", str(file)], connection, url, connects=False))
    where = current_schema(connection)
    schemas, names = {schema for schema, _ in listed}, {name for _, name in listed}
    if not {"home", "events", "users", "alembic_version"} <= names or not names <= set(_OUR_TABLES):
        return "it holds other tables than a log does"
    if schemas != {where}:
        return f"it was taken from the schema {', '.join(sorted(schemas))}, and this log lies in {where}"
    return None


def undump(connection: Connection, url: str, file: Path) -> None:
    """Makes the tables of an archive, with their rows, where none are: all or nothing.

    Raises:
        ToolFailed: If it can't be done.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", [*options, str(file)], connection, url)


def move_tables(connection: Connection, *, source: str, target: str) -> None:
    """Moves the log's tables, those that are there, from one schema to another."""
    quoted = connection.dialect.identifier_preparer.quote_identifier
    for name in _present(connection, source):
        connection.execute(text(f"ALTER TABLE {quoted(source)}.{quoted(name)} SET SCHEMA {quoted(target)}"))


def drop_tables(connection: Connection, *, schema: str) -> None:
    """Drops the log's tables, those that are there."""
    quoted = connection.dialect.identifier_preparer.quote_identifier
    for name in _present(connection, schema):
        connection.execute(text(f"DROP TABLE {quoted(schema)}.{quoted(name)} CASCADE"))


def current_schema(connection: Connection) -> str:
    """The schema of the database in which this log lies."""
    return str(connection.execute(select(func.current_schema())).scalar_one())


def _present(connection: Connection, schema: str) -> list[str]:
    there = set(inspect(connection).get_table_names(schema=schema))
    return [name for name in _OUR_TABLES if name in there]


def _run(tool: str, options: Sequence[str], connection: Connection, url: str, *, connects: bool = True) -> str:
    """What the program writes to standard output."""
    path = shutil.which(tool)
    if path is None:
        raise ToolFailed(f"{tool} is not on the PATH: install PostgreSQL's client programs, of the server's version")
    _, said = connection.dialect.create_connect_args(make_url(url))
    where = [f"--dbname={_connection_text(said)}", "--no-password"] if connects else []
    # A password among the arguments could be read by everybody on the machine.
    secret = {"PGPASSWORD": str(said["password"])} if said.get("password") else {}
    done = subprocess.run(  # noqa: S603  a program of the system, with arguments that no shell reads
        [path, *where, *options],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolFailed(f"{tool} could not do it: {done.stderr.strip() or f'it ended with {done.returncode}'}")
    return done.stdout


def _connection_text(said: Mapping[str, object]) -> str:
    """How libpq is told where to connect to."""
    escaped = {name: str(value).replace("\\", "\\\\").replace("'", "\\'") for name, value in said.items()}
    return " ".join(f"{name}='{value}'" for name, value in escaped.items() if name not in ("password", "context"))
