"""When customers order: the BG/NBD model and its modification MBG/NBD, which share one form.

While active, a customer orders at random at a rate of their own; after each order (MBG/NBD: also after the first) they
may leave for good. Rates are gamma distributed over customers, the chance of leaving beta distributed.

BG/NBD: Fader, Hardie and Lee (2005), Marketing Science 24(2). MBG/NBD: Batislam, Denizel and Filiztekin (2007),
International Journal of Research in Marketing 24. Numerically as Fader and Hardie's note 027.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from customers.models.histories import Histories, check_horizon, distinct_histories
from customers.models.hypergeometric import hypergeometric
from customers.models.maximum import Maximum, WeakPrior, maximise

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_LEAST_CHANCE = 1e-12
"""Of leaving after an order, as drawn: smaller ones overflow the number of orders until then."""

_NEAR_ONE = 1e-4
"""How near to 1 the parameter a must be for the expectation, which is 0/0 at 1, to be taken from both sides of it."""

Name = Literal["bg_nbd", "mbg_nbd"]

SHIFT: dict[Name, int] = {"bg_nbd": 0, "mbg_nbd": 1}
"""1 where a customer can leave after the very first order (MBG/NBD), else 0."""


class BetaGeometricPredictions:
    """What BG/NBD or MBG/NBD say of customers; ``alpha`` and ``a`` are everybody's, or one number per customer."""

    __slots__ = ()
    name: Name
    r: float
    alpha: float | FloatArray
    a: float | FloatArray
    b: float

    @property
    def shift(self) -> int:
        """1 where a customer can leave after the very first order (MBG/NBD), else 0."""
        return SHIFT[self.name]

    def log_likelihood(self, histories: Histories) -> float:
        """Log-likelihood of the histories on the natural scale: equation 6 of Fader, Hardie and Lee (2005)."""
        return float(log_likelihoods(self.name, self.r, self.alpha, self.a, self.b, histories)[0].sum())

    def probability_alive(self, histories: Histories) -> FloatArray:
        """Probability that each customer has not left, shape ``(n_customers,)``."""
        return special.expit(-_log_odds_left(self.shift, self.r, self.alpha, self.a, self.b, histories))

    def expected_orders(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Expected orders of each customer over the next ``horizon_weeks``, given their history.

        Fader, Hardie and Lee (2005), equation 10 (MBG/NBD: ``b + 1`` in place of ``b``), with Euler's transformation of
        its hypergeometric function, whose series stays tame for customers with hundreds of orders. For a history that
        has only just begun (all numbers 0) it is their equation 9, the expectation of a new customer.

        Returns:
            Shape ``(n_customers,)``, finite, from 0 to what a customer who never leaves would order.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        tau = horizon_weeks / (self.alpha + histories.age_weeks)
        a = np.broadcast_to(self.a, tau.shape)
        active = _orders_while_alive(self.r, a, self.b + self.shift, histories.frequency.astype(np.float64), tau)
        orders: FloatArray = self.probability_alive(histories) * active
        return orders

    def probability_of_order(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Probability of at least one order over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Who is alive orders at a rate that is gamma distributed with shape r + x and rate alpha + T, and can leave only
        after the next order: 1 - ((alpha + T) / (alpha + T + t)) ** (r + x), times the probability of being alive.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        tau = horizon_weeks / (self.alpha + histories.age_weeks)
        chance: FloatArray = -np.expm1(-(self.r + histories.frequency) * np.log1p(tau))
        return self.probability_alive(histories) * chance

    def simulated_orders(self, histories: Histories, *, horizon_weeks: float, rng: np.random.Generator) -> IntArray:
        """One random future of each customer: orders over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Rate and chance of leaving are drawn from what their history says of them: gamma with shape r + x and rate
        alpha + T, beta with a and b + x (MBG/NBD: b + x + 1). Orders at a rate that stop with a fixed chance after each
        are as many as Poisson's, cut short by a geometric number.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        x = histories.frequency
        is_alive = rng.random(len(histories)) < self.probability_alive(histories)
        rate = rng.gamma(self.r + x[is_alive]) / (self.alpha + histories.age_weeks[is_alive])
        leaving = rng.beta(self.a, self.b + self.shift + x[is_alive])
        orders = np.zeros(len(histories), dtype=np.int64)
        until_leaving = rng.geometric(np.maximum(leaving, _LEAST_CHANCE))
        orders[is_alive] = np.minimum(rng.poisson(rate * horizon_weeks), until_leaving)
        return orders


@dataclass(frozen=True, slots=True, eq=False)
class BetaGeometric(BetaGeometricPredictions):
    """A fitted (or given) BG/NBD or MBG/NBD; ``r``, ``alpha``, ``a`` and ``b`` are the papers' letters, in weeks.

    A ``TimingModel``. BG/NBD gives every one-time customer a probability of 1 of being alive, by construction: do not
    read churn from it.
    """

    name: Name
    r: float
    alpha: float
    a: float
    b: float
    fit: Maximum | None = None

    @property
    def logs(self) -> FloatArray:
        """Logarithms of ``r``, ``alpha``, ``a``, ``b``."""
        return np.log([self.r, self.alpha, self.a, self.b])

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by letter."""
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    def at(self, logs: FloatArray) -> "BetaGeometric":
        """The model whose parameters have the given logarithms, in the order r, alpha, a, b."""
        return _model(self.name, logs)


def _model(name: Name, logs: FloatArray, *, fit: Maximum | None = None) -> BetaGeometric:
    r, alpha, a, b = np.exp(logs).tolist()
    return BetaGeometric(name, r, alpha, a, b, fit)


def fit_bgnbd(histories: Histories, *, name: Name, prior: WeakPrior | None = None) -> BetaGeometric:
    """The BG/NBD or MBG/NBD of maximum likelihood, or with a prior of maximum posterior density.

    Args:
        histories: The customers'.
        name: Which of the two models.
        prior: What is believed of the logarithms of r, alpha, a and b before the shop is seen.

    Raises:
        ValueError: If there is no customer.
    """
    if not len(histories):
        raise ValueError("a timing model needs at least 1 customer, got 0")
    distinct = distinct_histories(histories)
    rows = distinct.histories

    def log_likelihood(logs: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, a, b = np.exp(logs).tolist()
        values, slopes = log_likelihoods(name, r, alpha, a, b, rows)
        return float(distinct.weights @ values), slopes @ distinct.weights * np.exp(logs)

    scale = float(histories.age_weeks.mean()) / 4
    start = np.log([0.5, max(scale, 1e-3), 1.0, 3.0])
    maximum = maximise(log_likelihood, start, n=float(len(histories)), prior=prior)
    return _model(name, maximum.logs, fit=maximum)


def log_likelihoods(
    name: Name, r: float, alpha: float | FloatArray, a: float | FloatArray, b: float, histories: Histories
) -> tuple[FloatArray, FloatArray]:
    """Log-likelihood of each customer's history, and its slopes: equation 6 of Fader, Hardie and Lee (2005).

    Returns:
        Log-likelihoods, shape ``(n_customers,)``, and their derivatives by r, alpha, a and b (each customer's own),
        shape ``(4, n_customers)``.
    """
    shift, x, T = SHIFT[name], histories.frequency, histories.age_weeks
    # Where a is everybody's, gamma functions hang on the frequency alone, of which there are few.
    k = x if np.ndim(a) else np.arange(x.max(initial=0) + 1)
    b_end = b + shift + k
    both = special.psi(a + b) - special.psi(a + b_end)
    of_count = np.stack(
        [
            special.gammaln(r + k) - special.gammaln(r) + special.betaln(a, b_end) - special.betaln(a, b),
            special.psi(r + k) - special.psi(r),
            both,
            special.psi(b_end) - special.psi(b) + both,
        ]
    )
    value, by_r, by_a, by_b = of_count if np.ndim(a) else of_count[:, x]
    c = r + x
    odds = _log_odds_left(shift, r, alpha, a, b, histories)
    left = special.expit(odds)
    log_T = np.log(alpha + T)
    later = log_T - np.log(alpha + histories.recency_weeks)
    sooner = 1 / (alpha + T) - 1 / (alpha + histories.recency_weeks)
    slopes = [
        by_r + np.log(alpha) - log_T + left * later,
        r / alpha + c * (left * sooner - 1 / (alpha + T)),
        by_a + left / a,
        by_b - left / (b + shift + (x if shift else np.maximum(x, 1)) - 1),
    ]
    return value + r * np.log(alpha) - c * log_T + np.logaddexp(0.0, odds), np.stack(slopes)


def _log_odds_left(
    shift: int, r: float, alpha: float | FloatArray, a: float | FloatArray, b: float, histories: Histories
) -> FloatArray:
    """Logarithm of the odds of having left, ``-inf`` where the model rules it out."""
    x = histories.frequency
    # x = 0 has no such term in BG/NBD; 1 keeps the arithmetic defined until it is masked.
    n = x if shift else np.maximum(x, 1)
    silent = np.log(alpha + histories.age_weeks) - np.log(alpha + histories.recency_weeks)
    odds: FloatArray = np.log(a) - np.log(b + shift + n - 1) + (r + x) * silent
    return odds if shift else np.where(x > 0, odds, -np.inf)


def _orders_while_alive(r: float, a: FloatArray, b_start: float, x: FloatArray, tau: FloatArray) -> FloatArray:
    """Expected orders of a customer still active, over ``tau`` = horizon / (alpha + age); all ``(n_customers,)``."""
    orders = _orders_by_series(r, a, b_start, x, tau)
    # The formula is 0/0 at a = 1 and smooth around it: the chord through two points beside it.
    rows = np.flatnonzero(np.abs(a - 1) < _NEAR_ONE)
    if rows.size:
        low, high = (
            _orders_by_series(r, np.full(rows.size, 1 + side * _NEAR_ONE), b_start, x[rows], tau[rows])
            for side in (-1, 1)
        )
        orders[rows] = low + (high - low) * (a[rows] - 1 + _NEAR_ONE) / (2 * _NEAR_ONE)
    return orders


def _orders_by_series(r: float, a: FloatArray, b_start: float, x: FloatArray, tau: FloatArray) -> FloatArray:
    z = tau / (1 + tau)
    c = a + b_start + x - 1
    with np.errstate(all="ignore"):
        series = hypergeometric(a + b_start - 1 - r, a - 1, c, z)
        orders = c / (a - 1) * (1 - (1 - z) ** (a - 1) * series)
    # Where the series overflows, a and b are so large that everyone leaves with the same probability.
    leaving = a / (a + b_start + x)
    same_for_all = -np.expm1(-(r + x) * np.log1p(leaving * tau)) / leaving
    orders = np.where(np.isfinite(orders), orders, same_for_all)
    return np.clip(orders, 0.0, (r + x) * tau)
