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

A customer's lines of one day without an order number are one order, whose number is made of the day (on the shop's
clock) and the customer; anonymous lines without one stay orders of their own. Customers known by phone number have one
id in whatever spelling (``customer_ids``). Neither changes the id of a row, which hashes what the row itself says.

The line's money is its total if the file has one, else quantity x unit price, exact, rounded once to the minor unit,
half to even. A line too small for a minor unit (1 x 0.001) is a sale of amount zero. Weighed goods (0.4 kg) are rounded
up to whole pieces in ``quantity`` alone; their money stays exact. Costs and fees are no part of a row's id, so that a
file which has got such columns since adds no sale twice. The reasons to refuse a line are in ``sale_rules.REASONS``.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing import catalogue
from service.jobs.importing.blocks import laid_out
from service.jobs.importing.cells import Texts
from service.jobs.importing.customer_ids import customers, shop_region
from service.jobs.importing.dates import shop_zone
from service.jobs.importing.day_orders import with_day_orders
from service.jobs.importing.layout import Table
from service.jobs.importing.lines import Lines, typed_lines
from service.jobs.importing.money import Amounts, divided_half_even, products
from service.jobs.importing.reading import Sheet
from service.jobs.importing.refusals import plain_dates, plain_numbers, refused_rows
from service.jobs.importing.row_ids import row_ids
from service.jobs.importing.sale_rules import (
    REASONS,
    RULES,
    line_amounts,
    line_costs,
    line_fees,
    line_refusals,
    line_rules,
    ones,
    refuse_order_totals,
    whole_pieces,
)
from service.jobs.importing.sent_values import nullable
from service.jobs.importing.understanding import understood

_HEAPS = ("purchase", "refund", "free", "anonymous")


