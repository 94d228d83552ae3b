"""The one entrance: a file of any kind, read whole, with every row accounted for."""

from collections.abc import Callable, Mapping
from pathlib import Path

from service.jobs.importing.catalogue_items import items_sheet
from service.jobs.importing.columns import recognised_columns
from service.jobs.importing.expenses import expenses_sheet
from service.jobs.importing.kinds import can_be_read, sheet_kind
from service.jobs.importing.lines import is_currency
from service.jobs.importing.reading import ImportRefused, Sheet, SheetKind
from service.jobs.importing.sales import sales_sheet
from service.jobs.importing.sent_events import events_sheet
from service.jobs.importing.tables import read_table

SHEET = "sheet"
"""Not a field but a place: ``--map sheet=NAME`` says which sheet of a workbook to read."""


def read_sheet(
    path: Path,
    *,
    kind: SheetKind | None,
    mapping: Mapping[str, str],
    currency: str,
    timezone: str,
    now: int,
    on_progress: Callable[[str], None],
) -> Sheet:
    """What the file holds, ready to be stored; nothing is stored here.

    Args:
        path: The file, perhaps compressed.
        kind: What it holds; None tells by its headings.
        mapping: Heading by field, for the columns the owner names; an empty heading leaves a field out. The name of a
            workbook's sheet under ``SHEET``.
        currency: ISO 4217 code of amounts in a file that names none.
        timezone: IANA zone of times without an offset.
        now: Microseconds UTC; what is dated later, by more than each kind of file allows, is refused.
        on_progress: Told what begins, in a few words.

    Raises:
        ImportRefused: If the file can't be read at all, or an argument makes no sense.
    """
    if not is_currency(currency):
        raise ImportRefused(f"--currency must be an ISO 4217 code of three capital letters, got {currency!r}")
    fields = {field: heading for field, heading in mapping.items() if field != SHEET}
    on_progress("reading the file")
    table = read_table(
        path,
        named=[heading for heading in fields.values() if heading],
        sheet=mapping.get(SHEET),
        is_readable=lambda headings: can_be_read(headings, fields),
    )
    told = kind or sheet_kind(table.headings, fields, file=path.name)
    columns = recognised_columns(table.headings, fields, kind=told, file=path.name)
    on_progress(f"reading the {told}")
    if told == "events":
        return events_sheet(table, columns, currency=currency, now=now)
    if told == "items":
        return items_sheet(table, columns, currency=currency)
    if told == "expenses":
        return expenses_sheet(table, columns, currency=currency, timezone=timezone, now=now)
    return sales_sheet(
        table,
        columns,
        is_total_the_lines="total" in fields,
        currency=currency,
        timezone=timezone,
        now=now,
        file=path.name,
        on_progress=on_progress,
    )
