"""The refused rows of a file as a file of their own, for the owner to mend and import again."""

import csv
import io
import os
import re
from pathlib import Path

import pandas as pd

from service.jobs.spreadsheet_guard import guarded

WHY = "kembang: why refused"
"""Heading of the last column; an import pays no attention to it."""

_FOR_ITS_OWNER = 0o600
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
