"""Money in and out week by week, carried thirteen weeks forward and checked against earlier forecasts of its kind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from customers.books.completeness import Completeness
from customers.books.entries import ANONYMOUS, Books, SalesLines
from customers.books.expenses import expense_kinds
from customers.orders import run_starts
from customers.report.calendar import date_text, sums, week_rows
from customers.report.outlook import WEEKS_AHEAD
from customers.report.takings import FEWEST_WEEKS, Futures, weekly_futures

IntArray = npt.NDArray[np.int64]

_ORIGINS = 4
_SHORT_HORIZON = 4
"""Weeks over which forecasts are checked in books too short to check the whole horizon."""


@dataclass(frozen=True, slots=True)
class Liability:
    """Stamps and vouchers outstanding that run out on one day.

    Attributes:
        amount_minor: What redeeming all of them takes off the money that comes in, at least 0.
        last_day: Last day on which they are honoured, days since 1970-01-01.

    Raises:
        ValueError: If the amount is negative.
    """

    amount_minor: int
    last_day: int

    def __post_init__(self) -> None:
        if self.amount_minor < 0:
            raise ValueError(f"amount_minor of a liability must be at least 0, got {self.amount_minor}")


@dataclass(frozen=True, slots=True, eq=False)
class WeeklyCash:
    """Money in and out of whole weeks of seven days, the last of which ends with the books; shape ``(n_weeks,)``.

    Attributes:
        last_days: Last day of each week, days since 1970-01-01.
        in_minor: Sales, as if paid when sold; what a known customer gave back on the same day never came in.
        out_minor: Other refunds, expenses as written down, and costs of goods where they count as paid when sold.
        are_costs_paid_when_sold: Whether they do: where the books hold costs of goods but no expense for stock.
    """

    last_days: IntArray
    in_minor: IntArray
    out_minor: IntArray
    are_costs_paid_when_sold: bool


def weekly_cash(books: Books, coverage: Completeness, *, margin_rate: float | None) -> WeeklyCash:
    """The books' cash by week; a first week that the books cover in part is left out."""
    n_weeks = 0 if coverage.first_day is None else (coverage.until_day - coverage.first_day + 1) // 7
    sales, expenses = books.sales, books.expenses
    row = week_rows(sales.days, until_day=books.until_day, n_weeks=n_weeks)
    paid_row, paid = _payments(sales, until_day=books.until_day, n_weeks=n_weeks)
    has_stock = bool((expense_kinds(expenses.categories) == "stock").any())
    costs = sales.revenue_minor - sales.margins_minor(margin_rate=margin_rate)
    are_paid = not has_stock and bool(costs.any())
    expense_row = week_rows(expenses.days, until_day=books.until_day, n_weeks=n_weeks)
    return WeeklyCash(
        last_days=books.until_day - 7 * np.arange(n_weeks - 1, -1, -1, dtype=np.int64),
        in_minor=sums(paid_row, np.maximum(paid, 0), n_weeks),
        out_minor=sums(paid_row, np.maximum(-paid, 0), n_weeks)
        + sums(row, costs if are_paid else np.zeros_like(costs), n_weeks)
        + sums(expense_row, expenses.amounts_minor, n_weeks),
        are_costs_paid_when_sold=are_paid,
    )


def _payments(sales: SalesLines, *, until_day: int, n_weeks: int) -> tuple[IntArray, IntArray]:
    """Week and amount of each payment: all lines of a known customer on one day, any single line of nobody known."""
    known = sales.customer_ids != ANONYMOUS
    nobody = np.flatnonzero(~known)
    owners = sales.customer_ids.copy()
    owners[nobody] = -1 - np.arange(nobody.size)
    order = np.lexsort((sales.days, owners))
    starts = np.flatnonzero(run_starts(owners[order]) | run_starts(sales.days[order]))
    if not starts.size:
        return starts, starts
    paid = np.add.reduceat(sales.revenue_minor[order], starts)
    return week_rows(sales.days[order][starts], until_day=until_day, n_weeks=n_weeks), paid


def cash_part(
    cash: WeeklyCash, *, opening_minor: int | None, floor_minor: int, liabilities: Sequence[Liability], seed: int
) -> dict[str, Any]:
    """The report's part on cash: the weeks so far, the forecast (None in books too short) and how earlier ones missed.

    Args:
        cash: As ``weekly_cash`` gives it.
        opening_minor: Cash in hand at the end of the books, if known: then closings are told.
        floor_minor: Closings expected below it are flagged.
        liabilities: Stamps and vouchers outstanding; all are reckoned to be redeemed, evenly over the days left.
        seed: Of the random futures.
    """
    n = cash.last_days.size
    return {
        "from": date_text(int(cash.last_days[0]) - 6) if n else None,
        "until": date_text(int(cash.last_days[-1])) if n else None,
        "are_costs_paid_when_sold": cash.are_costs_paid_when_sold,
        "weeks_ahead": WEEKS_AHEAD,
        "fewest_weeks": FEWEST_WEEKS,
        "weeks": [
            {"until": date_text(day), "in_minor": money_in, "out_minor": money_out, "net_minor": money_in - money_out}
            for day, money_in, money_out in zip(
                cash.last_days.tolist(), cash.in_minor.tolist(), cash.out_minor.tolist(), strict=True
            )
        ],
        "forecast": _forecast(cash, opening_minor, floor_minor, liabilities, seed) if n >= FEWEST_WEEKS else None,
    }


