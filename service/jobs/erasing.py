"""Forgetting a person everywhere: the log, files of refused rows, the bytes of the database; and the receipt of it."""

import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from customers.snapshots import forget, rows_about
from recommender.artifact import live_version
from service.clock import instant_text
from service.jobs.refused_rows import rows_taken_out
from service.log.database import Database, LogFailure, is_sqlite, sqlite_file
from service.log.erasure import Removed, begin_erasure, remove_letters, remove_piece, what_is_left
from service.log.free_space import names_in_free_space
from service.log.letters import letters_naming
from service.log.names import UserKey, chunks
from service.log.people import PIECE_ROWS, Person
from service.log.wiping import emptied_wal, rewrite_file, vacuum_postgres
from service.log.writer import Writer
from service.money import decimal_amount
from service.settings import Settings

_log = logging.getLogger(__name__)

REWRITTEN_BYTES = 32 * 2**20
"""Largest SQLite file that is rewritten under a running service: every write waits for about a second meanwhile."""

_MOST_ROUNDS = 3
"""Times to begin again where the second look finds what was stored while the first round was on its way."""

_CHECKPOINT_TRIES, _CHECKPOINT_PAUSE_SECONDS = 5, 0.1


def erased(
    database: Database, writer: Writer, settings: Settings, key: UserKey, *, now: int, is_served: bool
) -> dict[str, Any]:
    """The receipt of a person's erasure, in the shape of the API: what went, a second look, what is out of reach.

    It names nobody. For somebody the log does not know, or has forgotten before, it has the same shape with zeros. An
    erasure that was cut off is finished by the next one.

    Args:
        database: The log.
        writer: Its writer.
        settings: The deployment, for the files of its home.
        key: The user or visitor.
        now: Microseconds UTC.
        is_served: Whether feeds wait for the writer meanwhile, so that large files must not be rewritten.

    Raises:
        LogBusy: If too many writes are waiting; erasing again finishes what was begun.
    """
    person = writer.run(lambda connection: begin_erasure(connection, key, now=now))
    refused_rows = rows_taken_out(settings.home / "refused", person.names)
    # Before her names: what they led to could not be found again.
    ids = np.array(person.ids, dtype=np.int64)
    values = forget(settings.values, ids)
    removed = Removed.nothing()
    for _ in range(_MOST_ROUNDS):
        removed += _removed(database, writer, person)
        with database.reader.connect() as connection:
            left = what_is_left(connection, person)
        if not any(left.values()):
            break
    return {
        "as_of": instant_text(now),
        "removed": {**removed.rows, "refused_rows": refused_rows, "values": values},
        "money": _money(removed),
        "experiments": {experiment: dict(units) for experiment, units in removed.units.items()},
        "left": {**left, "values": rows_about(settings.values, ids)},
        "storage": _storage(database, writer, settings, person, is_served=is_served),
        "may_remain": _may_remain(settings, as_of=instant_text(now)),
    }


def _removed(database: Database, writer: Writer, person: Person) -> Removed:
    with database.reader.connect() as connection:
        letter_ids = letters_naming(connection, person.names)
    removed = Removed.nothing()
    for chunk in chunks(letter_ids, PIECE_ROWS):
        removed += writer.run(lambda connection, chunk=chunk: remove_letters(connection, person, chunk))  # type: ignore[misc]  # this round's own
    is_done = False
    while not is_done:
        piece, is_done = writer.run(lambda connection: remove_piece(connection, person))
        removed += piece
    return removed


def _money(removed: Removed) -> dict[str, dict[str, str]]:
    return {
        currency: {name: str(decimal_amount(minor, currency)) for name, minor in sums.items()}
        for currency, sums in sorted(removed.money.items())
    }


def _storage(
    database: Database, writer: Writer, settings: Settings, person: Person, *, is_served: bool
) -> dict[str, Any]:
    """What became of the deleted bytes."""
    if not is_sqlite(settings.database_url):
        return {
            "database": "postgresql",
            "vacuumed": _vacuumed(database),
            "note": "the deleted rows' space is freed by a vacuum and then used again; older copies of it are in the "
            "server's write-ahead log and backups until those are recycled",
        }
    file = sqlite_file(settings.database_url)
    is_empty = _emptied_wal(writer)
    copies = names_in_free_space(file, person.names)
    is_rewritten = copies > 0 and (not is_served or file.stat().st_size <= REWRITTEN_BYTES)
    if is_rewritten:
        writer.upkeep(rewrite_file)
        is_empty = _emptied_wal(writer)
        copies = names_in_free_space(file, person.names)
    return {
        "database": "sqlite",
        "wal_emptied": is_empty,
        "copies_in_free_space": copies,
        "rewritten": is_rewritten,
        "note": _storage_note(is_empty=is_empty, copies=copies),
    }


def _vacuumed(database: Database) -> bool:
    """Whether the deleted rows' space was freed; where the server does not let us, its own vacuum will."""
    if database.writing is None:
        return False
    try:
        vacuum_postgres(database.writing)
    except LogFailure as error:
        _log.warning("erased, but the tables could not be vacuumed: %s", error)
        return False
    return True


def _emptied_wal(writer: Writer) -> bool:
    for tried in range(_CHECKPOINT_TRIES):
        if tried:
            time.sleep(_CHECKPOINT_PAUSE_SECONDS)  # for a reader to finish; the writer goes on meanwhile
        if writer.upkeep(emptied_wal):
            return True
    return False


def _storage_note(*, is_empty: bool, copies: int) -> str:
    if not is_empty:
        return (
            "somebody is reading the log for long (a training, a backup), so deleted bytes are still in its -wal "
            "file: erase again once that is done"
        )
    if copies:
        return (
            "the name still stands in free space of the file, which is too large to be rewritten under a service: "
            "stop the service and run the same `kembang erase` once more"
        )
    return "deleted bytes are overwritten"


def _may_remain(settings: Settings, *, as_of: str) -> list[dict[str, str]]:
    """Where the person may still be, out of our reach, and what to do about it."""
    found = [
        {"where": f"export of {said['what']} to {said['file']} at {said['at']}", "do": "delete it, or export again"}
        for said in _exports(settings.home / "exports.jsonl")
    ]
    version = live_version(settings.models)
    if version is not None:
        found.append(
            {
                "where": f"the model {version}, in sums over many people; it holds nothing on one person alone",
                "do": "run `kembang train`: the next model does not know the person",
            }
        )
    return [
        *found,
        {
            "where": f"backups made before {as_of}",
            "do": "`kembang database restore` forgets the person again, unless the erasure is lifted; delete those you "
            "do not need",
        },
        {
            "where": "sales files that were imported, and files of refused rows beside them",
            "do": "delete the rows there",
        },
        {
            "where": "ids of sales that are imported again from now on: hashes of rows with the name in them, which "
            "somebody who guesses the name can confirm",
            "do": "delete the rows in the file before it is imported again",
        },
        {
            "where": "order numbers and event ids of other people's and anonymous sales, if made of this one's id",
            "do": "nothing, as a rule: those rows are not about this person",
        },
    ]


def _exports(file: Path) -> list[Mapping[str, Any]]:
    if not file.exists():
        return []
    return [_export(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _export(line: str) -> Mapping[str, Any]:
    try:
        said: Mapping[str, Any] = json.loads(line)
    except ValueError:  # the export was killed while it wrote this line
        return {"what": "unknown rows", "file": "an unknown file", "at": "an unknown time"}
    return said
