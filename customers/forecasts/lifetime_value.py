"""When and how much together: the projected value of each customer, or the reason why the history does not carry it."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import linalg

from customers.forecasts.backtest import BackTest
from customers.forecasts.chances import OWN, Chances
from customers.forecasts.timing import fitted_timing
from customers.models.bgnbd import Name, fit_bgnbd
from customers.models.gamma_gamma import SpendModel, expected_spend, fit_spend, spend_model
from customers.models.histories import Histories, TimingModel, distinct_histories
from customers.orders import OrderStatistics

FloatArray = npt.NDArray[np.float64]

FEWEST_CUSTOMERS = 100
"""Customers below which the total a model predicts is off by more than a fifth every second time (resamples of CDNOW:
22 % at 100 customers, 36 % at 30)."""

FEWEST_REPEAT_CUSTOMERS = 30
"""Customers with a repeat order below which the spread between customers is guessed rather than seen."""

FEWEST_CUSTOMERS_CHOSEN = 10
"""With a weak prior, customers below which a forecast is the prior's and not the shop's."""

FEWEST_REPEAT_CUSTOMERS_CHOSEN = 3
"""With a weak prior, repeat customers below which the shop has not shown what its usual gap is."""

FEWEST_WEEKS = 4
"""Weeks that the longest-known customer must have been known."""

_GREATEST_MEAN_RATIO = 2.0
"""Farthest that the spend model's mean over customers may lie from the plain mean of their orders."""

_LEAST_Q = 1.05
"""At ``q = 1`` the spend model's mean over customers becomes infinite; near it a small error becomes a large one."""


class NotEnoughHistory(Exception):
    """The orders known so far do not carry a model; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class MeanSpend:
    """Everyone spends the shop's mean order: what is left when the spread of spending cannot be modelled."""

    mean_value_minor: float
    standard_error: float


