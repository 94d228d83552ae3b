"""Appending whole frames: what an import or a simulated shop brings."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from recommender.events import Kind
from service.log.append import append_rows
from service.log.catalogue import CatalogueItem, put_items
from service.log.dictionaries import ensured_item_ids, ensured_user_ids
from service.log.event_rows import EventRow
from service.log.names import UserKey

EVENT_COLUMNS = (
    "id",
    "payload_hash",
    "kind",
    "user",
    "item",
    "at",
    "order_id",
    "quantity",
    "amount_minor",
    "currency",
    "seconds_watched",
    "seconds_total",
)
"""Columns of an event frame: ``kind`` is the wire name, ``user`` the shop's own id or null (an anonymous sale)."""

_CHUNK_ROWS = 20_000


def put_item_frame(
    connection: Connection, frame: pd.DataFrame, *, now: int, known_from: Literal["sales", "catalogue"]
) -> None:
    """Makes the catalogue say what the frame says.

    Args:
        connection: A writer's connection.
        frame: Column ``item`` (the outside id) and any fields of ``CatalogueItem``; null where not known.
        now: Microseconds UTC.
        known_from: How much the frame knows; sales never overwrite a catalogue.
    """
    known = [field.name for field in fields(CatalogueItem) if field.name in frame]
    plain = pd.DataFrame({name: _nullable(frame[name]) for name in known})
    rows: list[dict[str, Any]] = plain.assign(external_id=frame["item"]).to_dict("records")  # type: ignore[assignment]  # column names are strings
    put_items(connection, [CatalogueItem(**row, known_from=known_from) for row in rows], now=now)


def append_event_frame(
    connection: Connection,
    frame: pd.DataFrame,
    *,
    received_at: int,
    import_id: int | None = None,
    on_progress: Callable[[int], None],
) -> NDArray[np.object_]:
    """Appends every row that is new by its id, and says what became of each.

    Args:
        connection: A writer's connection.
        frame: Columns ``EVENT_COLUMNS``; optional ones null where not given, or left out.
        received_at: Microseconds UTC.
        import_id: The import the rows came with.
        on_progress: Told how many rows are done.

    Returns:
        ``accepted``, ``duplicate`` or ``rejected`` for each row, in order.
    """
    user_ids = _codes_to_ids(frame["user"], lambda names: _user_ids(connection, names, received_at))
    item_ids = _codes_to_ids(frame["item"], lambda names: ensured_item_ids(connection, names, now=received_at))
    columns = {
        "id": frame["id"],
        "payload_hash": frame["payload_hash"],
        "kind": frame["kind"].map({kind.name.lower(): int(kind) for kind in Kind}),
        "user_id": user_ids,
        "item_id": item_ids,
        **{name: frame.get(name) for name in EVENT_COLUMNS[5:]},
    }
    plain = pd.DataFrame({name: _nullable(values) for name, values in columns.items()}, index=frame.index)
    plain = plain.assign(sent_at=None, feed_id=None, received_at=received_at, import_id=import_id)
    results: list[str] = []
    for start in range(0, len(plain), _CHUNK_ROWS):
        chunk = plain.iloc[start : start + _CHUNK_ROWS][list(EventRow._fields)]
        rows = [EventRow(*values) for values in chunk.itertuples(index=False, name=None)]
        results += [appended.result for appended in append_rows(connection, rows)]
        on_progress(len(results))
    return np.array(results, dtype=object)


def _user_ids(connection: Connection, names: list[str], now: int) -> dict[str, int]:
    found = ensured_user_ids(connection, [UserKey(False, name) for name in names], now=now)
    return {key.external_id: id_ for key, id_ in found.items()}


def _codes_to_ids(names: pd.Series, ids_of: Callable[[list[str]], dict[str, int]]) -> pd.Series:
    """The integer id behind every name, null where the name is or has none; each distinct name is looked up once."""
    codes, distinct = pd.factorize(names)
    id_of = ids_of([str(name) for name in distinct])
    ids = np.array([id_of.get(str(name), -1) for name in distinct] + [-1], dtype=np.int64)[codes]
    return pd.Series(ids, index=names.index, dtype="Int64").mask(ids < 0)


def _nullable(values: pd.Series | None) -> pd.Series | None:
    """The same values as Python objects the database driver takes, with None where there is none."""
    if values is None:
        return None
    plain = values.astype(object)
    return plain.where(values.notna(), None)
