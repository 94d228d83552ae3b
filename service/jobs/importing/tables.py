"""From a file's bytes to a table of text cells; what is no table is refused whole, saying what to do."""

import codecs
import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SUPPORTED = "CSV or TSV (comma, semicolon, tab or | between cells), plain or compressed as .gz"
DELIMITERS = (",", ";", "\t", "|")
_GZIP_MAGIC = b"\x1f\x8b"
_PEEK_BYTES = 65_536
_OTHER_FORMATS = (
    (b"PK\x03\x04", "an Excel workbook (or another zip archive)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"<", "HTML or XML"),
)
_OTHER_NAMES = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".pq", ".json", ".jsonl", ".ndjson"})


class ImportRefused(Exception):
    """A file that can't be imported as it is; the message names it and says what to do. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's cells as text, without surrounding blanks; wholly empty rows are left out."""

    headings: tuple[str, ...]
    cells: pd.DataFrame
    """One column of text per heading, named 0, 1, ...; the index is the row number as a spreadsheet shows it."""
    is_overlong: NDArray[np.bool_]
    """Whether the row has more cells than there are headings, shape ``(n_rows,)``."""
    encoding: str
    delimiter: str


def read_table(path: Path) -> Table:
    """The table a CSV or TSV file holds, whatever its encoding, delimiter and compression.

    Compression is told by the first bytes. Text is UTF-8 (with or without byte order mark) or UTF-16 with a byte order
    mark; failing both Windows-1252, then Latin-1, in which every byte is a letter. The delimiter is the one that cuts
    the headings into most cells. The headings are the first row that is not empty. A row shorter than the headings is
    filled up with empty cells; an overlong one is marked, and keeps only its first cells.

    Raises:
        ImportRefused: If the file is missing, empty, not what its name says, or no text table.
    """
    data = _content(path)
    data, encoding = _as_utf8(data)
    delimiter, width = _delimiter_and_width(data, path.name)
    data = _with_made_row(data, delimiter, width=width)
    cells = _cells(data, delimiter, width=width, file=path.name)
    del data
    filled = cells[(cells != "").any(axis=1)]
    if len(filled) == 0:
        raise ImportRefused(f"{path.name} holds no text: export the sales again, with a row of headings first")
    headings, body = filled.iloc[0], filled.iloc[1:]
    if len(body) == 0:
        raise ImportRefused(f"{path.name} holds a row of headings and no sales below it: nothing to import")
    return Table(
        headings=tuple(headings.iloc[:width]),
        cells=body.iloc[:, :width],
        is_overlong=(body[width] != "").to_numpy(dtype=bool),
        encoding=encoding,
        delimiter=delimiter,
    )


def _content(path: Path) -> bytes:
    """The file's bytes, unpacked if need be, once its name and its first bytes tell the same story."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror or error}") from error
    if data.startswith(_GZIP_MAGIC):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ImportRefused(f"{path.name} is cut off or damaged (gzip: {error}): fetch it again") from error
    elif path.suffix.lower() == ".gz":
        raise ImportRefused(f"{path.name} is named .gz but is not compressed: rename it to what it is, such as .csv")
    _refuse_other_formats(data, path)
    return data


def _refuse_other_formats(data: bytes, path: Path) -> None:
    name = path.name
    if not data.strip():
        raise ImportRefused(f"{name} is empty: export the sales again, with a row of headings first")
    start = data.removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, what in _OTHER_FORMATS:
        if start.startswith(magic):
            raise ImportRefused(f"{name} is {what}: save it as CSV and import that. Supported: {SUPPORTED}")
    if re.match(rb"[\[{]\s*[\"{\[\]}]", start):
        raise ImportRefused(f"{name} is JSON: save it as CSV and import that. Supported: {SUPPORTED}")
    suffix = next((s.lower() for s in reversed(path.suffixes) if s.lower() != ".gz"), "")
    if suffix in _OTHER_NAMES:
        raise ImportRefused(
            f"{name} is named {suffix} but holds something else: if it is a text table, rename it to .csv. "
            f"Supported: {SUPPORTED}"
        )
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and _looks_binary(data[:_PEEK_BYTES]):
        raise ImportRefused(f"{name} is not a text table (it holds binary data). Supported: {SUPPORTED}")


def _looks_binary(start: bytes) -> bool:
    """Whether the bytes hold a zero, or more control characters than the odd slip of a keyboard (1 in 100)."""
    codes = np.frombuffer(start, dtype=np.uint8)
    controls = (codes < 32) & ~np.isin(codes, np.frombuffer(b"\t\n\v\f\r\x1a\x1b", dtype=np.uint8))
    return bool((codes == 0).any() or controls.mean() > 0.01)


def _as_utf8(data: bytes) -> tuple[bytes, str]:
    data = data.removeprefix(codecs.BOM_UTF8)
    encodings = ["utf-8", "cp1252", "latin-1"]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings.insert(0, "utf-16")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return (data if encoding == "utf-8" else text.encode()), encoding
    raise AssertionError("latin-1 decodes every byte")


def _delimiter_and_width(data: bytes, file: str) -> tuple[str, int]:
    """The delimiter that cuts the headings into most cells, the first of ``DELIMITERS`` among equals; and how many."""
    start = data[:_PEEK_BYTES].decode("utf-8", errors="ignore")
    try:
        widths = {delimiter: _heading_width(start, delimiter) for delimiter in DELIMITERS}
    except csv.Error as error:
        raise ImportRefused(f"{file} is no table of cells ({error}). Supported: {SUPPORTED}") from error
    delimiter = max(DELIMITERS, key=widths.__getitem__)
    return delimiter, widths[delimiter]


def _heading_width(start: str, delimiter: str) -> int:
    for cells in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter):
        if any(cell.strip() for cell in cells):
            return max(place for place, cell in enumerate(cells, start=1) if cell.strip())
    return 1


def _with_made_row(data: bytes, delimiter: str, *, width: int) -> bytes:
    """The text below a row of ``width + 1`` empty cells.

    pandas insists that some row has as many cells as columns are asked for, and otherwise stops at the first overlong
    row; the made row settles both. It also makes the place of a row its number.
    """
    return (delimiter * width + "\n").encode() + data


def _cells(data: bytes, delimiter: str, *, width: int, file: str) -> pd.DataFrame:
    """All rows as text, ``width`` columns and one more that shows whether a row goes on beyond them."""
    try:
        cells = pd.read_csv(
            io.BytesIO(data),
            sep=delimiter,
            header=None,
            names=list(range(width + 1)),
            usecols=list(range(width + 1)),
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
            index_col=False,
            low_memory=False,
            encoding="utf-8",
        )
    except pd.errors.ParserError as error:
        raise ImportRefused(f"{file} can't be cut into cells ({error}): look for a quotation mark left open") from error
    return pd.DataFrame({name: column.str.strip() for name, column in cells.items()}, copy=False)