@dataclass(frozen=True, slots=True, eq=False)
class LifetimeValueModel:
    """A timing model and a spend model, fitted on one history and frozen.

    Attributes:
        timing: When customers order.
        spend: How much, in minor units.
        n_customers: Customers it was fitted on.
        history_weeks: Weeks that the longest-known of them had been known.
        chances: How the shop's own past corrects the chances of an order that ``timing`` gives.
    """

    timing: TimingModel
    spend: SpendModel | MeanSpend
    n_customers: int
    history_weeks: float
    chances: Chances = OWN

    @property
    def name(self) -> str:
        """Which models were chosen, for example ``mbg_nbd x gamma_gamma``."""
        return f"{self.timing.name} x {'mean_spend' if isinstance(self.spend, MeanSpend) else 'gamma_gamma'}"

    @property
    def logs(self) -> FloatArray:
        """Logarithms of all parameters, timing first, shape ``(n_parameters,)``."""
        spend = self.spend
        last = np.log([spend.mean_value_minor]) if isinstance(spend, MeanSpend) else spend.logs
        return np.concatenate([self.timing.logs, last])

    @property
    def covariance(self) -> FloatArray:
        """Covariance of ``logs``, shape ``(n_parameters, n_parameters)``: timing and spend are fitted apart."""
        spend = self.spend
        if isinstance(spend, MeanSpend):
            last = np.array([[(spend.standard_error / spend.mean_value_minor) ** 2]])
        else:
            last = np.zeros((3, 3)) if spend.fit is None else spend.fit.covariance
        n_timing = self.timing.logs.size
        first = np.zeros((n_timing, n_timing)) if self.timing.fit is None else self.timing.fit.covariance
        return linalg.block_diag(first, last)

    def at(self, logs: FloatArray) -> "LifetimeValueModel":
        """The same model with other parameters, given as logarithms in the order of ``logs``."""
        spend, n_timing = self.spend, self.timing.logs.size
        return replace(
            self,
            timing=self.timing.at(logs[:n_timing]),
            spend=replace(spend, mean_value_minor=float(np.exp(logs[n_timing])))
            if isinstance(spend, MeanSpend)
            else spend_model(logs[n_timing:]),
        )

    def projected_value_minor(self, statistics: OrderStatistics, horizon_weeks: float) -> FloatArray:
        """Projected value of each customer's orders over the next ``horizon_weeks``, in minor units.

        Expected orders times expected spend per order, undiscounted.

        Args:
            statistics: Histories up to the moment from which is projected.
            horizon_weeks: Length of the future window, at least 0.

        Returns:
            Shape ``(n_customers,)``, finite, never negative.

        Raises:
            ValueError: If the horizon is negative.
        """
        orders = self.timing.expected_orders(statistics.histories, horizon_weeks=horizon_weeks)
        return orders * self.expected_spend_minor(statistics)

    def chance_of_order(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Probability of at least one order over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Raises:
            ValueError: If the horizon is negative.
        """
        distinct = distinct_histories(histories)
        chance = self.timing.probability_of_order(distinct.histories, horizon_weeks=horizon_weeks)
        expected = self.timing.expected_orders(distinct.histories, horizon_weeks=horizon_weeks)
        return self.chances.corrected(chance, expected)[distinct.row_of]

    @property
    def mean_spend_minor(self) -> float:
        """Expected value of an order of a customer never seen, in minor units."""
        return self.spend.mean_value_minor if isinstance(self.spend, MeanSpend) else self.spend.population_mean

    def expected_spend_minor(self, statistics: OrderStatistics) -> FloatArray:
        """Expected value of a future order of each customer, in minor units, shape ``(n_customers,)``, above 0."""
        if isinstance(self.spend, MeanSpend):
            return np.full(len(statistics), self.spend.mean_value_minor)
        return expected_spend(self.spend, statistics.valued_repeats, mean_value=statistics.mean_value_minor)


def fit_lifetime_value(statistics: OrderStatistics, *, choice: BackTest | None = None) -> LifetimeValueModel:
    """The lifetime-value model that a shop's history carries.

    The timing model is the one a back-test chose, fitted with the weak prior, which lets it begin with
    ``FEWEST_CUSTOMERS_CHOSEN`` customers, and its chances are corrected by what came in that back-test. Without a
    back-test it is BG/NBD or MBG/NBD, whichever makes the history more likely (both have four parameters), by maximum
    likelihood. Spend is Gamma-Gamma over customers with repeat orders;
    where that has no finite mean, did not converge, or contradicts the plain mean of the orders, everyone is expected
    to spend that mean.

    Args:
        statistics: Of all the shop's customers.
        choice: From ``backtest``, if models were compared.

    Raises:
        NotEnoughHistory: If there are too few customers, repeat customers or weeks, nothing ever cost anything, or no
            timing model converges.
    """
    customers, repeats, weeks = (
        (FEWEST_CUSTOMERS, FEWEST_REPEAT_CUSTOMERS, FEWEST_WEEKS)
        if choice is None
        else (FEWEST_CUSTOMERS_CHOSEN, FEWEST_REPEAT_CUSTOMERS_CHOSEN, FEWEST_WEEKS)
    )
    n_repeat = int((statistics.frequency > 0).sum())
    history_weeks = float(statistics.age_weeks.max(initial=0.0))
    for have, need, what in (
        (len(statistics), customers, "customers who ordered"),
        (n_repeat, repeats, "customers who ordered again"),
        (history_weeks, weeks, "weeks of history"),
    ):
        if have < need:
            raise NotEnoughHistory(f"a projection needs at least {need} {what}, and there are {have:g}")
    return LifetimeValueModel(
        timing=_likelier_timing(statistics) if choice is None else _chosen_timing(statistics, choice),
        spend=_spend(statistics),
        n_customers=len(statistics),
        history_weeks=history_weeks,
        chances=OWN if choice is None else choice.chances_of(choice.timing),
    )


def _chosen_timing(statistics: OrderStatistics, choice: BackTest) -> TimingModel:
    model = fitted_timing(statistics.histories, choice.timing)
    if model.fit is None or not model.fit.converged:
        raise NotEnoughHistory(f"the model {choice.timing} does not converge on this history")
    return model


def _likelier_timing(statistics: OrderStatistics) -> TimingModel:
    fits = []
    names: tuple[Name, ...] = ("bg_nbd", "mbg_nbd")
    for name in names:
        model = fit_bgnbd(statistics.histories, name=name)
        if model.fit is not None and model.fit.converged:
            fits.append((model.fit.log_likelihood, model))
    if not fits:
        raise NotEnoughHistory("no model of when customers order converges on this history")
    return max(fits, key=lambda fit: fit[0])[1]


def _spend(statistics: OrderStatistics) -> SpendModel | MeanSpend:
    valued = statistics.valued_repeats > 0
    orders, means = statistics.valued_repeats[valued], statistics.mean_value_minor[valued]
    if not orders.size:
        raise NotEnoughHistory("a projection needs repeat orders with a value above 0, and there are none")
    mean = float(np.average(means, weights=orders))
    model = fit_spend(orders, means)
    is_usable = model.fit is not None and model.fit.converged and model.q > _LEAST_Q
    if is_usable and 1 / _GREATEST_MEAN_RATIO <= model.population_mean / mean <= _GREATEST_MEAN_RATIO:
        return model
    spread = float(np.sqrt(np.sum((orders * (means - mean)) ** 2))) / float(orders.sum())
    return MeanSpend(mean, spread)
