"""Vouchers and stamp cards by their arithmetic: what they must bring to pay, never what to give."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from customers.orders import OrderDays, run_starts
from customers.report.calendar import date_text, median_gap_days

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SHARES_OF_ORDER = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_LEADING = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_STAMPS = (4, 6, 8, 10)
_CARD_DAYS = 364
_MOST_WINDOW_DAYS = 90
_LEAST_WINDOW_DAYS = 14
_ALPHA, _POWER = 0.05, 0.8


def required_probability(p0: float, *, margin: float, voucher: float) -> float | None:
    """Purchase probability at which a voucher that every buyer redeems just pays: ``p0 m / (m - v)``.

    Without it an addressed customer brings ``p0 m``, with it ``p1 (m - v)``; both are equal there.

    Args:
        p0: Purchase probability without the voucher, from 0 to 1.
        margin: Margin of an order, in any unit.
        voucher: What the voucher takes off it, in the same unit.

    Returns:
        None where none would do: the voucher takes the whole margin, or more than everybody would have to buy.
    """
    if voucher >= margin:
        return None
    needed = p0 * margin / (margin - voucher)
    return needed if needed <= 1 else None


def smallest_visible_probability(p0: float, n_per_group: int) -> float | None:
    """Least purchase probability above ``p0`` that a comparison of two equal groups would find four times in five.

    Two-sided at 5 %, by the variance-stabilising arcsine: Cohen (1988), Statistical Power Analysis, chapter 6.

    Returns:
        None where not even everybody's buying would be found reliably.
    """
    if n_per_group < 1:
        return None
    effect = float(stats.norm.isf(_ALPHA / 2) + stats.norm.ppf(_POWER)) * math.sqrt(2 / n_per_group)
    angle = math.asin(math.sqrt(p0)) + effect / 2
    return math.sin(angle) ** 2 if angle < math.pi / 2 else None


def wilson_interval(successes: int, n: int) -> list[float] | None:
    """Wilson's (1927) 90 % interval of a share; None of nobody."""
    if not n:
        return None
    z2 = float(special.ndtri(0.95)) ** 2
    share = successes / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return [max(0.0, middle - half), min(1.0, middle + half)]


def vouchers_part(orders: OrderDays, *, until_day: int) -> dict[str, Any] | None:
    """By how much vouchers of several sizes must lift purchase to break even, from the shop's own baseline.

    The baseline is measured: of the customers known at the start of the last window (90 days, in younger shops a third
    of what the books cover), the share who ordered in it, for all, for those who had ordered in a window before, and
    for those silent for at least that long.

    Returns:
        None where the books are too short or no order left a margin.
    """
    if not len(orders):
        return None
    window = min(_MOST_WINDOW_DAYS, (until_day - int(orders.days.min()) + 1) // 3)
    margin = float(orders.margins_minor.mean())
    if window < _LEAST_WINDOW_DAYS or margin <= 0:
        return None
    since = until_day - window + 1
    before = orders.until(since - 1)
    last = before.days[np.append(run_starts(before.customer_ids)[1:], True)]
    known = before.customer_ids[run_starts(before.customer_ids)]
    bought = np.isin(known, orders.customer_ids[orders.days >= since])
    is_recent = last > since - 1 - window
    groups = [
        _group(name, bought[of])
        for name, of in (
            ("everybody", np.ones(known.size, dtype=np.bool_)),
            ("recent", is_recent),
            ("silent", ~is_recent),
        )
    ]
    mean_value = float(orders.values_minor.mean())
    return {
        "from": date_text(since),
        "until": date_text(until_day),
        "window_days": window,
        "margin_per_order_minor": round(margin),
        "value_per_order_minor": round(mean_value),
        "groups": groups,
        "vouchers": [
            {
                "voucher_minor": voucher,
                "required": {
                    group["group"]: required_probability(group["probability"], margin=margin, voucher=voucher)
                    for group in groups
                    if group["probability"] is not None
                },
                "required_relative_lift": voucher / (margin - voucher) if voucher < margin else None,
            }
            for voucher in _voucher_sizes(mean_value)
        ],
    }


def _group(name: str, bought: BoolArray) -> dict[str, Any]:
    n, n_bought = int(bought.size), int(bought.sum())
    probability = n_bought / n if n else None
    return {
        "group": name,
        "customers": n,
        "bought": n_bought,
        "probability": probability,
        "interval_90": wilson_interval(n_bought, n),
        "smallest_visible": None if probability is None else smallest_visible_probability(probability, n // 2),
    }


def _voucher_sizes(mean_value_minor: float) -> list[int]:
    """Round amounts near some shares of the mean order, each once, the smallest first."""
    sizes = set()
    for share in _SHARES_OF_ORDER:
        wanted = mean_value_minor * share
        scale = 10.0 ** math.floor(math.log10(wanted)) if wanted >= 1 else 1.0
        candidates = np.array(_LEADING) * scale
        sizes.add(max(1, round(candidates[np.abs(candidates - wanted).argmin()])))
    return sorted(sizes)


def stamps_part(orders: OrderDays, *, until_day: int) -> dict[str, Any] | None:
    """What cards of several sizes would have done, had each begun with the last year of the books: one stamp an order.

    A full card is worth the mean order; what it costs the shop is that order's value less its margin. Open stamps are
    owed in proportion: three of eight stamps are three eighths of a full card, as if every card were filled one day.

    Returns:
        None where nobody ordered twice: there is no gap to size a card by.
    """
    gap = median_gap_days(orders.customer_ids, orders.days)
    if gap is None:
        return None
    since = max(int(orders.days.min()), until_day - _CARD_DAYS + 1)
    stamped = np.unique(orders.customer_ids[orders.days >= since], return_counts=True)[1]
    value, margin = float(orders.values_minor.mean()), float(orders.margins_minor.mean())
    cost = value - margin if margin != value else value
    return {
        "from": date_text(since),
        "until": date_text(until_day),
        "usual_gap_days": gap,
        "customers": int(stamped.size),
        "reward_cost_minor": round(cost),
        "is_cost_known": margin != value,
        "cards": [
            {
                "stamps": stamps,
                "weeks_to_fill": stamps * gap / 7,
                "customers_with_a_full_card": int((stamped >= stamps).sum()),
                "full_cards": int((stamped // stamps).sum()),
                "share_given_back": 1 / (stamps + 1),
                "cost_minor": round(int((stamped // stamps).sum()) * cost),
                "open_stamps": int((stamped % stamps).sum()),
                "liability_minor": round(int((stamped % stamps).sum()) * cost / stamps),
            }
            for stamps in _STAMPS
        ],
    }
