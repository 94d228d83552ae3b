"""What the models of order times and spend project: the one place where the report meets them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from customers.lifetime_value import LifetimeValueModel, MeanSpend, NotEnoughHistory, fit_lifetime_value
from customers.models.histories import new_customer
from customers.orders import OrderDays, OrderStatistics, run_starts

FloatArray = npt.NDArray[np.float64]

_DRAWS = 400
_TAILS = (0.05, 0.95)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A model fitted on the shop's orders, or the reason why they do not carry one.

    Attributes:
        model: None where there is too little history.
        missing: What is missing then, in words; else None.
    """

    model: LifetimeValueModel | None
    missing: str | None

    def probability_alive(self, statistics: OrderStatistics) -> FloatArray | None:
        """Of each customer; None without a model, or with BG/NBD, by which everybody who bought once is alive."""
        if self.model is None or self.model.timing.name == "bg_nbd":
            return None
        return self.model.timing.probability_alive(statistics.histories)

    def probability_of_order(self, statistics: OrderStatistics, *, horizon_weeks: float) -> FloatArray | None:
        """Of each customer within the next weeks; None without a model."""
        if self.model is None:
            return None
        return self.model.timing.probability_of_order(statistics.histories, horizon_weeks=horizon_weeks)


def outlook(statistics: OrderStatistics) -> Outlook:
    """The model that the shop's orders carry."""
    try:
        return Outlook(fit_lifetime_value(statistics), None)
    except NotEnoughHistory as reason:
        return Outlook(None, str(reason))


def known_customers_minor(model: LifetimeValueModel, statistics: OrderStatistics, *, horizon_weeks: float) -> int:
    """Projected value of all orders of customers known today, in minor units: no newcomer is among them."""
    return round(float(model.projected_value_minor(statistics, horizon_weeks).sum()))


def new_customer_part(
    model: LifetimeValueModel, orders: OrderDays, *, horizon_weeks: int, seed: int
) -> dict[str, Any] | None:
    """Projected margin of the mean new customer, her first order included, with its 90 % interval.

    First order (mean over all first orders) plus expected later orders times expected spend, times the share of value
    that stays as margin. The interval holds what is not known of the parameters (400 draws from their normal
    distribution in logarithms) and of the mean first order; it is one of the *mean* of many new customers: single ones
    lie far outside.

    Returns:
        None where no order brought anything.
    """
    value = int(orders.values_minor.sum())
    if value <= 0:
        return None
    margin_share = int(orders.margins_minor.sum()) / value
    firsts = orders.margins_minor[run_starts(orders.customer_ids)].astype(np.float64)
    later = _later_value(model, horizon_weeks) * margin_share
    rng = np.random.default_rng(seed)
    logs = rng.multivariate_normal(model.logs, model.covariance, size=_DRAWS, method="eigh")
    draws = np.array([_later_value(model.at(drawn), horizon_weeks) for drawn in logs]) * margin_share
    draws += firsts.mean() + rng.standard_normal(_DRAWS) * firsts.std() / np.sqrt(firsts.size)
    low, high = np.quantile(draws[np.isfinite(draws)], _TAILS)
    return {
        "horizon_weeks": horizon_weeks,
        "first_order_minor": round(firsts.mean()),
        "margin_minor": round(firsts.mean() + later),
        "interval_90_minor": [round(low), round(high)],
        "model": model.name,
    }


def _later_value(model: LifetimeValueModel, horizon_weeks: int) -> float:
    spend = model.spend
    mean = spend.mean_value_minor if isinstance(spend, MeanSpend) else spend.population_mean
    return float(model.timing.expected_orders(new_customer(), horizon_weeks=horizon_weeks)[0]) * mean
