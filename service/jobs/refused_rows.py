"""The refused rows of a file as a file of their own, for the owner to mend and import again."""

import csv
import io
import os
import re
import tempfile
from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from service.jobs.importing.columns import guessed_columns
from service.jobs.importing.kinds import sheet_kind
from service.jobs.importing.reading import ImportRefused
from service.jobs.spreadsheet_guard import guarded, unguarded
from service.log.mentions import Mentions

WHY = "kembang: why refused"
"""Heading of the last column; an import pays no attention to it."""

_FOR_ITS_OWNER = 0o600
_PERSON_FIELDS = ("user", "user_id", "visitor_id")
_NUMBER = r"-?\d+(?:[.,]\d+)*"


def refused_csv(refused: pd.DataFrame, headings: tuple[str, ...]) -> bytes:
    """The rows under the file's own headings and ``WHY``: UTF-8 with a BOM, by which spreadsheets know it.

    Texts that a spreadsheet would run are guarded; plain numbers are not, as little as those of an export.

    Args:
        refused: Columns cells, reason and detail; rows without cells are left out.
        headings: The file's own.
    """
    kept = refused[refused["cells"].notna()]
    places = [place for place, heading in enumerate(headings) if heading != WHY]
    columns = [_safe(pd.Series([cells[place] for cells in kept["cells"]], dtype=object)) for place in places]
    why = (kept["reason"] + ": " + kept["detail"]).tolist()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*(headings[place] for place in places), WHY])
    writer.writerows(zip(*columns, why, strict=True))
    return text.getvalue().encode("utf-8-sig")


def written_refused_rows(content: bytes, source: Path, *, instead: Path) -> Path:
    """The new file beside ``source``, or below ``instead`` where that folder can't be written; for its owner alone.

    A file that is there already stays, for somebody may be mending it; one that says the same is not written again.

    Args:
        content: What ``refused_csv`` made.
        source: The file that was imported.
        instead: A folder of our own, made if need be.

    Raises:
        OSError: If neither can be written.
    """
    try:
        return _written_beside(content, source.parent, source)
    except OSError:
        instead.mkdir(parents=True, exist_ok=True)
        return _written_beside(content, instead, source)


def write_refused_rows(content: bytes, file: Path) -> None:
    """Writes the file that the owner named, over what was there.

    Raises:
        OSError: If it can't be written.
    """
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FOR_ITS_OWNER), "wb") as opened:  # noqa: PTH123  for its mode
        opened.write(content)


def rows_taken_out(folder: Path, names: Collection[str]) -> int:
    """How many rows that name the person were taken out of the files of refused rows in a folder of our own.

    Each file is replaced as a whole or left as it was; there may be no folder.
    """
    mentions = Mentions(names)
    return sum(_taken_out(file, mentions) for file in sorted(folder.glob("*.csv")))


def _taken_out(file: Path, mentions: Mentions) -> int:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        headings, *rows = list(csv.reader(opened)) or [[]]
    person, other = _headings_by_whom(headings, file=file.name)
    kept = []
    for row in rows:
        cells = unguarded(pd.Series(row, dtype="str")).tolist()
        said = dict(zip_longest(headings, cells, fillvalue=""))
        if not mentions.in_fields(said, person_fields=person, other_fields=other):
            kept.append(row)
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


def _headings_by_whom(headings: Sequence[str], *, file: str) -> tuple[set[str], set[str]]:
    """The headings that say whom a row is about, and those that say something else, as an import would guess them."""
    try:
        places = guessed_columns(headings, kind=sheet_kind(headings, {}, file=file), taken={})
    except ImportRefused:
        return set(), set()
    of_person = {headings[place] for field, place in places.items() if field in _PERSON_FIELDS}
    # An order's number may be made of its customer's.
    others = {headings[place] for field, place in places.items() if field not in (*_PERSON_FIELDS, "order_id")}
    return of_person, others | {WHY}


def _written_beside(content: bytes, folder: Path, source: Path) -> Path:
    # sales.csv.gz and the mended sales.refused-2.csv are both about sales.
    stem = re.sub(r"\.refused(-\d+)?$", "", Path(source.name.removesuffix(".gz")).stem)
    number = 1
    while True:
        file = folder / (f"{stem}.refused.csv" if number == 1 else f"{stem}.refused-{number}.csv")
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FOR_ITS_OWNER)
        except FileExistsError:
            if file.is_file() and file.read_bytes() == content:
                return file
            number += 1
            continue
        with open(descriptor, "wb") as opened:  # noqa: PTH123  opened above, for its mode
            opened.write(content)
        return file


def _safe(cells: pd.Series) -> list[str]:
    is_number = cells.str.fullmatch(_NUMBER, na=False)
    return cells.mask(~is_number.astype(bool), guarded(cells)).fillna("").tolist()
