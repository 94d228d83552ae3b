"""From a file's bytes to a table of cells, whatever its format; what is no table is refused, saying what to do."""

import codecs
import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Collection
from io import BytesIO
from pathlib import Path

import numpy as np

from service.jobs.importing.layout import RowsRefused, Table
from service.jobs.importing.reading import ImportRefused
from service.jobs.importing.records import json_lines_table, parquet_table
from service.jobs.importing.text_tables import text_table
from service.jobs.importing.workbooks import workbook_table

SUPPORTED = (
    "CSV or TSV (comma, semicolon, tab or | between cells), Excel or OpenDocument workbooks, JSON Lines, Parquet, each "
    "plain or compressed as .gz"
)
_GZIP_MAGIC = b"\x1f\x8b"
_PEEK_BYTES = 65_536
_NAMES = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "workbook"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "text"),
}
_SAYS = {
    "workbook": ("a workbook (Excel or OpenDocument)", ".xlsx"),
    "parquet": ("a Parquet file", ".parquet"),
    "jsonl": ("JSON Lines", ".jsonl"),
    "text": ("a text table", ".csv"),
}
_NO_TABLES = ((b"%PDF", "a PDF"), (b"<", "HTML or XML"))


def read_table(
    path: Path, *, named: Collection[str], sheet: str | None, is_readable: Callable[[tuple[str, ...]], bool]
) -> Table:
    """The table that a file holds.

    Compression and format are told by the content, and must not contradict the name.

    Args:
        path: The file.
        named: Headings that the owner named; they help to find the row of headings.
        sheet: The sheet of a workbook to read; None takes the only one whose headings can be read.
        is_readable: Whether a sheet with these headings can be read.

    Raises:
        ImportRefused: If the file is missing, empty, not what its name says, or no table.
    """
    data = _content(path)
    form = _format(data, path)
    if sheet is not None and form != "workbook":
        raise ImportRefused(f"{path.name} is {_SAYS[form][0]} and has no sheets: leave out --map sheet={sheet}")
    try:
        if form == "workbook":
            return workbook_table(data, named=named, sheet=sheet, is_readable=is_readable)
        if form == "text":
            return text_table(data, named=named)
        return parquet_table(data) if form == "parquet" else json_lines_table(data)
    except RowsRefused as error:
        raise ImportRefused(f"{path.name} {error}") from error


def _content(path: Path) -> bytes:
    """The file's bytes, unpacked if need be."""
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
    if not data.strip():
        raise ImportRefused(f"{path.name} is empty: export it again, with a row of headings first")
    return data


def _format(data: bytes, path: Path) -> str:
    """What the content is, once the name tells the same story; a name of no known ending tells none."""
    form = _form_of_content(data, path.name)
    suffix = next((s.lower() for s in reversed(path.suffixes) if s.lower() != ".gz"), "")
    promised = _NAMES.get(suffix, form)
    if promised != form:
        what, ending = _SAYS[form]
        raise ImportRefused(
            f"{path.name} is named {suffix} but is {what}: if it is meant to be, rename it to {ending}; else export it "
            f"again. Supported: {SUPPORTED}"
        )
    return form


def _form_of_content(data: bytes, name: str) -> str:
    if data.startswith(b"PK\x03\x04"):
        return _zip_form(data, name)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return "workbook"
    if data.startswith(b"PAR1"):
        return "parquet"
    start = data[:_PEEK_BYTES].removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, what in _NO_TABLES:
        if start.startswith(magic):
            raise ImportRefused(f"{name} is {what}: save it as CSV and import that. Supported: {SUPPORTED}")
    if re.match(rb"\[\s*[\"{\[\]]", start):
        raise ImportRefused(f"{name} is one JSON array: write one object per line (JSON Lines). Supported: {SUPPORTED}")
    if re.match(rb"\{\s*[\"}]", start):
        return "jsonl"
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and _looks_binary(data[:_PEEK_BYTES]):
        raise ImportRefused(f"{name} is not a table (it holds binary data). Supported: {SUPPORTED}")
    return "text"


def _zip_form(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.namelist()
    except zipfile.BadZipFile as error:
        raise ImportRefused(f"{name} is cut off or damaged (zip: {error}): fetch it again") from error
    if any(member.startswith("xl/") for member in members) or "content.xml" in members:
        return "workbook"
    raise ImportRefused(f"{name} is a zip archive: unpack it and import what is inside. Supported: {SUPPORTED}")


def _looks_binary(start: bytes) -> bool:
    """Whether the bytes hold a zero, or more control characters than the odd slip of a keyboard (1 in 100)."""
    codes = np.frombuffer(start, dtype=np.uint8)
    controls = (codes < 32) & ~np.isin(codes, np.frombuffer(b"\t\n\v\f\r\x1a\x1b", dtype=np.uint8))
    return bool((codes == 0).any() or controls.mean() > 0.01)
