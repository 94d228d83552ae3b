"""A table's rows as typed lines of sale: every field as what it means, cell by cell valid or not, nothing decided yet.

Cells repeat: a date on every line of its receipt, a price on every sale of its item. So each column is cut down to its
distinct texts, these are understood once, and the result is spread over the rows.

Ids are texts. A whole number that some program wrote as a float (``17850.0``) loses its ``.0``, and the words in which
programs write "nothing" (``nan``, ``NULL``, ``-`` ...) are nothing, for customers and order numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing import dates, numbers
from service.jobs.importing.dates import DateOrder, Instants
from service.jobs.importing.numbers import Decimals
from service.jobs.importing.tables import Table
from service.money import currency_exponent

_NOTHING = ("-", "nan", "null", "none", "n/a", "#n/a")


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers; all shape ``(n_rows,)``."""

    decimals: Decimals
    is_written: NDArray[np.bool_]
    """False where the cell is empty, or the file has no such column."""
    texts: NDArray[np.object_]
    """One spelling per value, empty where nothing valid is written."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows of a sales file, columnar; all shape ``(n_rows,)``; a missing text is empty."""

    order_ids: NDArray[np.object_]
    items: NDArray[np.object_]
    """The item's code; its title where the file has no codes."""
    titles: NDArray[np.object_]
    users: NDArray[np.object_]
    countries: NDArray[np.object_]
    currencies: NDArray[np.object_]
    """Upper case; the shop's own where the file names none."""
    minor_digits: NDArray[np.int64]
    quantities: Numbers
    """Valid and 1 where the file has no such column."""
    prices: Numbers
    totals: Numbers
    instants: Instants
    instant_texts: NDArray[np.object_]
    """One spelling per instant as written."""
    date_order: DateOrder
    decimal_mark: str
    is_mark_assumed: bool
    """Whether the numbers could be read with either decimal mark."""


def typed_lines(table: Table, columns: Mapping[str, int], *, currency: str, timezone: str) -> Lines:
    """The rows of ``table``, its fields being in these ``columns``, in the file's order.

    Raises:
        ImportRefused: If there is no such time zone.
    """
    n_rows = len(table.cells)

    def text(field: str, meaning: Callable[[pd.Series], pd.Series]) -> NDArray[np.object_]:
        if field not in columns:
            return np.full(n_rows, "", dtype=object)
        codes, distinct = _distinct(table.cells[columns[field]])
        return meaning(pd.Series(distinct, dtype=object)).to_numpy(dtype=object)[codes]

    currencies = text("currency", lambda texts: texts.str.upper())
    currencies[currencies == ""] = currency
    codes, distinct = pd.factorize(currencies)
    digits = np.array([currency_exponent(code) for code in distinct], dtype=np.int64)[codes]
    known = [code for code in {currency, *distinct} if is_currency(code)]
    quantities, prices, totals, mark, is_assumed = _numbers(table, columns, currencies=known, currency=currency)
    order, instants, instant_texts = _instants(table.cells[columns["at"]], currency=currency, timezone=timezone)
    titles = text("title", _unchanged)
    return Lines(
        order_ids=text("order_id", _id_or_nothing),
        items=text("item", _id) if "item" in columns else titles,
        titles=titles,
        users=text("user", _id_or_nothing),
        countries=text("country", _unchanged),
        currencies=currencies,
        minor_digits=digits,
        quantities=quantities,
        prices=prices,
        totals=totals,
        instants=instants,
        instant_texts=instant_texts,
        date_order=order,
        decimal_mark=mark,
        is_mark_assumed=is_assumed,
    )


def is_currency(code: str) -> bool:
    """Whether the text has the form of an ISO 4217 code."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def _distinct(cells: pd.Series) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    codes, distinct = pd.factorize(cells.to_numpy(dtype=object))
    return codes, np.asarray(distinct, dtype=object)


def _numbers(
    table: Table, columns: Mapping[str, int], *, currencies: list[str], currency: str
) -> tuple[Numbers, Numbers, Numbers, str, bool]:
    """Quantities, prices and totals; the decimal mark of all three; and whether it had to be assumed."""
    fields = [field for field in ("quantity", "price", "total") if field in columns]
    coded = {field: _distinct(table.cells[columns[field]]) for field in fields}
    bare = {field: numbers.bare_numbers(texts, currencies=currencies) for field, (_, texts) in coded.items()}
    mark, is_assumed = numbers.decimal_mark(list(bare.values()), currency=currency)
    n_rows = len(table.cells)
    read = {
        "quantity": _everywhere(1, n_rows),
        "price": _everywhere(None, n_rows),
        "total": _everywhere(None, n_rows),
    }
    for field, (codes, texts) in coded.items():
        values = numbers.decimals(bare[field], mark=mark)
        written = zip(values.mantissas.tolist(), values.scales.tolist(), values.is_valid.tolist(), strict=True)
        spelt = np.array([f"{mantissa}e-{scale}" if valid else "" for mantissa, scale, valid in written], dtype=object)
        read[field] = Numbers(decimals=values.take(codes), is_written=(texts != "")[codes], texts=spelt[codes])
    return read["quantity"], read["price"], read["total"], mark, is_assumed


def _everywhere(value: int | None, n_rows: int) -> Numbers:
    """The column a file doesn't have: one value in every row, or none."""
    values = Decimals(
        mantissas=np.full(n_rows, value or 0, dtype=np.int64),
        scales=np.zeros(n_rows, dtype=np.int64),
        is_valid=np.full(n_rows, value is not None),
    )
    return Numbers(decimals=values, is_written=np.zeros(n_rows, dtype=bool), texts=np.full(n_rows, "", dtype=object))


def _instants(cells: pd.Series, *, currency: str, timezone: str) -> tuple[DateOrder, Instants, NDArray[np.object_]]:
    codes, texts = _distinct(cells)
    zone = dates.shop_zone(timezone)
    order = dates.date_order(texts, currency=currency, timezone=timezone)
    read = dates.instants(texts, month_first=order.month_first, zone=zone)
    spelt = read.written.astype(str).astype(object)
    return order, Instants(read.utc[codes], read.written[codes], read.is_valid[codes]), spelt[codes]


def _unchanged(texts: pd.Series) -> pd.Series:
    return texts


def _id(texts: pd.Series) -> pd.Series:
    return texts.str.replace(r"^(\d+)\.0$", r"\1", regex=True)


def _id_or_nothing(texts: pd.Series) -> pd.Series:
    return _id(texts).where(~texts.str.lower().isin(_NOTHING), "")