def sales_sheet(
    table: Table,
    columns: Mapping[str, int],
    *,
    is_total_the_lines: bool,
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
        is_total_the_lines: Whether the owner said that the totals are those of the lines.
        currency: ISO 4217 code of amounts in a file that names none.
        timezone: IANA zone of times without an offset.
        now: Microseconds UTC; lines dated more than a day later are refused.
        file: The file's name, for the messages.
        on_progress: Told what begins, in a few words.

    Raises:
        ImportRefused: If there is no such time zone, or a column of totals contradicts the prices.
    """
    layout = laid_out(table, columns)
    lines = typed_lines(layout.table, columns, currency=currency, timezone=timezone)
    amounts = line_amounts(lines)
    if {"price", "total"} <= columns.keys() and not is_total_the_lines:
        refuse_order_totals(lines, amounts, heading=table.headings[columns["total"]], file=file)
    on_progress("applying the rules")
    refusals = line_refusals(lines, amounts, layout_reasons=layout.reasons, is_overlong=table.is_overlong, now=now)
    is_stored = refusals == ""
    heading = table.headings[columns["user"]] if "user" in columns else ""
    users, n_spellings = customers(
        lines.users, heading=heading, region=shop_region(timezone=timezone, currency=currency)
    )
    order_ids = with_day_orders(lines.order_ids, users, lines.dates.instants, zone=shop_zone(timezone))
    notes = _notes(columns, lines, users, order_ids, is_stored=is_stored, n_spellings=n_spellings)
    on_progress("naming the events")
    events = _events(lines, amounts, users, order_ids, row_numbers=table.row_numbers, is_stored=is_stored)
    on_progress("gathering the catalogue")
    mentions = _mentions(lines, amounts, users, rows=np.flatnonzero(is_stored))
    return Sheet(
        kind="sales",
        events=events,
        items=catalogue.items(mentions),
        users=catalogue.users(mentions),
        refused=_refused(table, layout.table, columns, refusals, lines),
        headings=table.headings,
        rows_read=len(refusals),
        reading=understood(
            table,
            columns,
            kind="sales",
            dates=lines.dates,
            decimal_mark=lines.decimal_mark,
            is_mark_assumed=lines.is_mark_assumed,
            notes=[*layout.notes, *notes],
        ),
    )


def _events(
    lines: Lines,
    amounts: Amounts,
    users: Texts,
    order_ids: Texts,
    *,
    row_numbers: NDArray[np.int64],
    is_stored: NDArray[np.bool_],
) -> pd.DataFrame:
    """The stored lines as events. Ids are given to all lines: one must not depend on the fate of another row."""
    numbers = (lines.quantities.texts, lines.prices.texts, lines.totals.texts)
    said = (lines.order_ids, lines.items, lines.users, lines.dates.texts, *numbers, lines.currencies.codes)
    named = row_ids(said)
    rows = np.flatnonzero(is_stored)
    rules = line_rules(lines, amounts)[rows]
    is_anonymous = users.is_empty[rows]
    is_refund = rules > RULES.index("free_line")
    heaps = np.where(is_refund, 1, np.where(rules == RULES.index("free_line"), 2, 0))
    columns: dict[str, Any] = {
        "id": named.ids.take(rows),
        "payload_hash": named.hashes.take(rows),
        "kind": _categories(is_refund.astype(np.int8), _HEAPS[:2]),
        "user": users.take(rows).series(),
        "item": lines.items.take(rows).series(),
        "at": lines.dates.instants.utc[rows],
        "order_id": order_ids.take(rows).series(),
        "quantity": whole_pieces(lines.quantities.decimals)[rows],
        "amount_minor": amounts.minor[rows],
        "currency": lines.currencies.codes.take(rows).series(),
        "anonymous": is_anonymous,
        "rule": _categories(rules, RULES),
        "counted_as": _categories(np.where(is_anonymous, 3, heaps).astype(np.int8), _HEAPS),
        "row_number": row_numbers[rows],
    }
    for name, costs in (("cost_minor", line_costs(lines)), ("fee_minor", line_fees(lines))):
        if costs.is_known.any():
            columns[name] = nullable(costs.minor[rows], costs.is_known[rows])
    # A dictionary of arrays of many kinds: their indexes, where they have one, say nothing.
    plain = {name: values.array if isinstance(values, pd.Series) else values for name, values in columns.items()}
    return pd.DataFrame(plain, copy=False)


def _categories(codes: NDArray[np.int8], names: tuple[str, ...]) -> pd.Categorical:
    categories = pd.Index(list(names), dtype="str")
    return pd.Categorical.from_codes(codes.tolist() if len(codes) == 0 else codes, categories=categories)


def _mentions(lines: Lines, amounts: Amounts, users: Texts, *, rows: NDArray[np.intp]) -> pd.DataFrame:
    """What each stored line says of its item and its customer, as ``catalogue`` wants it."""
    quantities = lines.quantities.decimals.take(rows)
    prices = lines.prices.decimals.take(rows)
    minor, signs = amounts.minor[rows], amounts.signs[rows]
    priced = products(prices, ones(len(rows)), digits=lines.currencies.minor_digits[rows])
    # A price worked out from a total so large that it can't be is no loss: the catalogue takes another line's.
    dividends = np.where(minor < 2**42, minor, 0) * 10**quantities.scales
    worked_out = divided_half_even(dividends, np.maximum(quantities.mantissas, 1))
    unit_minor = np.where(prices.is_valid, priced.minor, worked_out)
    is_sale = (signs > 0) & (quantities.mantissas > 0)
    columns: dict[str, Any] = {
        "item": lines.items.take(rows).series().array,
        "title": lines.titles.take(rows).series().array,
        "user": users.take(rows).series().array,
        "country": lines.countries.take(rows).series().array,
        "currency": lines.currencies.codes.take(rows).series().array,
        "at": lines.dates.instants.utc[rows],
        "has_money": signs != 0,
        "unit_minor": np.where(is_sale, unit_minor, 0),
    }
    return pd.DataFrame(columns, copy=False)


def _refused(
    table: Table, filled: Table, columns: Mapping[str, int], refusals: NDArray[np.object_], lines: Lines
) -> pd.DataFrame:
    rows = np.flatnonzero(refusals != "")
    mended = {place: filled.columns[place].texts.take(rows).rows() for place in columns.values()}
    mended[columns["at"]] = plain_dates(lines.dates.instants.take(rows))
    written = {"quantity": lines.quantities, "price": lines.prices, "total": lines.totals}
    costs = {"cost": lines.costs, "unit_cost": lines.unit_costs, "fee": lines.fees}
    for field, numbers in {**written, **costs}.items():
        if field in columns:
            mended[columns[field]] = plain_numbers(numbers.decimals.take(rows))
    return refused_rows(table, columns, refusals, reasons=REASONS, mended=mended)


def _notes(
    columns: Mapping[str, int],
    lines: Lines,
    users: Texts,
    order_ids: Texts,
    *,
    is_stored: NDArray[np.bool_],
    n_spellings: int | None,
) -> list[str]:
    """What the owner should check of how sales were understood."""
    notes = []
    if "quantity" not in columns:
        notes.append("The file has no quantities; each line counts as one piece.")
    if "user" not in columns:
        notes.append("The file names no customers; all its sales are anonymous, in totals and never in models.")
    n_weighed = int((is_stored & (lines.quantities.decimals.scales > 0)).sum())
    if n_weighed:
        notes.append(f"{n_weighed:,} lines sell parts of a piece, stored as whole ones; their money is exact.")
    n_day_orders = int((is_stored & lines.order_ids.is_empty & ~order_ids.is_empty).sum())
    if n_day_orders:
        notes.append(f"{n_day_orders:,} lines have no order number; what one customer bought on one day is one order.")
    if "cost" in columns and "quantity" in columns:
        notes.append("Costs are taken as those of whole lines; if they are of one piece, say --map unit_cost=COLUMN.")
    n_unread = sum(
        int((is_stored & numbers.is_written & ~numbers.decimals.is_valid).sum())
        for numbers in (lines.costs, lines.unit_costs, lines.fees)
    )
    if n_unread:
        notes.append(f"{n_unread:,} costs or fees are no numbers; they count as not known.")
    if n_spellings is not None:
        notes.append(
            f"Customers are known by phone number, as +62…; {n_spellings:,} other spellings of the same numbers were "
            f"brought together, {np.count_nonzero(users.distinct != ''):,} customers remain."
        )
    return notes
