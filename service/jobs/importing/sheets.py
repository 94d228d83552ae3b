"""The entrance: a file of any kind, read whole, with every row accounted for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from service.jobs.importing.catalogue_items import items_sheet
from service.jobs.importing.columns import NEEDED_OF_ORDERS, recognised_columns
from service.jobs.importing.expenses import expenses_sheet
from service.jobs.importing.kinds import can_be_read, orders_can_be_read, orders_kind, sheet_kind
from service.jobs.importing.layout import Table
from service.jobs.importing.lines import is_currency
from service.jobs.importing.orders import SoldLines, orders_in_events, orders_in_sales
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
    fields = _fields(mapping, currency=currency)
    on_progress("reading the file")
    table = _table(path, mapping, fields, is_readable=can_be_read)
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


def read_orders(
    path: Path,
    *,
    mapping: Mapping[str, str],
    currency: str,
    timezone: str,
    now: int,
    on_progress: Callable[[str], None],
) -> SoldLines:
    """Who bought when, for how much and at what cost, by a file that need only say the first two.

    The arguments are those of ``read_sheet``. The file holds sales, or events as ``kembang export events`` writes them.

    Raises:
        ImportRefused: If the file can't be read at all, or an argument makes no sense.
    """
    fields = _fields(mapping, currency=currency)
    on_progress("reading the file")
    table = _table(path, mapping, fields, is_readable=orders_can_be_read)
    kind = orders_kind(table.headings)
    if kind == "events":
        columns = recognised_columns(table.headings, fields, kind=kind, file=path.name)
        return orders_in_events(events_sheet(table, columns, currency=currency, now=now))
    columns = recognised_columns(table.headings, fields, kind=kind, file=path.name, needed=NEEDED_OF_ORDERS)
    on_progress("reading the sales")
    return orders_in_sales(
        table,
        columns,
        is_total_the_lines="total" in fields,
        currency=currency,
        timezone=timezone,
        now=now,
        file=path.name,
    )


def _fields(mapping: Mapping[str, str], *, currency: str) -> dict[str, str]:
    """The mapping without the places in it."""
    if not is_currency(currency):
        raise ImportRefused(f"--currency must be an ISO 4217 code of three capital letters, got {currency!r}")
    return {field: heading for field, heading in mapping.items() if field != SHEET}


def _table(
    path: Path,
    mapping: Mapping[str, str],
    fields: Mapping[str, str],
    *,
    is_readable: Callable[[Sequence[str], Mapping[str, str]], bool],
) -> Table:
    return read_table(
        path,
        named=[heading for heading in fields.values() if heading],
        sheet=mapping.get(SHEET),
        is_readable=lambda headings: is_readable(headings, fields),
    )