def _forecast(
    cash: WeeklyCash, opening_minor: int | None, floor_minor: int, liabilities: Sequence[Liability], seed: int
) -> dict[str, Any]:
    checks, check_weeks, unforeseen = _earlier_forecasts(cash.in_minor, seed)
    money_in = _futures(cash.in_minor, seed).widened(unforeseen, np.random.default_rng(seed + 2))
    money_out = _futures(cash.out_minor, seed + 1)
    redeemed = _redeemed(liabilities, until_day=int(cash.last_days[-1]))
    net = Futures(money_in.weekly - money_out.weekly - redeemed)
    misses = [abs(check["error"]) for check in checks if check["error"] is not None]
    forecast: dict[str, Any] = {
        "weeks": _weeks_ahead(cash, money_in, money_out, net, redeemed),
        "in_minor": round(money_in.totals.mean()),
        "in_50_minor": _whole(money_in.total_interval(0.5)),
        "in_90_minor": _whole(money_in.total_interval(0.9)),
        "out_minor": round(money_out.totals.mean()),
        "out_90_minor": _whole(money_out.total_interval(0.9)),
        "net_minor": round(net.totals.mean()),
        "net_90_minor": _whole(net.total_interval(0.9)),
        "is_widened": unforeseen > 0,
        "checks": checks,
        "check_weeks": check_weeks,
        "mean_miss": float(np.mean(misses)) if misses else None,
        "liability_minor": sum(liability.amount_minor for liability in liabilities),
        "redeemed_minor": int(redeemed.sum()),
        "opening_minor": opening_minor,
        "floor_minor": floor_minor,
    }
    if opening_minor is not None:
        _close(forecast["weeks"], net, opening_minor, floor_minor)
    return forecast


def _futures(past_minor: IntArray, seed: int, *, n_weeks: int = WEEKS_AHEAD) -> Futures:
    return weekly_futures(past_minor.astype(np.float64), n_weeks=n_weeks, rng=np.random.default_rng(seed))


def _redeemed(liabilities: Sequence[Liability], *, until_day: int) -> IntArray:
    """What is redeemed in each week ahead, if all of it is and evenly over the days on which it still may be."""
    ends = 7 * np.arange(WEEKS_AHEAD + 1, dtype=np.int64)
    weekly = np.zeros(WEEKS_AHEAD, dtype=np.int64)
    for liability in liabilities:
        n_days = max(1, liability.last_day - until_day)
        weekly += np.diff(liability.amount_minor * np.minimum(ends, n_days) // n_days)
    return weekly


def _weeks_ahead(
    cash: WeeklyCash, money_in: Futures, money_out: Futures, net: Futures, redeemed: IntArray
) -> list[dict[str, Any]]:
    low_50, high_50 = money_in.interval(0.5)
    low_90, high_90 = money_in.interval(0.9)
    return [
        {
            "until": date_text(int(cash.last_days[-1]) + 7 * (week + 1)),
            "in_minor": round(money_in.means()[week]),
            "in_50_minor": _whole((low_50[week], high_50[week])),
            "in_90_minor": _whole((low_90[week], high_90[week])),
            "out_minor": round(money_out.means()[week]),
            "redeemed_minor": int(redeemed[week]),
            "net_minor": round(net.means()[week]),
        }
        for week in range(WEEKS_AHEAD)
    ]


def _close(weeks: list[dict[str, Any]], net: Futures, opening_minor: int, floor_minor: int) -> None:
    """Adds each week's closing cash, the lower end of its 90 % interval, and whether either lies below the floor."""
    closing = Futures(opening_minor + np.cumsum(net.weekly, axis=1))
    means, (lows, _) = closing.means(), closing.interval(0.9)
    for week, mean, low in zip(weeks, means.tolist(), lows.tolist(), strict=True):
        week["closing_minor"], week["closing_low_minor"] = round(mean), round(low)
        week["is_below_floor"], week["may_be_below_floor"] = mean < floor_minor, low < floor_minor


def _earlier_forecasts(in_minor: IntArray, seed: int) -> tuple[list[dict[str, Any]], int | None, float]:
    """What this forecast would have said at four earlier moments, over how many weeks, and how far it missed.

    The origins lie as far apart as the books allow, at most a whole horizon: overlapping forecasts miss together.

    Returns:
        The checks, oldest first (none in books too short); their weeks; and the standard deviation of a factor (as
        logarithm) by which totals strayed beyond what was to be expected of the weeks: mean square of the logarithms of
        actual over predicted, less the forecasts' own variance, at least 0.
    """
    n = in_minor.size
    n_weeks = next((h for h in (WEEKS_AHEAD, _SHORT_HORIZON) if n >= FEWEST_WEEKS + h + _ORIGINS - 1), None)
    if n_weeks is None:
        return [], None, 0.0
    apart = min(n_weeks, (n - n_weeks - FEWEST_WEEKS) // (_ORIGINS - 1))
    checks, strayed = [], []
    for back in range(_ORIGINS - 1, -1, -1):
        origin = n - n_weeks - back * apart
        futures = _futures(in_minor[:origin], seed, n_weeks=n_weeks)
        predicted, actual = futures.totals.mean(), int(in_minor[origin : origin + n_weeks].sum())
        low, high = futures.total_interval(0.9)
        checks.append(
            {
                "weeks_ago": n - origin,
                "predicted_minor": round(predicted),
                "actual_minor": actual,
                "error": float(predicted / actual - 1) if actual else None,
                "is_inside_90": bool(low <= actual <= high),
            }
        )
        if predicted > 0 and actual > 0:
            strayed.append(math.log(actual / predicted) ** 2 - futures.log_variance())
    return checks, n_weeks, math.sqrt(max(0.0, float(np.mean(strayed)))) if strayed else 0.0


def _whole(interval: tuple[float, float]) -> list[int]:
    return [round(interval[0]), round(interval[1])]
