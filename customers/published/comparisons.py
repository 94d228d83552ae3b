"""Published numbers beside computed ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.models.bgnbd import BetaGeometric, fit_bgnbd
from customers.models.gamma_gamma import SpendModel, expected_spend, fit_spend
from customers.models.histories import Histories, TimingModel
from customers.models.pareto_nbd import ParetoNBD, fit_pareto_nbd
from customers.models.subscriptions import SubscriptionModel, fit_subscriptions
from customers.orders import OrderStatistics
from customers.published.numbers import (
    FITS,
    HIGH_END_SURVIVAL_PERCENT,
    HOLDOUT_TABLES,
    POINTS,
    SBG_README,
    ModelName,
    Point,
)

FloatArray = npt.NDArray[np.float64]

HOLDOUT_WEEKS = 39
_YEARLY_DISCOUNT = 0.10


@dataclass(frozen=True, slots=True)
class Comparison:
    """One published number and the same, computed.

    Attributes:
        model: Short name of the model.
        what: Which number.
        source: Where it is printed.
        published: As printed.
        computed: By this library.
        tolerance: By how much they may differ, absolute.
    """

    model: str
    what: str
    source: str
    published: float
    computed: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the two differ by no more than the tolerance."""
        return abs(self.computed - self.published) <= self.tolerance


def point_comparisons() -> list[Comparison]:
    """What needs no data: models with published parameters, and a subscription model fitted to published counts."""
    points = [comparison for point in POINTS for comparison in _of_point(point)]
    fitted = fit_subscriptions([[10 * percent for percent in HIGH_END_SURVIVAL_PERCENT]])
    ahead = next(point for point in POINTS if point.quantity == "survival")
    shares = fitted.survival(np.array(ahead.x)).tolist()
    return points + [
        Comparison("sbg", f"survival after {x}, fitted to 7", SBG_README, published, computed, ahead.absolute)
        for x, published, computed in zip(ahead.x, ahead.values, shares, strict=True)
    ]


def cdnow_comparisons(history: OrderStatistics) -> list[Comparison]:
    """Models fitted to the CDNOW sample, as ``cdnow_history`` gives it: parameters, likelihoods, hold-out tables."""
    histories, repeated = history.histories, history.valued_repeats > 0
    spend = fit_spend(history.valued_repeats[repeated], history.mean_value_minor[repeated] / 100)
    timing: dict[ModelName, TimingModel] = {
        "bg_nbd": fit_bgnbd(histories, name="bg_nbd"),
        "mbg_nbd": fit_bgnbd(histories, name="mbg_nbd"),
        "pareto_nbd": fit_pareto_nbd(histories),
    }
    compared = []
    for fit in FITS:
        model = timing.get(fit.model, spend)
        compared += [
            Comparison(fit.model, f"CDNOW {letter}", fit.source, value, model.parameters[letter], fit.absolute)
            for letter, value in fit.parameters.items()
        ]
        if fit.log_likelihood is not None and model.fit is not None:
            found = model.fit.log_likelihood
            wanted, tolerance = fit.log_likelihood, fit.log_likelihood_absolute
            compared.append(Comparison(fit.model, "CDNOW log-likelihood", fit.source, wanted, found, tolerance))
    group = np.minimum(history.frequency, 7)
    for table in HOLDOUT_TABLES:
        orders = timing[table.model].expected_orders(histories, horizon_weeks=HOLDOUT_WEEKS)
        means = np.bincount(group, weights=orders) / np.bincount(group)
        compared += [
            Comparison(table.model, _after(frequency), table.source, published, computed, table.absolute)
            for frequency, (published, computed) in enumerate(zip(table.values, means.tolist(), strict=True))
        ]
    return compared


def _after(frequency: int) -> str:
    return f"CDNOW expected orders in {HOLDOUT_WEEKS} weeks after {frequency}{'+' if frequency == 7 else ''}"


def _of_point(point: Point) -> Iterator[Comparison]:
    computed = _computed(point).tolist()
    for x, published, value in zip(point.x, point.values, computed, strict=True):
        what = f"{point.quantity} after {x}" + (f", {point.weeks:g} weeks" if point.weeks else "")
        tolerance = max(point.absolute, point.relative * abs(published))
        yield Comparison(point.model, what, point.source, published, value, tolerance)


def _computed(point: Point) -> FloatArray:
    x = np.array(point.x, dtype=np.int64)
    if point.model == "gamma_gamma":
        p, q, gamma = point.parameters.values()
        return expected_spend(SpendModel(p, q, gamma), x, mean_value=np.array(point.mean_spend, dtype=np.float64))
    if point.model == "sbg":
        alpha, beta = point.parameters.values()
        subscribers = SubscriptionModel(alpha, beta)
        if point.quantity == "survival":
            return subscribers.survival(x)
        return subscribers.discounted_remaining_lifetime(x, rate_per_period=_YEARLY_DISCOUNT)
    first, second, third, fourth = point.parameters.values()
    model: TimingModel = (
        ParetoNBD(first, second, third, fourth)
        if point.model == "pareto_nbd"
        else BetaGeometric(point.model, first, second, third, fourth)
    )
    histories = Histories(x, np.full(x.size, point.tx), np.full(x.size, point.T))
    if point.quantity == "probability alive":
        return model.probability_alive(histories)
    if point.quantity == "probability of no order":
        return 1 - model.probability_of_order(histories, horizon_weeks=point.weeks)
    return model.expected_orders(histories, horizon_weeks=point.weeks)
