"""What a file holds once it has been read, and how it was understood; the values that importing gives away."""

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

SheetKind = Literal["sales", "expenses", "events", "items"]


class ImportRefused(Exception):
    """A file that can't be imported as it is; the message names it and says what to do. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was understood."""

    kind: SheetKind
    mapping: dict[str, str]
    """The file's heading by field, guessed or given."""
    format: str
    """``text``, ``workbook``, ``jsonl`` or ``parquet``."""
    encoding: str | None
    """Of a text file; None for others, as for ``delimiter``."""
    delimiter: str | None
    sheet: str | None
    """Of a workbook: the sheet that was read."""
    title_rows: int
    """Filled rows above the headings, left out of the count of rows."""
    date_order: str
    """``day first`` or ``month first``."""
    decimal_mark: str
    notes: tuple[str, ...]
    """What had to be assumed, a sentence each, for the owner to check."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sheet:
    """What a file holds; frames in the file's order, every frame there, empty where the kind of file has none of it."""

    kind: SheetKind
    events: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Of sales and events: id, payload_hash (16 bytes), kind (wire name), user, item, at (int64 microseconds UTC),
    order_id, quantity, amount_minor, currency, row_number.

    Of sales also anonymous (bool), rule and counted_as; quantity and amount_minor are int64, at least 1 and 0, the
    line's money. Of events also visitor (bool: ``user`` holds a visitor's id), sent_at, feed_id, seconds_watched and
    seconds_total; quantity, amount_minor and sent_at are nullable."""
    expenses: pd.DataFrame = field(default_factory=pd.DataFrame)
    """id, at, category, description, payee (texts, empty where the file says nothing), amount_minor (int64, money back
    is negative), currency, row_number."""
    items: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Of sales: item, title, price_minor (nullable), currency, is_service, first_at; see ``catalogue.items``. Of items:
    item, the other fields of ``service.log.catalogue.CatalogueItem`` that a catalogue says, and row_number."""
    users: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Of sales: user, country."""
    refused: pd.DataFrame
    """row_number (as a spreadsheet shows it), reason (a word), detail (a sentence), row (JSON text: what the file says,
    cells by heading) and cells (the row to mend and import again, a list of texts under ``headings``)."""
    headings: tuple[str, ...]
    """The file's own."""
    rows_read: int
    """Filled rows below the headings: those in events, expenses or items of a catalogue, and the refused, together."""
    reading: Reading
