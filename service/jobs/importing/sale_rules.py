"""What a line of sale comes to, which rule it falls under, and why it is refused; ``sales`` tells the rules.

Costs are told by the line (``cost``) or by the piece (``unit_cost``), fees by the line. They are stored without the
sign they are written with, since the kind of the line says the direction. A cost that can't be read is one that is not
known: no sale is refused for it.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from service.jobs.importing.lines import Lines, Numbers
from service.jobs.importing.money import Amounts, products
from service.jobs.importing.numbers import Decimals
from service.jobs.importing.reading import ImportRefused
from service.jobs.importing.refusals import BAD_CURRENCY, BAD_DATE, LAYOUT_REASONS, Reasons, first_reasons

MAX_ID_LENGTH = 256
MAX_ORDER_ID_LENGTH = 128
MAX_QUANTITY = 2**31 - 1
"""What the log has room for."""

MAX_AHEAD_MICROS = 86_400_000_000
"""How far after now a line may be dated: a time read in the wrong zone is at most 14 hours ahead, a slip far more."""

REASONS: Reasons = MappingProxyType(
    {
        **LAYOUT_REASONS,
        "missing_item": ("item", "no item is named"),
        "id_too_long": (
            "",
            f"an id is longer than {MAX_ID_LENGTH} letters, or an order number than {MAX_ORDER_ID_LENGTH}",
        ),
        "bad_date": BAD_DATE,
        "future_date": ("at", "this is more than a day after now: a sale can't be known before it is made"),
        "bad_quantity": ("quantity", "this is no number"),
        "zero_quantity": ("quantity", "a quantity of zero sells nothing"),
        "bad_total": ("total", "this is no amount of money in the line's currency"),
        "bad_price": ("price", "this is no amount of money in the line's currency"),
        "bad_currency": BAD_CURRENCY,
        "contradictory_signs": ("quantity", "the quantity is below zero, the money above"),
        "too_large": ("", "the quantity or the money is larger than can be counted exactly"),
    }
)
"""Why a line is refused."""

_CANCELS = re.compile(r"[Cc]\d+")
RULES = ("sale", "free_line", "money_adjustment", "return", "stock_adjustment", "cancellation")


def line_amounts(lines: Lines) -> Amounts:
    """The money of each line: its total where one is written, else quantity x unit price."""
    computed = products(lines.quantities.decimals, lines.prices.decimals, digits=lines.currencies.minor_digits)
    stated = products(lines.totals.decimals, ones(len(lines.items.codes)), digits=lines.currencies.minor_digits)
    is_stated = lines.totals.is_written
    return Amounts(
        minor=np.where(is_stated, stated.minor, computed.minor),
        signs=np.where(is_stated, stated.signs, computed.signs),
        fits=np.where(is_stated, stated.fits, computed.fits),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What each line cost the shop; both shape ``(n_rows,)``."""

    minor: NDArray[np.int64]
    """At least 0, in minor units; 0 where it is not known."""
    is_known: NDArray[np.bool_]


def line_costs(lines: Lines) -> Costs:
    """What the goods of each line cost: as the file says it, else quantity x unit cost."""
    whole, of_pieces = _paid(lines.costs, lines), _paid(lines.unit_costs, lines, quantities=lines.quantities.decimals)
    return Costs(np.where(whole.is_known, whole.minor, of_pieces.minor), whole.is_known | of_pieces.is_known)


def line_fees(lines: Lines) -> Costs:
    """What the shop paid for selling each line."""
    return _paid(lines.fees, lines)


def _paid(numbers: Numbers, lines: Lines, *, quantities: Decimals | None = None) -> Costs:
    of = ones(len(numbers.is_written)) if quantities is None else quantities
    amounts = products(of, numbers.decimals, digits=lines.currencies.minor_digits)
    is_known = numbers.is_written & numbers.decimals.is_valid & of.is_valid & amounts.fits
    return Costs(np.where(is_known, amounts.minor, 0), is_known)


def ones(n_rows: int) -> Decimals:
    """The number 1 on every row."""
    return Decimals(np.ones(n_rows, np.int64), np.zeros(n_rows, np.int64), np.ones(n_rows, np.bool_))


