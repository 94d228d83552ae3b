"""A sales file as events, catalogue and customers, with every row accounted for.

The rules, each under the name it has in the ``rule`` column. The sign of a line's money decides its kind, so that
purchases less refunds are the file's own total; amounts and quantities are stored as positive numbers.

- ``sale``: money above zero. A purchase.
- ``cancellation``: quantity below zero, and an order number of C and digits. A refund.
- ``return``: quantity and money below zero without such a number. A refund.
- ``money_adjustment``: money below zero though the quantity is above (a bad debt written off, a credit). A refund.
- ``free_line``: quantity above zero at no money (a gift, a sample). A purchase of amount zero.
- ``stock_adjustment``: quantity below zero at no money (a write-off, a count corrected). A refund of amount zero.

Every line that can be understood is stored, since a refused line is one that its owner should mend. A line without a
customer is an anonymous sale whatever its rule: it is in totals and never in models. ``counted_as`` sorts the stored
lines into heaps that add up: anonymous, and among the customers' own refund, free (``free_line``) and purchase.

The line's money is its total if the file has one, else quantity x unit price, exact, rounded once to the minor unit,
half to even. A line too small for a minor unit (1 x 0.001) is a sale of amount zero. Weighed goods (0.4 kg) are rounded
up to whole pieces in ``quantity`` alone; their money stays exact. The reasons to refuse a line are in ``REASONS``.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing import catalogue
from service.jobs.importing.lines import Lines, is_currency, typed_lines
from service.jobs.importing.money import Amounts, divided_half_even, products
from service.jobs.importing.numbers import Decimals
from service.jobs.importing.reading import Reading, Sheet
from service.jobs.importing.row_ids import row_ids
from service.jobs.importing.tables import ImportRefused, Table

MAX_ID_LENGTH = 256
MAX_ORDER_ID_LENGTH = 128
MAX_QUANTITY = 2**31 - 1
"""What the log has room for."""

MAX_AHEAD_MICROS = 86_400_000_000
"""How far after now a line may be dated: a time read in the wrong zone is at most 14 hours ahead, a slip far more."""

REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "too_many_cells": ("", "the row has more cells than there are headings: a cell may need quotation marks"),
        "missing_item": ("item", "no item is named"),
        "id_too_long": (
            "",
            f"an id is longer than {MAX_ID_LENGTH} letters, or an order number than {MAX_ORDER_ID_LENGTH}",
        ),
        "bad_date": (
            "at",
            "this is no date of the calendar from 1970 to 2199, in the order of day and month of the file",
        ),
        "future_date": ("at", "this is more than a day after now: a sale can't be known before it is made"),
        "bad_quantity": ("quantity", "this is no number"),
        "zero_quantity": ("quantity", "a quantity of zero sells nothing"),
        "bad_total": ("total", "this is no amount of money in the line's currency"),
        "bad_price": ("price", "this is no amount of money in the line's currency"),
        "bad_currency": ("currency", "this is no ISO 4217 code of three letters"),
        "contradictory_signs": ("quantity", "the quantity is below zero, the money above"),
        "too_large": ("", "the quantity or the money is larger than can be counted exactly"),
    }
)
"""Why a line is refused, by code: the field that shows it, if one does, and the meaning. The first to apply counts."""


def sales_sheet(
    table: Table,
    columns: Mapping[str, int],
    *,
    mapping: Mapping[str, str],
    currency: str,
    timezone: str,
    now: int,
    file: str,
    on_progress: Callable[[str], None],
) -> Sheet:
    """The sales in ``table``, ready to append to the log.

    Args:
        table: The file's cells.
        columns: Column number by field.
        mapping: What the owner said of the columns.
        currency: ISO 4217 code of amounts in a file that names none.
        timezone: IANA zone of times without an offset.
        now: Microseconds UTC; lines dated more than a day later are refused.
        file: The file's name, for the messages.
        on_progress: Told what begins, in a few words.

    Raises:
        ImportRefused: If there is no such time zone, or a column of totals contradicts the prices.
    """
    on_progress("reading dates and amounts")
    lines = typed_lines(table, columns, currency=currency, timezone=timezone)
    amounts = _amounts(lines)
    if {"price", "total"} <= columns.keys() and "total" not in mapping:
        _refuse_order_totals(lines, amounts, heading=table.headings[columns["total"]], file=file)
    on_progress("applying the rules")
    refusals = _refusals(lines, amounts, is_overlong=table.is_overlong, now=now)
    is_stored = refusals == ""
    row_numbers = table.cells.index.to_numpy(dtype=np.int64)
    refused = _refused(table, columns, refusals)
    reading = _reading(table, columns, lines, weighed=is_stored & (lines.quantities.decimals.scales > 0))
    on_progress("naming the events")
    events = _events(lines, amounts, row_numbers=row_numbers, is_stored=is_stored)
    on_progress("gathering the catalogue")
    mentions = _mentions(lines, amounts)[is_stored]
    return Sheet(
        kind="sales",
        events=events,
        expenses=pd.DataFrame(),
        items=catalogue.items(mentions),
        users=catalogue.users(mentions),
        refused=refused,
        headings=table.headings,
        rows_read=len(refusals),
        reading=reading,
    )


def _amounts(lines: Lines) -> Amounts:
    """The money of each line: its total where one is written, else quantity x unit price."""
    computed = products(lines.quantities.decimals, lines.prices.decimals, digits=lines.minor_digits)
    stated = products(lines.totals.decimals, _ones(len(lines.items)), digits=lines.minor_digits)
    is_stated = lines.totals.is_written
    return Amounts(
        minor=np.where(is_stated, stated.minor, computed.minor),
        signs=np.where(is_stated, stated.signs, computed.signs),
        fits=np.where(is_stated, stated.fits, computed.fits),
    )


def _ones(n_rows: int) -> Decimals:
    return Decimals(np.ones(n_rows, np.int64), np.zeros(n_rows, np.int64), np.ones(n_rows, np.bool_))


def _refuse_order_totals(lines: Lines, amounts: Amounts, *, heading: str, file: str) -> None:
    """Stops where a column taken for the lines' totals contradicts quantity x price on most lines.

    It may be the total of the whole order, repeated on each of its lines: adding those up would multiply the money.
    """
    computed = products(lines.quantities.decimals, lines.prices.decimals, digits=lines.minor_digits)
    is_both = lines.totals.decimals.is_valid & lines.prices.decimals.is_valid & lines.quantities.decimals.is_valid
    n_agreeing = int((is_both & (computed.minor == amounts.minor)).sum())
    if 2 * n_agreeing < int(is_both.sum()):
        raise ImportRefused(
            f"{file}: column {heading!r} equals quantity x price on {n_agreeing:,} of {int(is_both.sum()):,} lines, so "
            f"it may be the order's total. Say --map total={heading} if it is the line's, --map total= to leave it out"
        )


def _refusals(lines: Lines, amounts: Amounts, *, is_overlong: NDArray[np.bool_], now: int) -> NDArray[np.object_]:
    """The first reason to refuse each line, empty where there is none."""
    quantities, totals, prices = lines.quantities, lines.totals, lines.prices
    lengths = [pd.Series(ids, dtype=object).str.len().to_numpy() for ids in (lines.items, lines.users, lines.order_ids)]
    currencies = pd.Series(lines.currencies, dtype=object)
    known = [code for code in currencies.unique() if is_currency(code)]
    is_too_long = (lengths[0] > MAX_ID_LENGTH) | (lengths[1] > MAX_ID_LENGTH) | (lengths[2] > MAX_ORDER_ID_LENGTH)
    applies = {
        "too_many_cells": is_overlong,
        "missing_item": lines.items == "",
        "id_too_long": is_too_long,
        "bad_date": ~lines.instants.is_valid,
        "future_date": lines.instants.utc > now + MAX_AHEAD_MICROS,
        "bad_quantity": ~quantities.decimals.is_valid,
        "zero_quantity": quantities.decimals.mantissas == 0,
        "bad_total": totals.is_written & ~totals.decimals.is_valid,
        "bad_price": ~totals.is_written & ~prices.decimals.is_valid,
        "bad_currency": ~currencies.isin(known).to_numpy(dtype=bool),
        "contradictory_signs": (quantities.decimals.mantissas < 0) & (amounts.signs > 0),
        "too_large": ~amounts.fits | (_pieces(quantities.decimals) > MAX_QUANTITY),
    }
    reasons: NDArray[np.object_] = np.full(len(lines.items), "", dtype=object)
    for reason in reversed(tuple(REASONS)):
        reasons[applies[reason]] = reason
    return reasons


def _pieces(quantities: Decimals) -> NDArray[np.int64]:
    """Whole pieces, without the sign; a part of a piece is a piece."""
    parts = 10**quantities.scales
    pieces: NDArray[np.int64] = (np.abs(quantities.mantissas) + parts - 1) // parts
    return pieces


def _rules(lines: Lines, amounts: Amounts) -> NDArray[np.object_]:
    is_taken_back = lines.quantities.decimals.mantissas < 0
    is_cancelled = pd.Series(lines.order_ids, dtype=object).str.fullmatch(r"[Cc]\d+").to_numpy(dtype=bool)
    rules: NDArray[np.object_] = np.full(len(lines.items), "sale", dtype=object)
    rules[amounts.signs == 0] = "free_line"
    rules[amounts.signs < 0] = "money_adjustment"
    rules[is_taken_back & (amounts.signs < 0)] = "return"
    rules[is_taken_back & (amounts.signs == 0)] = "stock_adjustment"
    rules[is_taken_back & is_cancelled] = "cancellation"
    return rules


def _events(
    lines: Lines, amounts: Amounts, *, row_numbers: NDArray[np.int64], is_stored: NDArray[np.bool_]
) -> pd.DataFrame:
    """The stored lines as events. Ids are given to all lines: one must not depend on the fate of another row."""
    rules = _rules(lines, amounts)
    is_anonymous = lines.users == ""
    is_purchase = np.isin(rules, ["sale", "free_line"])
    counted_as = np.where(is_purchase, "purchase", "refund").astype(object)
    counted_as[rules == "free_line"] = "free"
    counted_as[is_anonymous] = "anonymous"
    numbers = (lines.quantities.texts, lines.prices.texts, lines.totals.texts)
    ids = row_ids([lines.order_ids, lines.items, lines.users, lines.instant_texts, *numbers, lines.currencies])
    columns: dict[str, Any] = {
        "id": np.array(ids, dtype=object),
        "payload_hash": np.array([bytes.fromhex(id_.rpartition("-")[2]) for id_ in ids], dtype=object),
        "kind": np.where(is_purchase, "purchase", "refund").astype(object),
        "user": _none_for_empty(lines.users),
        "item": lines.items,
        "at": lines.instants.utc,
        "order_id": _none_for_empty(lines.order_ids),
        "quantity": _pieces(lines.quantities.decimals),
        "amount_minor": amounts.minor,
        "currency": lines.currencies,
        "anonymous": is_anonymous,
        "rule": rules,
        "counted_as": counted_as,
        "row_number": row_numbers,
    }
    stored = {name: values[is_stored] for name, values in columns.items()}
    return pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in stored.items()}, copy=False)


def _none_for_empty(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    values = texts.copy()
    values[values == ""] = None
    return values


def _mentions(lines: Lines, amounts: Amounts) -> pd.DataFrame:
    """What each line says of its item and its customer, as ``catalogue`` wants it."""
    quantities = lines.quantities.decimals
    priced = products(lines.prices.decimals, _ones(len(lines.items)), digits=lines.minor_digits)
    # A price worked out from a total so large that it can't be is no loss: the catalogue takes another line's.
    dividends = np.where(amounts.minor < 2**42, amounts.minor, 0) * 10**quantities.scales
    worked_out = divided_half_even(dividends, np.maximum(quantities.mantissas, 1))
    unit_minor = np.where(lines.prices.decimals.is_valid, priced.minor, worked_out)
    is_sale = (amounts.signs > 0) & (quantities.mantissas > 0)
    return pd.DataFrame(
        {
            "item": lines.items,
            "title": lines.titles,
            "user": lines.users,
            "country": lines.countries,
            "currency": lines.currencies,
            "at": lines.instants.utc,
            "has_money": amounts.signs != 0,
            "unit_minor": np.where(is_sale, unit_minor, 0),
        }
    )


def _refused(table: Table, columns: Mapping[str, int], refusals: NDArray[np.object_]) -> pd.DataFrame:
    """The refused rows; row by row, for they become letters to the owner, and JSON has no other form."""
    is_refused = refusals != ""
    headings = [f"{h} ({n})" if h in table.headings[: n - 1] else h for n, h in enumerate(table.headings, start=1)]
    rows = table.cells[is_refused].to_numpy(dtype=object).tolist()
    reasons = refusals[is_refused].tolist()
    details = []
    for reason, cells in zip(reasons, rows, strict=True):
        field, meaning = REASONS[reason]
        shown = f"{table.headings[columns[field]]} {cells[columns[field]]!r}: " if field in columns else ""
        details.append(shown + meaning)
    letters = [json.dumps(dict(zip(headings, cells, strict=True)), ensure_ascii=False) for cells in rows]
    row_numbers = table.cells.index[is_refused].to_numpy(dtype=np.int64)
    texts = {"reason": reasons, "detail": details, "row": letters, "cells": rows}
    return pd.DataFrame({"row_number": row_numbers, **{name: pd.Series(v, dtype=object) for name, v in texts.items()}})


def _reading(table: Table, columns: Mapping[str, int], lines: Lines, *, weighed: NDArray[np.bool_]) -> Reading:
    order = "month first" if lines.date_order.month_first else "day first"
    notes = []
    if table.encoding not in ("utf-8", "utf-16"):
        notes.append(f"The file is not UTF-8; it was read as {table.encoding}: check names with accents.")
    if not lines.date_order.is_decided:
        notes.append(f"No date tells day from month; they were read {order}: if wrong, write dates as 2011-12-31.")
    if lines.is_mark_assumed:
        notes.append(f"No number tells its decimal mark; {lines.decimal_mark!r} was taken: if wrong, write 1234.50.")
    if "quantity" not in columns:
        notes.append("The file has no quantities; each line counts as one piece.")
    if "user" not in columns:
        notes.append("The file names no customers; all its sales are anonymous, in totals and never in models.")
    if weighed.any():
        notes.append(f"{int(weighed.sum()):,} lines sell parts of a piece, stored as whole ones; their money is exact.")
    return Reading(
        kind="sales",
        format="text",
        sheet=None,
        title_rows=0,
        mapping={field: table.headings[place] for field, place in columns.items()},
        encoding=table.encoding,
        delimiter=table.delimiter,
        date_order=order,
        decimal_mark=lines.decimal_mark,
        notes=tuple(notes),
    )
