"""A file of expenses (rent, stock, advertising), with every row accounted for.

Money out is positive and money back, written below zero, negative. An expense of nothing is refused: it is a slip. The
id of a row is made as for sales, of date, amount, currency, category, description and payee; the id in a file that
``kembang export expenses`` wrote is kept.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.blocks import laid_out
from service.jobs.importing.cells import Texts
from service.jobs.importing.layout import Table
from service.jobs.importing.lines import (
    Numbers,
    WrittenCurrencies,
    WrittenDates,
    text,
    written_currencies,
    written_dates,
    written_numbers,
)
from service.jobs.importing.money import Amounts, products
from service.jobs.importing.numbers import Decimals
from service.jobs.importing.reading import Sheet
from service.jobs.importing.refusals import (
    BAD_CURRENCY,
    BAD_DATE,
    LAYOUT_REASONS,
    Reasons,
    first_reasons,
    plain_dates,
    plain_numbers,
    refused_rows,
)
from service.jobs.importing.row_ids import row_ids
from service.jobs.importing.sale_rules import MAX_AHEAD_MICROS
from service.jobs.importing.understanding import understood

REASONS: Reasons = MappingProxyType(
    {
        **LAYOUT_REASONS,
        "bad_date": BAD_DATE,
        "future_date": ("at", "this is more than a day after now: an expense can't be known before it is made"),
        "bad_amount": ("amount", "this is no amount of money in the row's currency"),
        "zero_amount": ("amount", "an expense of nothing is none"),
        "bad_currency": BAD_CURRENCY,
        "missing_purpose": ("", "neither description nor category nor payee says what the money was for"),
        "too_large": ("amount", "this is more money than can be counted exactly"),
    }
)
"""Why a row is refused."""

_SAID = ("category", "description", "payee")


def expenses_sheet(
    table: Table,
    columns: Mapping[str, int],
    *,
    currency: str,
    timezone: str,
    now: int,
) -> Sheet:
    """The expenses in ``table``.

    Args:
        table: The file's cells.
        columns: Column number by field.
        currency: ISO 4217 code of amounts in a file that names none.
        timezone: IANA zone of times without an offset.
        now: Microseconds UTC; rows dated more than a day later are refused.

    Raises:
        ImportRefused: If there is no such time zone.
    """
    layout = laid_out(table, columns)
    currencies = written_currencies(layout.table, columns, currency=currency)
    numbers = written_numbers(layout.table, columns, ("amount",), currencies=currencies, currency=currency)
    amounts = numbers.columns["amount"]
    dates = written_dates(layout.table.columns[columns["at"]], currency=currency, timezone=timezone)
    said = {field: text(layout.table, columns, field) for field in _SAID}
    money = _money(amounts, currencies)
    applies = {
        **{reason: layout.reasons == reason for reason in ("total_row", "repeated_headings", "bad_text")},
        "too_many_cells": table.is_overlong,
        **_bad_values(dates, amounts, currencies, said, money, now=now),
    }
    refusals = first_reasons(REASONS, applies)
    refused = np.flatnonzero(refusals != "")
    mended = {
        columns["at"]: plain_dates(dates.instants.take(refused)),
        columns["amount"]: plain_numbers(amounts.decimals.take(refused)),
    }
    return Sheet(
        kind="expenses",
        expenses=_expenses(
            table, columns, dates, amounts, currencies, said, money, rows=np.flatnonzero(refusals == "")
        ),
        refused=refused_rows(table, columns, refusals, reasons=REASONS, mended=mended),
        headings=table.headings,
        rows_read=len(refusals),
        reading=understood(
            table,
            columns,
            kind="expenses",
            dates=dates,
            decimal_mark=numbers.decimal_mark,
            is_mark_assumed=numbers.is_mark_assumed,
            notes=layout.notes,
        ),
    )


def _bad_values(
    dates: WrittenDates,
    amounts: Numbers,
    currencies: WrittenCurrencies,
    said: Mapping[str, Texts],
    money: Amounts,
    *,
    now: int,
) -> dict[str, NDArray[np.bool_]]:
    return {
        "bad_date": ~dates.instants.is_valid,
        "future_date": dates.instants.utc > now + MAX_AHEAD_MICROS,
        "bad_amount": ~amounts.decimals.is_valid,
        "zero_amount": money.signs == 0,
        "bad_currency": ~currencies.are_codes,
        "missing_purpose": np.logical_and.reduce([texts.is_empty for texts in said.values()]),
        "too_large": ~money.fits,
    }


def _money(amounts: Numbers, currencies: WrittenCurrencies) -> Amounts:
    n_rows = len(amounts.is_written)
    one = Decimals(np.ones(n_rows, np.int64), np.zeros(n_rows, np.int64), np.ones(n_rows, np.bool_))
    return products(amounts.decimals, one, digits=currencies.minor_digits)


def _expenses(
    table: Table,
    columns: Mapping[str, int],
    dates: WrittenDates,
    amounts: Numbers,
    currencies: WrittenCurrencies,
    said: Mapping[str, Texts],
    money: Amounts,
    *,
    rows: NDArray[np.intp],
) -> pd.DataFrame:
    named = row_ids([dates.texts, amounts.texts, currencies.codes, *said.values()]).ids.to_numpy(dtype=object)
    exported = text(table, columns, "id").mapped(lambda ids: ids.where(ids.str.fullmatch(r"import-[0-9a-f]{32}"), ""))
    ids = np.where(exported.is_empty, named, exported.rows())
    return pd.DataFrame(
        {
            "id": pd.Series(ids[rows], dtype="str"),
            "at": dates.instants.utc[rows],
            **{field: pd.Series(texts.take(rows).rows(), dtype="str") for field, texts in said.items()},
            "amount_minor": (money.minor * money.signs)[rows],
            "currency": currencies.codes.take(rows).series(),
            "row_number": table.row_numbers[rows],
        }
    )
