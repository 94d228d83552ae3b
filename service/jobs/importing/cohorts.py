"""A table of subscribers by cohort: how many were there at the start, and after each renewal date so far.

Either one row per cohort and period (headings such as ``cohort``, ``period``, ``customers``), or one row per cohort and
a column per period (``0``, ``1``, ``2`` ..., ``Month 0`` ..., ``Bulan ke-1`` ...), empty where a cohort has not come.
The first period of the table is the start. Nothing is stored; a table that can't be read whole is refused, for half a
cohort would say that the others left.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from service.jobs.importing.cells import Cells
from service.jobs.importing.columns import plain_heading
from service.jobs.importing.layout import Table
from service.jobs.importing.reading import ImportRefused
from service.jobs.importing.tables import read_table

HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cohort": (
            *("cohort", "group", "plan", "signup month", "start month", "joined", "start"),
            *("kohort", "kelompok", "angkatan", "paket", "bulan daftar", "bulan mulai", "mulai"),
        ),
        "period": (
            *("period", "renewal", "renewals", "month", "year", "week", "quarter", "age"),
            *("periode", "perpanjangan", "perpanjangan ke", "bulan", "bulan ke", "tahun", "tahun ke", "minggu"),
        ),
        "customers": (
            *("customers", "active customers", "customers active", "active", "subscribers", "survivors", "count"),
            *("pelanggan", "pelanggan aktif", "jumlah pelanggan", "pelanggan tersisa", "aktif", "jumlah"),
        ),
    }
)
"""What the columns may be called, in English and Indonesian; compared as ``plain_heading`` gives them."""

_NAMES = {plain_heading(name): field for field, names in HEADINGS.items() for name in names}
_PERIOD = re.compile(
    r"(?:period|renewal|month|year|week|quarter|age|periode|perpanjangan|bulan|tahun|minggu|[mywqp])?(?:ke)?(\d{1,4})"
)
_COUNT = re.compile(r"\d{1,12}|\d{1,3}(?:[.,  ’']\d{3}){1,3}")
_PLAIN = re.compile(r"\d{1,12}")


@dataclass(frozen=True, slots=True)
class Cohort:
    """Subscribers who began together: how many were there at the start and after each renewal date so far."""

    name: str
    customers: tuple[int, ...]


def cohorts_of_file(path: Path) -> list[Cohort]:
    """The cohorts of a file, in its order.

    Raises:
        ImportRefused: If it is no such table; the message names the row and the column.
    """
    named = [name for names in HEADINGS.values() for name in names]
    table = read_table(path, named=named, sheet=None, is_readable=lambda headings: _form(headings) is not None)
    form = _form(table.headings)
    if form is None:
        raise ImportRefused(
            f"{path.name} is no table of cohorts: it needs columns such as cohort, period and customers, or cohort "
            f"and one column per period (0, 1, 2, ...). Found: {', '.join(map(repr, table.headings))}"
        )
    if table.is_overlong.any():
        row = int(table.row_numbers[table.is_overlong.argmax()])
        raise ImportRefused(f"{path.name}, row {row}: there are more cells than headings")
    read = _long if form == "long" else _wide
    return read(table, path.name)


def _form(headings: Sequence[str]) -> str | None:
    fields = {_NAMES.get(plain_heading(heading)) for heading in headings}
    if {"period", "customers"} <= fields:
        return "long"
    return "wide" if len(_period_columns(headings)) > 1 else None


def _period_columns(headings: Sequence[str]) -> dict[int, int]:
    """Place of the column of each period."""
    found = {place: _PERIOD.fullmatch(plain_heading(heading)) for place, heading in enumerate(headings)}
    return {int(period[1]): place for place, period in found.items() if period}


def _long(table: Table, file: str) -> list[Cohort]:
    places = {
        field: next((at for at, h in enumerate(table.headings) if _NAMES.get(plain_heading(h)) == field), None)
        for field in HEADINGS
    }
    cohort_place, period_place, count_place = (places[field] for field in HEADINGS)
    assert period_place is not None
    assert count_place is not None
    names = _texts(table, cohort_place)
    periods, counts = _wholes(table, period_place, file), _wholes(table, count_place, file)
    said: dict[str, dict[int, int]] = {}
    for row, (name, period, count) in enumerate(zip(names, periods, counts, strict=True)):
        where = f"{file}, row {table.row_numbers[row]}"
        if period is None or count is None:
            raise ImportRefused(f"{where}: a period and the customers still there must stand in every row")
        if period in said.setdefault(name, {}):
            raise ImportRefused(f"{where}: cohort {name!r} has period {period} twice")
        said[name][period] = count
    first = min(period for rows in said.values() for period in rows)
    return [Cohort(name, _following(rows, first, f"{file}, cohort {name!r}")) for name, rows in said.items()]


def _wide(table: Table, file: str) -> list[Cohort]:
    places = _period_columns(table.headings)
    name_place = next((at for at in range(len(table.headings)) if at not in places.values()), None)
    names, first = _texts(table, name_place), min(places)
    columns = {period: _wholes(table, place, file) for period, place in sorted(places.items())}
    cohorts = []
    for row, name in enumerate(names):
        known = {period: count for period, counts in columns.items() if (count := counts[row]) is not None}
        where = f"{file}, row {table.row_numbers[row]}"
        cohorts.append(Cohort(name or str(row + 1), _following(known, first, where)))
    return cohorts


def _following(known: Mapping[int, int], first: int, where: str) -> tuple[int, ...]:
    """The counts from the first period on, none left out, never rising, from above 0."""
    expected = list(range(first, first + len(known)))
    if sorted(known) != expected:
        missing = next(period for period in expected if period not in known)
        raise ImportRefused(f"{where}: period {missing} is missing; a cohort goes from period {first} on without gaps")
    counts = tuple(known[period] for period in expected)
    if not counts[0]:
        raise ImportRefused(f"{where}: nobody was there in period {first}, the start")
    for period, (before, after) in enumerate(pairwise(counts), start=first + 1):
        if after > before:
            raise ImportRefused(
                f"{where}: {after} customers in period {period} after {before} before it; a cohort never grows, who "
                "comes back is of a new one"
            )
    return counts


def _texts(table: Table, place: int | None) -> list[str]:
    """The cells of a column; one cohort for all rows where there is none."""
    if place is None:
        return [""] * len(table.row_numbers)
    texts: list[str] = table.columns[place].texts.rows().tolist()
    return texts


def _wholes(table: Table, place: int, file: str) -> list[int | None]:
    """The whole numbers of a column, None where the cell is empty."""
    column: Cells = table.columns[place]
    rows, are_numbers = column.texts.rows().tolist(), column.texts.spread(column.is_number).tolist()
    found: list[int | None] = []
    for row, (text, is_number) in enumerate(zip(rows, are_numbers, strict=True)):
        form = _PLAIN if is_number else _COUNT
        if text and not form.fullmatch(text):
            raise ImportRefused(
                f"{file}, row {table.row_numbers[row]}, column {table.headings[place]!r}: {text!r} is no whole number; "
                "shares say nothing of how many they are of, so give counts"
            )
        found.append(int(re.sub(r"\D", "", text)) if text else None)
    return found
