"""What really happened in a play, and whether the experiment's reading covers it.

The truth is the effect on the customers who were played, not on all who could have been. Intervals are made for the
latter, where chance has more room; so they cover the truth of a play at least as often as they say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd

from service.demo.assortment import MINOR_PER_MAJOR
from service.demo.histories import US_PER_DAY

OUTCOMES = ("repeat_in_window", "orders", "revenue")
"""The outcomes whose truth a play knows, by their names in an experiment's results."""


class Purchase(NamedTuple):
    """One purchase of one customer under one arm."""

    customer: int
    at_us: int
    amount_minor: int


class Effect(TypedDict):
    """The true effect on one outcome: means over all customers played under each arm."""

    control_mean: float
    arm_mean: float
    difference: float


@dataclass(frozen=True, slots=True)
class Window:
    """The outcome window: where each customer's begins, how long it is, and when the shop's days begin."""

    starts_us: Sequence[int]
    """Instant of each customer's first feed, microseconds UTC, by customer number."""
    days: int
    timezone: str
    """IANA name of the shop's zone."""


def true_effects(control: Sequence[Purchase], treatment: Sequence[Purchase], window: Window) -> dict[str, Effect]:
    """The effect on each of ``OUTCOMES``, from the same customers played under both arms.

    No estimate: both potential outcomes of each customer are known, and the effect is the mean of their differences.

    Args:
        control: What the customers bought under the control arm.
        treatment: What the same customers bought under the other.
        window: Where to count.
    """
    under_control, under_treatment = _outcomes(control, window), _outcomes(treatment, window)
    return {
        outcome: Effect(
            control_mean=float(under_control[outcome].mean()),
            arm_mean=float(under_treatment[outcome].mean()),
            difference=float((under_treatment[outcome] - under_control[outcome]).mean()),
        )
        for outcome in OUTCOMES
    }


def covered(truth: Mapping[str, Effect], results: Mapping[str, Any], *, arm: str) -> dict[str, bool | None]:
    """For each outcome whether the interval that the experiment read for ``arm`` holds the true difference.

    None where the results give no interval, as they do for an arm with hardly any customers.
    """
    held: dict[str, bool | None] = {}
    for outcome, effect in truth.items():
        interval = results["outcomes"][outcome][arm]["interval"]
        held[outcome] = None if interval is None else bool(interval[0] <= effect["difference"] <= interval[1])
    return held


def _outcomes(purchases: Sequence[Purchase], window: Window) -> dict[str, npt.NDArray[np.float64]]:
    """Each customer's outcomes in her window, half-open from its start: order days count, not orders."""
    n_customers = len(window.starts_us)
    frame = pd.DataFrame(list(purchases), columns=list(Purchase._fields)).astype("int64")
    starts = np.array(window.starts_us, dtype=np.int64)[frame["customer"]]
    frame = frame.loc[(frame["at_us"] >= starts) & (frame["at_us"] < starts + window.days * US_PER_DAY)]
    local_days = pd.to_datetime(frame["at_us"], unit="us", utc=True).dt.tz_convert(window.timezone).dt.date
    order_days = frame.assign(day=local_days).drop_duplicates(["customer", "day"])
    orders = np.bincount(order_days["customer"], minlength=n_customers).astype(np.float64)
    revenue_minor = np.bincount(frame["customer"], weights=frame["amount_minor"], minlength=n_customers)
    return {
        "repeat_in_window": (orders >= 2).astype(np.float64),
        "orders": orders,
        "revenue": revenue_minor / MINOR_PER_MAJOR,
    }