def refuse_order_totals(lines: Lines, amounts: Amounts, *, heading: str, file: str) -> None:
    """Stops where a column taken for the lines' totals contradicts quantity x price on most lines.

    It may be the total of the whole order, repeated on each of its lines: adding those up would multiply the money.
    """
    computed = products(lines.quantities.decimals, lines.prices.decimals, digits=lines.currencies.minor_digits)
    is_both = lines.totals.decimals.is_valid & lines.prices.decimals.is_valid & lines.quantities.decimals.is_valid
    n_agreeing = int((is_both & (computed.minor == amounts.minor)).sum())
    if 2 * n_agreeing < int(is_both.sum()):
        raise ImportRefused(
            f"{file}: column {heading!r} equals quantity x price on {n_agreeing:,} of {int(is_both.sum()):,} lines, so "
            f"it may be the order's total. Say --map total={heading} if it is the line's, --map total= to leave it out"
        )


def line_refusals(
    lines: Lines,
    amounts: Amounts,
    *,
    layout_reasons: NDArray[np.object_],
    is_overlong: NDArray[np.bool_],
    now: int,
    needs_goods: bool = True,
) -> NDArray[np.object_]:
    """The first reason to refuse each line, empty where there is none.

    Args:
        lines: The rows.
        amounts: Their money.
        layout_reasons: Reasons that the layout of the sheet gives, empty where it gives none.
        is_overlong: Rows of more cells than there are headings.
        now: Microseconds UTC.
        needs_goods: Whether a line must say what was sold and, in a file without any money, for how much.
    """
    quantities, totals, prices = lines.quantities, lines.totals, lines.prices
    instants = lines.dates.instants
    has_money = bool(needs_goods or totals.is_written.any() or prices.is_written.any())
    is_too_long = (lines.items.lengths > MAX_ID_LENGTH) | (lines.users.lengths > MAX_ID_LENGTH)
    applies = {
        **{reason: layout_reasons == reason for reason in ("total_row", "repeated_headings", "bad_text")},
        "too_many_cells": is_overlong,
        "missing_item": lines.items.is_empty & needs_goods,
        "id_too_long": is_too_long | (lines.order_ids.lengths > MAX_ORDER_ID_LENGTH),
        "bad_date": ~instants.is_valid,
        "future_date": instants.utc > now + MAX_AHEAD_MICROS,
        "bad_quantity": ~quantities.decimals.is_valid,
        "zero_quantity": quantities.decimals.mantissas == 0,
        "bad_total": totals.is_written & ~totals.decimals.is_valid,
        "bad_price": ~totals.is_written & ~prices.decimals.is_valid & has_money,
        "bad_currency": ~lines.currencies.are_codes,
        "contradictory_signs": (quantities.decimals.mantissas < 0) & (amounts.signs > 0),
        "too_large": ~amounts.fits | (whole_pieces(quantities.decimals) > MAX_QUANTITY),
    }
    return first_reasons(REASONS, applies)


def whole_pieces(quantities: Decimals) -> NDArray[np.int64]:
    """Whole pieces, without the sign; a part of a piece is a piece."""
    parts = 10**quantities.scales
    pieces: NDArray[np.int64] = (np.abs(quantities.mantissas) + parts - 1) // parts
    return pieces


def line_rules(lines: Lines, amounts: Amounts) -> NDArray[np.int8]:
    """The place in ``RULES`` of each line's rule."""
    is_taken_back = lines.quantities.decimals.mantissas < 0
    cancels = np.array([_CANCELS.fullmatch(order_id) is not None for order_id in lines.order_ids.distinct], dtype=bool)
    is_cancelled = lines.order_ids.spread(cancels)
    rules = np.zeros(len(amounts.signs), dtype=np.int8)
    rules[amounts.signs == 0] = RULES.index("free_line")
    rules[amounts.signs < 0] = RULES.index("money_adjustment")
    rules[is_taken_back & (amounts.signs < 0)] = RULES.index("return")
    rules[is_taken_back & (amounts.signs == 0)] = RULES.index("stock_adjustment")
    rules[is_taken_back & is_cancelled] = RULES.index("cancellation")
    return rules
