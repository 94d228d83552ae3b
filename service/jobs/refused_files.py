"""The files of refused rows that an import could not lay beside its source: a person's rows taken out of them."""

import csv
import os
import tempfile
from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path

from service.jobs.importing.columns import recognised_columns
from service.jobs.importing.tables import ImportRefused
from service.log.mentions import Mentions


def rows_taken_out(folder: Path, names: Collection[str]) -> int:
    """How many rows that name the person were taken out of the files of a folder; there may be no folder.

    Each file is replaced as a whole or left as it was.
    """
    mentions = Mentions(names)
    return sum(_taken_out(file, mentions) for file in sorted(folder.glob("*.csv")))


def _taken_out(file: Path, mentions: Mentions) -> int:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        headings, *rows = list(csv.reader(opened)) or [[]]
    person, other = _fields(headings, file=file.name)
    kept = [
        row
        for row in rows
        if not mentions.in_fields(
            dict(zip_longest(headings, row, fillvalue="")), person_fields=person, other_fields=other
        )
    ]
    if len(kept) < len(rows):
        with tempfile.NamedTemporaryFile(
            "w", dir=file.parent, prefix=".writing-", encoding="utf-8-sig", newline="", delete=False
        ) as writing:
            csv.writer(writing).writerows([headings, *kept])
            writing.flush()
            os.fsync(writing.fileno())
        Path(writing.name).chmod(file.stat().st_mode)
        Path(writing.name).replace(file)
    return len(rows) - len(kept)


def _fields(headings: Sequence[str], *, file: str) -> tuple[set[str], set[str]]:
    """The headings that say whom a row is about, and those that say something else, as an import would guess them."""
    try:
        places = recognised_columns(headings, {}, file=file)
    except ImportRefused:
        return set(), set()
    of_person = {headings[place] for field, place in places.items() if field == "user"}
    # An order's number may be made of its customer's.
    return of_person, {headings[place] for field, place in places.items() if field not in ("user", "order_id")}
