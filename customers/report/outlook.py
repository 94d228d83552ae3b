"""What the models of order times and spend project: the one place where the report meets them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from customers.forecasts.backtest import BackTest, backtest
from customers.forecasts.heuristics import HEURISTICS, heuristic_orders
from customers.forecasts.lifetime_value import (
    FEWEST_CUSTOMERS,
    LifetimeValueModel,
    NotEnoughHistory,
    fit_lifetime_value,
)
from customers.forecasts.timing import churn_model
from customers.forecasts.totals import total_forecast
from customers.models.histories import TimingModel, new_customer
from customers.orders import OrderDays, OrderStatistics, run_starts
from customers.report.calendar import date_text

FloatArray = npt.NDArray[np.float64]

WEEKS_AHEAD = 13
"""A quarter of a year: as far as small shops plan."""

_LOG_STEP = 0.01
_Z_90 = 1.645
"""Standard deviations of a normal on each side of its mean that hold 90 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """A model fitted on the shop's orders, or the reason why they do not carry one.

    Attributes:
        choice: How models and heuristics did in the shop's own past.
        model: None where there is too little history.
        churn: Where P(alive) is read from; None like the model.
        missing: What is missing then, in words; else None.
    """

    choice: BackTest
    model: LifetimeValueModel | None
    churn: TimingModel | None
    missing: str | None

    def probability_alive(self, statistics: OrderStatistics) -> FloatArray | None:
        """Of each customer; None without a model."""
        return None if self.churn is None else self.churn.probability_alive(statistics.histories)

    def probability_of_order(self, statistics: OrderStatistics, *, horizon_weeks: float) -> FloatArray | None:
        """Of each customer within the next weeks; None without a model."""
        if self.model is None:
            return None
        return self.model.chance_of_order(statistics.histories, horizon_weeks=horizon_weeks)


def outlook(
    orders: OrderDays, statistics: OrderStatistics, *, until_day: int, choice: BackTest | None = None
) -> Outlook:
    """The model that did best in the shop's own past, fitted to all of it.

    Args:
        orders: Order days after refunds.
        statistics: Of the same orders.
        until_day: Last day of the books.
        choice: From an earlier back-test of the same shop, which takes most of the time.
    """
    if choice is None:
        choice = backtest(orders, until_day=until_day, horizon_weeks=WEEKS_AHEAD)
    try:
        model = fit_lifetime_value(statistics, choice=choice)
    except NotEnoughHistory as reason:
        return Outlook(choice, None, None, str(reason))
    return Outlook(choice, model, churn_model(model.timing, statistics.histories), None)


def projection_part(
    view: Outlook, orders: OrderDays, statistics: OrderStatistics, *, until_day: int, seed: int
) -> dict[str, Any]:
    """What customers known today are projected to order, and how such projections did in the shop's own past.

    Where a heuristic missed by less than the model in that past, its expectation stands in the model's place.
    """
    choice, model = view.choice, view.model
    part: dict[str, Any] = {
        "horizon_weeks": WEEKS_AHEAD,
        "model": None if model is None else model.name,
        "missing": view.missing,
        "fallback": choice.fallback,
        "leans_on_other_shops": len(statistics) < FEWEST_CUSTOMERS,
        "checks_weeks": choice.horizon_weeks,
        "checks_every": choice.every,
        "checks_from": [date_text(day) for day in sorted({check.origin_day for check in choice.checks})],
        "methods": [_method(choice, name) for name in (choice.timing, *HEURISTICS) if choice.of(name)],
        "orders": None,
        "value_minor": None,
        "value_90_minor": None,
    }
    if model is None:
        return part
    expected = None
    if choice.fallback is not None:
        expected = heuristic_orders(orders, choice.fallback, until_day=until_day, horizon_weeks=WEEKS_AHEAD)
    spend = model.expected_spend_minor(statistics)
    for name, worth in (("orders", np.ones(len(statistics))), ("value", spend)):
        total = total_forecast(
            model.timing,
            statistics.histories,
            horizon_weeks=WEEKS_AHEAD,
            rng=np.random.default_rng(seed),
            worth=worth,
            expected=expected,
            trade=choice.trade,
        )
        unit = "" if name == "orders" else "_minor"
        part[f"{name}{unit}"] = round(total.expected)
        part[f"{name}_90{unit}"] = [round(total.low_90), round(total.high_90)]
    return part


def _method(choice: BackTest, name: str) -> dict[str, Any]:
    checks = choice.of(name)
    return {
        "method": name,
        "is_used": name == (choice.fallback or choice.timing),
        "mean_miss": float(np.mean([abs(check.total_error) for check in checks])),
        "mean_absolute_error": float(np.mean([check.mean_absolute_error for check in checks])),
    }


def new_customer_part(model: LifetimeValueModel, orders: OrderDays, *, horizon_weeks: int) -> dict[str, Any] | None:
    """Projected margin of the mean new customer, her first order included, with its 90 % interval.

    First order (mean over all first orders) plus expected later orders times expected spend, times the share of value
    that stays as margin. The interval holds what is not known of the parameters (by the delta method) and of the mean
    first order; it is one of the *mean* of many new customers: single ones lie far outside.

    Returns:
        None where no order brought anything.
    """
    value = int(orders.values_minor.sum())
    if value <= 0:
        return None
    margin_share = int(orders.margins_minor.sum()) / value
    firsts = orders.margins_minor[run_starts(orders.customer_ids)].astype(np.float64)
    later = _later_value(model, model.logs, horizon_weeks) * margin_share
    slopes = np.array(
        [
            (
                _later_value(model, model.logs + step, horizon_weeks)
                - _later_value(model, model.logs - step, horizon_weeks)
            )
            / (2 * _LOG_STEP)
            for step in np.eye(model.logs.size) * _LOG_STEP
        ]
    )
    variance = margin_share**2 * float(slopes @ model.covariance @ slopes) + float(firsts.var()) / firsts.size
    margin = float(firsts.mean()) + later
    return {
        "horizon_weeks": horizon_weeks,
        "first_order_minor": round(firsts.mean()),
        "margin_minor": round(margin),
        "interval_90_minor": _interval(margin, math.sqrt(max(variance, 0.0))),
        "model": model.name,
    }


def _interval(mean: float, deviation: float) -> list[int]:
    """90 % interval: log-normal where the mean is above 0, so that few customers do not make it negative."""
    if mean > 0:
        return [round(mean * math.exp(side * _Z_90 * deviation / mean)) for side in (-1, 1)]
    return [round(mean + side * _Z_90 * deviation) for side in (-1, 1)]


def _later_value(model: LifetimeValueModel, logs: FloatArray, horizon_weeks: int) -> float:
    moved = model.at(logs)
    return float(moved.timing.expected_orders(new_customer(), horizon_weeks=horizon_weeks)[0]) * moved.mean_spend_minor
