"""A table's rows as typed lines of sale: every field as what it means, cell by cell valid or not, nothing decided yet.

Ids are texts. A whole number that some program wrote as a float (``17850.0``) loses its ``.0``, and the words in which
programs write "nothing" (``nan``, ``NULL``, ``-`` ...) are nothing, for customers and order numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing import dates, numbers
from service.jobs.importing.cells import Cells, Texts
from service.jobs.importing.dates import DateOrder, Instants
from service.jobs.importing.layout import Table
from service.jobs.importing.numbers import Decimals
from service.money import currency_exponent

_NOTHING = frozenset({"-", "nan", "null", "none", "n/a", "#n/a"})


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers; all shape ``(n_rows,)``."""

    decimals: Decimals
    is_written: NDArray[np.bool_]
    """False where the cell is empty, or the file has no such column."""
    texts: Texts
    """One spelling per value, empty where nothing valid is written."""


@dataclass(frozen=True, slots=True)
class WrittenNumbers:
    """The columns of numbers of a file, which share one decimal mark."""

    columns: Mapping[str, Numbers]
    """By field, for those fields that have a column."""
    decimal_mark: str
    is_mark_assumed: bool
    """Whether the numbers could be read with either decimal mark."""


@dataclass(frozen=True, slots=True)
class WrittenDates:
    """A column of dates; all shape ``(n_rows,)``."""

    instants: Instants
    texts: Texts
    """One spelling per instant as written."""
    order: DateOrder


@dataclass(frozen=True, slots=True)
class WrittenCurrencies:
    """The currency of each row."""

    codes: Texts
    """Upper case; the shop's own where the file names none."""
    minor_digits: NDArray[np.int64]
    are_codes: NDArray[np.bool_]
    """Whether it has the form of an ISO 4217 code, shape ``(n_rows,)``."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows of a sales file, columnar; all shape ``(n_rows,)``; a missing text is empty."""

    order_ids: Texts
    items: Texts
    """The item's code; its title where the file has no codes."""
    titles: Texts
    users: Texts
    countries: Texts
    currencies: WrittenCurrencies
    quantities: Numbers
    """Valid and 1 where the file has no such column."""
    prices: Numbers
    totals: Numbers
    costs: Numbers
    """Of the whole line."""
    unit_costs: Numbers
    fees: Numbers
    dates: WrittenDates
    decimal_mark: str
    is_mark_assumed: bool


def typed_lines(table: Table, columns: Mapping[str, int], *, currency: str, timezone: str) -> Lines:
    """The rows of ``table``, its fields being in these ``columns``, in the file's order.

    Raises:
        ImportRefused: If there is no such time zone.
    """
    n_rows = len(table.row_numbers)
    titles = text(table, columns, "title")
    currencies = written_currencies(table, columns, currency=currency)
    read = written_numbers(table, columns, ("quantity", "price", "total"), currencies=currencies, currency=currency)
    # What a row costs must not change how its money is read, which is in the row's id.
    costs = written_numbers(
        table,
        columns,
        ("cost", "unit_cost", "fee"),
        currencies=currencies,
        currency=currency,
        mark=read.decimal_mark if read.columns and not read.is_mark_assumed else None,
    )
    return Lines(
        order_ids=text(table, columns, "order_id").mapped(id_or_nothing),
        items=text(table, columns, "item").mapped(_id) if "item" in columns else titles,
        titles=titles,
        users=text(table, columns, "user").mapped(id_or_nothing),
        countries=text(table, columns, "country"),
        currencies=currencies,
        quantities=read.columns.get("quantity") or _everywhere(1, n_rows),
        prices=read.columns.get("price") or _everywhere(None, n_rows),
        totals=read.columns.get("total") or _everywhere(None, n_rows),
        costs=costs.columns.get("cost") or _everywhere(None, n_rows),
        unit_costs=costs.columns.get("unit_cost") or _everywhere(None, n_rows),
        fees=costs.columns.get("fee") or _everywhere(None, n_rows),
        dates=written_dates(table.columns[columns["at"]], currency=currency, timezone=timezone),
        decimal_mark=read.decimal_mark,
        is_mark_assumed=read.is_mark_assumed,
    )


def is_currency(code: str) -> bool:
    """Whether the text has the form of an ISO 4217 code."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def text(table: Table, columns: Mapping[str, int], field: str) -> Texts:
    """The field's texts; empty everywhere where the file has no such column."""
    if field in columns:
        return table.columns[columns[field]].texts
    return Texts.everywhere("", len(table.row_numbers))


