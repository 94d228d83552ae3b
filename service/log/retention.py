"""What may be let go of by age: exposures nobody needs any more, and dead letters nobody mended."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from service.log.engines import PRUNING, try_log_lock
from service.log.experiments import STATUS_AFTER
from service.log.tables import dead_letters, experiments, exposures

PIECE_ROWS = 500
"""Rows that one transaction removes; a feed whose commit comes behind it waits some tens of milliseconds."""

TABLES = (exposures.name, dead_letters.name)
"""Tables that rows are let go from."""

_US_PER_DAY = 86_400_000_000
_NEVER_NEEDS_EXPOSURES = (STATUS_AFTER["create"], STATUS_AFTER["archive"])


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept, in days, at least 1; None is for ever."""

    exposures_days: int | None
    dead_letters_days: int | None


class Piece(NamedTuple):
    """A few rows past their time, of one table, in the order of their keys."""

    table: str
    keys: tuple[int, ...]
    last_key: int
    """The last key that was looked at; the next piece begins after it."""


def next_piece(
    connection: Connection, retention: Retention, table: str, *, now: int, after_key: int = 0
) -> Piece | None:
    """The next rows of a table that are past their time, or None when the rest is young enough.

    Rows come in the order of their instants, nearly: the lowest keys are looked at first, and the looking ends with the
    first piece that holds nothing old. Exposures since the start of the earliest experiment that is neither a draft nor
    archived are kept whatever their age.

    Args:
        connection: Any connection to the log.
        retention: How long rows are kept.
        table: ``exposures`` or ``dead_letters``.
        now: Microseconds UTC.
        after_key: Where to begin.
    """
    kept = exposures if table == exposures.name else dead_letters
    days = retention.exposures_days if kept is exposures else retention.dead_letters_days
    if days is None:
        return None
    before = now - days * _US_PER_DAY
    if kept is exposures and (needed_since := _needed_since(connection)) is not None:
        before = min(before, needed_since)
    key, at = (
        (exposures.c.seq, exposures.c.at) if kept is exposures else (dead_letters.c.id, dead_letters.c.received_at)
    )
    rows = connection.execute(select(key, at).where(key > after_key).order_by(key).limit(PIECE_ROWS)).all()
    old = tuple(row[0] for row in rows if row[1] < before)
    return Piece(table, old, rows[-1][0]) if old else None


def pruned(connection: Connection, retention: Retention, table: str, *, now: int, after_key: int = 0) -> Piece | None:
    """The next piece of a table, removed; None when there is nothing old left, or another replica is at it.

    Args:
        connection: A writer's connection.
        retention: How long rows are kept.
        table: ``exposures`` or ``dead_letters``.
        now: Microseconds UTC.
        after_key: Where to begin.
    """
    if not try_log_lock(connection, PRUNING):
        return None
    piece = next_piece(connection, retention, table, now=now, after_key=after_key)
    if piece is not None:
        kept, key = (exposures, exposures.c.seq) if table == exposures.name else (dead_letters, dead_letters.c.id)
        connection.execute(delete(kept).where(key.in_(piece.keys)))
    return piece


def _needed_since(connection: Connection) -> int | None:
    """The start of the earliest experiment that is neither a draft nor archived; None without one."""
    columns = experiments.c
    living = select(func.min(columns.started_at)).where(columns.status.not_in(_NEVER_NEEDS_EXPOSURES))
    earliest: int | None = connection.execute(living).scalar()
    return earliest
