"""A file that has been read into the log, in pieces, through whoever writes it, with every row accounted for.

One path with two ends: the log's own writer, or a running service that holds it. Nothing is stored before the file has
been read and understood as a whole. Each piece is a write of its own, so small that a feed that waits for it is not
late; rows are known by their ids, so that an import that was cut off is completed by importing the file again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.jobs.accounts import Outcome, outcome_of
from service.jobs.importing.reading import Sheet
from service.jobs.sheet_pieces import Pace, item_pieces, letter_pieces, row_pieces, user_pieces
from service.log.bulk import foreseen_results
from service.log.database import Connection, Reader
from service.log.import_pieces import ACCEPTED, EventPiece, ExpensePiece, Piece
from service.log.imports import begin_import, finish_import, store_import_piece
from service.log.writer import Writer

Progress = Callable[[str, float], None]


class ImportEnd(Protocol):
    """Where an import is stored."""

    @property
    def is_alone(self) -> bool:
        """Whether nobody else waits for the log meanwhile."""

    def begin(self, file_name: str, *, kind: str) -> int:
        """The number of a new import."""

    def store(self, import_id: int, piece: Piece) -> str:
        """What became of the piece's rows, a letter each, once committed: see ``service.log.import_pieces``."""

    def finish(self, import_id: int, report: dict[str, Any]) -> None:
        """Keeps the import's account."""


@dataclass(frozen=True, slots=True)
class WriterEnd:
    """The log's own writer.

    Args:
        writer: It.
        now: The clock, microseconds UTC.
        is_alone: Whether no service writes this log meanwhile, as on SQLite none can.
    """

    writer: Writer
    now: Callable[[], int]
    is_alone: bool

    def begin(self, file_name: str, *, kind: str) -> int:
        """The number of a new import."""
        now = self.now()
        return self.writer.run(lambda c: begin_import(c, file_name=file_name, kind=kind, now=now))

    def store(self, import_id: int, piece: Piece) -> str:
        """What became of the piece's rows, once they are committed."""
        now = self.now()
        return self.writer.run(lambda c: store_import_piece(c, import_id, piece, now=now))

    def finish(self, import_id: int, report: dict[str, Any]) -> None:
        """Keeps the import's account."""
        now = self.now()
        self.writer.run(lambda c: finish_import(c, import_id, report=report, now=now))


def stored_sheet(end: ImportEnd, sheet: Sheet, *, file_name: str, on_progress: Progress) -> Outcome:
    """Stores what a file holds, and says what became of each of its rows.

    Rows imported before are duplicates and change nothing; refused rows are kept as dead letters.

    Args:
        end: Where to.
        sheet: The file, read.
        file_name: What the owner calls it.
        on_progress: Told what is being done and the finished share.
    """
    pace = Pace(is_alone=end.is_alone)
    import_id = end.begin(file_name, kind=sheet.kind)

    def store(piece: EventPiece | ExpensePiece) -> str:
        started = time.perf_counter()
        results = end.store(import_id, piece)
        pace.note(time.perf_counter() - started)
        return results

    results = _row_results(sheet, pace, store, lambda share: on_progress("storing the rows", share))
    # After the rows, by which an undoing finds what this import described, even where it was cut off.
    on_progress("storing the catalogue", 1.0)
    for described in item_pieces(sheet):
        end.store(import_id, described)
    for located in user_pieces(sheet):
        end.store(import_id, located)
    outcome = outcome_of(sheet, results, import_id=import_id)
    for letters in letter_pieces(outcome.refused):
        end.store(import_id, letters)
    end.finish(import_id, outcome.account)
    return outcome


def foreseen_sheet(reader: Reader | None, sheet: Sheet, *, on_progress: Progress) -> Outcome:
    """What storing the file would come to now, with nothing written.

    Args:
        reader: The log, with the key of who asked to be forgotten; None if there is no log yet.
        sheet: The file, read.
        on_progress: Told what is being done and the finished share.
    """

    def foreseen(connection: Connection | None) -> NDArray[np.str_]:
        before: dict[str, bytes] = {}

        def look_up(piece: EventPiece | ExpensePiece) -> str:
            nonlocal before
            results = foreseen_results(connection, piece, before=before)
            # Rows come in the order of their ids, so that equal ones meet in one piece or in neighbours.
            hashes = piece.payload_hashes if isinstance(piece, EventPiece) else [b""] * len(piece.ids)
            firsts = dict(zip(reversed(piece.ids), reversed(hashes), strict=True))
            before = {id_: before.get(id_, hash_) for id_, hash_ in firsts.items()}
            return results

        return _row_results(
            sheet, Pace(is_alone=True), look_up, lambda share: on_progress("looking the rows up", share)
        )

    if reader is None:
        return outcome_of(sheet, foreseen(None), import_id=None)
    with reader.connect() as connection:
        return outcome_of(sheet, foreseen(connection), import_id=None)


def _row_results(
    sheet: Sheet,
    pace: Pace,
    store: Callable[[EventPiece | ExpensePiece], str],
    on_progress: Callable[[float], None],
) -> NDArray[np.str_]:
    """What became of each row of the sheet's events or expenses, in the file's order; of items that all are stored."""
    frame = {"expenses": sheet.expenses, "items": sheet.items}.get(sheet.kind, sheet.events)
    results = np.full(len(frame), ACCEPTED)
    done = 0
    for places, piece in row_pieces(sheet, pace):
        results[places] = list(store(piece))
        done += len(places)
        on_progress(done / len(frame))
    return results
