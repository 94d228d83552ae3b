"""How a file was understood, in words its owner can check."""

from collections.abc import Mapping, Sequence

from service.jobs.importing.layout import Table
from service.jobs.importing.lines import WrittenDates
from service.jobs.importing.reading import Reading, SheetKind


def understood(
    table: Table,
    columns: Mapping[str, int],
    *,
    kind: SheetKind,
    dates: WrittenDates | None,
    decimal_mark: str,
    is_mark_assumed: bool,
    notes: Sequence[str],
) -> Reading:
    """How the file was understood, with a note for all that had to be assumed.

    Args:
        table: The file's cells.
        columns: Column number by field.
        kind: What the file holds.
        dates: Its column of dates; None where instants have one form only.
        decimal_mark: Of its numbers.
        is_mark_assumed: Whether the numbers could be read with either mark.
        notes: What else is to be said.
    """
    order = "month first" if dates is not None and dates.order.month_first else "day first"
    said = []
    if table.encoding not in (None, "utf-8", "utf-16"):
        said.append(f"The file is not UTF-8; it was read as {table.encoding}: check names with accents.")
    if table.title_rows:
        said.append(f"{table.title_rows} rows above the headings were taken for titles.")
    if dates is not None and not dates.order.is_decided:
        said.append(f"No date tells day from month; they were read {order}: if wrong, write dates as 2011-12-31.")
    if is_mark_assumed:
        said.append(f"No number tells its decimal mark; {decimal_mark!r} was taken: if wrong, write 1234.50.")
    return Reading(
        kind=kind,
        mapping={field: table.headings[place] for field, place in columns.items()},
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        title_rows=table.title_rows,
        date_order=order,
        decimal_mark=decimal_mark,
        notes=(*said, *notes),
    )
