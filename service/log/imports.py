"""Imports as the log keeps them: which file, when, and what became of its rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, update

from service.log.tables import imports


def begin_import(connection: Connection, *, file_name: str, now: int) -> int:
    """The number of a new import; every row that it stores or refuses carries it."""
    statement = insert(imports).values(file_name=file_name, started_at=now, report={})
    inserted = connection.execute(statement).inserted_primary_key
    if inserted is None:
        raise LookupError(f"the database gave no id to the import of {file_name}")
    return int(inserted[0])


def finish_import(connection: Connection, import_id: int, *, report: Mapping[str, Any], now: int) -> None:
    """Keeps the account of a finished import."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(report=dict(report), finished_at=now))
