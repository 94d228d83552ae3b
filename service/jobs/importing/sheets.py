"""The one entrance: a file of any kind, read whole, with every row accounted for."""

from collections.abc import Callable, Mapping
from pathlib import Path

from service.jobs.importing.columns import recognised_columns
from service.jobs.importing.lines import is_currency
from service.jobs.importing.reading import Sheet, SheetKind
from service.jobs.importing.sales import sales_sheet
from service.jobs.importing.tables import ImportRefused, read_table


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
        mapping: Heading by field, for the columns the owner names; an empty heading leaves a field out.
        currency: ISO 4217 code of amounts in a file that names none.
        timezone: IANA zone of times without an offset.
        now: Microseconds UTC; lines dated more than a day later are refused.
        on_progress: Told what begins, in a few words.

    Raises:
        ImportRefused: If the file can't be read at all, or an argument makes no sense.
    """
    if not is_currency(currency):
        raise ImportRefused(f"--currency must be an ISO 4217 code of three capital letters, got {currency!r}")
    on_progress("reading the file")
    table = read_table(path)
    columns = recognised_columns(table.headings, mapping, file=path.name)
    return sales_sheet(
        table,
        columns,
        mapping=mapping,
        currency=currency,
        timezone=timezone,
        now=now,
        file=path.name,
        on_progress=on_progress,
    )