def id_or_nothing(texts: pd.Series) -> pd.Series:
    """Ids as the module describes them, empty for the words that mean nothing."""
    means_nothing = np.fromiter((text.lower() in _NOTHING for text in texts), dtype=bool, count=len(texts))
    return _id(texts).where(~means_nothing, "")


def written_currencies(table: Table, columns: Mapping[str, int], *, currency: str) -> WrittenCurrencies:
    """The currency of each row, ``currency`` where the file names none."""
    codes = text(table, columns, "currency").mapped(lambda texts: texts.str.upper().replace("", currency))
    digits = np.array([currency_exponent(code) for code in codes.distinct], dtype=np.int64)
    are_codes = np.array([is_currency(code) for code in codes.distinct], dtype=bool)
    return WrittenCurrencies(codes, codes.spread(digits), codes.spread(are_codes))


def written_numbers(
    table: Table,
    columns: Mapping[str, int],
    fields: tuple[str, ...],
    *,
    currencies: WrittenCurrencies,
    currency: str,
    mark: str | None = None,
) -> WrittenNumbers:
    """The numbers in those of the ``fields`` that have a column, all read with one decimal mark.

    Args:
        table: The file's cells.
        columns: Column number by field.
        fields: Which of them are numbers.
        currencies: Of the rows: their marks may stand beside a number.
        currency: The shop's, which decides about the decimal mark what the file leaves open.
        mark: The decimal mark where it is known already.
    """
    known = [code for code in dict.fromkeys([currency, *currencies.codes.distinct]) if is_currency(code)]
    cells = {field: table.columns[columns[field]] for field in fields if field in columns}
    bare = {field: numbers.bare_numbers(own.texts.distinct, currencies=known) for field, own in cells.items()}
    # A number that the file holds as such says nothing of how its texts write decimals.
    voting = [bare[field][~own.is_number] for field, own in cells.items()]
    is_assumed = False
    if mark is None:
        mark, is_assumed = numbers.decimal_mark(voting, currency=currency) if voting else (".", False)
    read = {}
    for field, own in cells.items():
        values = numbers.decimals(bare[field], mark=mark)
        if own.is_number.any():
            values = values.where(~own.is_number, numbers.decimals(bare[field], mark="."))
        read[field] = _numbers(own.texts, values)
    return WrittenNumbers(read, mark, is_assumed)


def written_dates(cells: Cells, *, currency: str, timezone: str) -> WrittenDates:
    """The instants in a column.

    Raises:
        ImportRefused: If there is no such time zone.
    """
    zone = dates.shop_zone(timezone)
    codes = cells.texts.codes
    texts = dates.without_serials(cells.texts.distinct, is_number=cells.is_number)
    order = dates.date_order(texts, currency=currency, timezone=timezone)
    read = dates.instants(texts, month_first=order.month_first, zone=zone)
    spelt = read.written.astype(str).astype(object)
    return WrittenDates(
        instants=Instants(read.utc[codes], read.written[codes], read.is_valid[codes]),
        texts=Texts.of(codes, spelt),
        order=order,
    )


def _numbers(texts: Texts, values: Decimals) -> Numbers:
    """The rows' numbers, ``values`` being those of the distinct texts."""
    written = zip(values.mantissas.tolist(), values.scales.tolist(), values.is_valid.tolist(), strict=True)
    spelt = np.array([f"{mantissa}e-{scale}" if valid else "" for mantissa, scale, valid in written], dtype=object)
    return Numbers(decimals=values.take(texts.codes), is_written=~texts.is_empty, texts=Texts.of(texts.codes, spelt))


def _everywhere(value: int | None, n_rows: int) -> Numbers:
    """The column a file doesn't have: one value in every row, or none."""
    values = Decimals(
        mantissas=np.full(n_rows, value or 0, dtype=np.int64),
        scales=np.zeros(n_rows, dtype=np.int64),
        is_valid=np.full(n_rows, value is not None),
    )
    return Numbers(values, np.zeros(n_rows, dtype=bool), Texts.everywhere("", n_rows))


def _id(texts: pd.Series) -> pd.Series:
    # Few files have such ids, and the look at the end of a text is cheap.
    ends = np.fromiter((text.endswith(".0") for text in texts), dtype=bool, count=len(texts))
    return texts.str.replace(r"^(\d+)\.0$", r"\1", regex=True) if ends.any() else texts
