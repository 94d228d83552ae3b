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

from customers.models.histories import DistinctHistories, Histories, check_horizon, distinct_histories
from customers.models.maximum import Maximum, WeakPrior, maximise

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_MOST_TERMS = 500
"""Terms of a hypergeometric series; where it is needed, tens are enough."""

_LEAST_CHANCE = 1e-12
"""Of leaving after an order, as drawn: smaller ones overflow the number of orders until then."""

Name = Literal["bg_nbd", "mbg_nbd"]

_SHIFT: dict[Name, int] = {"bg_nbd": 0, "mbg_nbd": 1}


@dataclass(frozen=True, slots=True, eq=False)
class BetaGeometric:
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

    @property
    def shift(self) -> int:
        """1 where a customer can leave after the very first order (MBG/NBD), else 0."""
        return _SHIFT[self.name]

    def at(self, logs: FloatArray) -> "BetaGeometric":
        """The model whose parameters have the given logarithms, in the order r, alpha, a, b."""
        return _model(self.name, logs)

    def log_likelihood(self, histories: Histories) -> float:
        """Log-likelihood of the histories on the natural scale: equation 6 of Fader, Hardie and Lee (2005)."""
        return _log_likelihood(self.logs, distinct_histories(histories), self.shift)[0]

    def probability_alive(self, histories: Histories) -> FloatArray:
        """Probability that each customer has not left, shape ``(n_customers,)``."""
        x = histories.frequency.astype(np.float64)
        return special.expit(-_log_odds_left(self.logs, x, histories.recency_weeks, histories.age_weeks, self.shift))

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
        x = histories.frequency.astype(np.float64)
        tau = horizon_weeks / (self.alpha + histories.age_weeks)
        return self.probability_alive(histories) * _orders_while_alive(self, x, tau)

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

    def log_likelihood(logs: FloatArray) -> tuple[float, FloatArray]:
        return _log_likelihood(logs, distinct, _SHIFT[name])

    scale = float(histories.age_weeks.mean()) / 4
    start = np.log([0.5, max(scale, 1e-3), 1.0, 3.0])
    maximum = maximise(log_likelihood, start, n=float(len(histories)), prior=prior)
    return _model(name, maximum.logs, fit=maximum)


def _log_odds_left(logs: FloatArray, x: FloatArray, tx: FloatArray, T: FloatArray, shift: int) -> FloatArray:
    """Logarithm of the odds of having left, ``-inf`` where the model rules it out."""
    r, alpha, a, b = np.exp(logs)
    # x = 0 has no such term in BG/NBD; 1 keeps the arithmetic defined until it is masked.
    n = x if shift else np.maximum(x, 1)
    odds = np.log(a) - np.log(b + shift + n - 1) + (r + x) * (np.log(alpha + T) - np.log(alpha + tx))
    return odds if shift else np.where(x > 0, odds, -np.inf)


def _log_likelihood(logs: FloatArray, histories: DistinctHistories, shift: int) -> tuple[float, FloatArray]:
    """Weighted sum over distinct histories, and its gradient in the logs.

    Gamma functions depend on the frequency alone, of which there are a few dozen, and are summed apart from the rest.
    """
    r, alpha, a, b = np.exp(logs)
    k, of_counts = histories.counts, histories.count_weights
    b_end = b + shift + k
    both = special.psi(a + b) - special.psi(a + b_end)
    value = of_counts @ (
        r * logs[1] + special.gammaln(r + k) - special.gammaln(r) + special.betaln(a, b_end) - special.betaln(a, b)
    )
    by_r = of_counts @ (logs[1] + special.psi(r + k) - special.psi(r))
    by_alpha = of_counts.sum() * r / alpha
    by_a = of_counts @ both
    by_b = of_counts @ (special.psi(b_end) - special.psi(b) + both)

    x, tx, T, weights = histories.x, histories.tx, histories.T, histories.weights
    log_T, log_tx = np.log(alpha + T), np.log(alpha + tx)
    odds = _log_odds_left(logs, x, tx, T, shift)
    left = weights * special.expit(odds)
    n = x if shift else np.maximum(x, 1)
    value += weights @ (np.logaddexp(0.0, odds) - (r + x) * log_T)
    by_r += left @ (log_T - log_tx) - weights @ log_T
    by_alpha += left @ ((r + x) * (1 / (alpha + T) - 1 / (alpha + tx))) - weights @ ((r + x) / (alpha + T))
    by_a += left.sum() / a
    by_b -= left @ (1 / (b + shift + n - 1))
    return float(value), np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])


def _hypergeometric(a: float, b: float, c: FloatArray, z: FloatArray) -> FloatArray:
    """Gauss' function 2F1(a, b; c; z) for 0 <= z < 1, by scipy, and round about where scipy gives up.

    For z above .9 scipy goes over to 1 - z. That fails where c - a - b is a whole number, though the function is smooth
    there: the mean of two points beside it stands in. It also overflows for large c (after a hundred orders, say),
    where the power series settles within some tens of terms. ``nan`` where none of these gives a number.
    """
    value: FloatArray = np.asarray(special.hyp2f1(a, b, c, z), dtype=np.float64)
    for stand_in in (_beside, _power_series):
        lost = ~np.isfinite(value)
        if lost.any():
            value[lost] = stand_in(a, b, c[lost], z[lost])
    return value


def _beside(a: float, b: float, c: FloatArray, z: FloatArray) -> FloatArray:
    step = 1e-5
    both: FloatArray = (special.hyp2f1(a, b, c - step, z) + special.hyp2f1(a, b, c + step, z)) / 2
    return both


def _power_series(a: float, b: float, c: FloatArray, z: FloatArray) -> FloatArray:
    term = np.ones(len(z))
    total = term.copy()
    for n in range(_MOST_TERMS):
        term = term * ((a + n) * (b + n) / ((c + n) * (1 + n)) * z)
        total += term
    # With a below 0 the terms cancel, and what remains may be rounding.
    return np.where((np.abs(term) <= 1e-15 * np.abs(total)) & (a >= 0), total, np.nan)


def _orders_while_alive(model: BetaGeometric, x: FloatArray, tau: FloatArray) -> FloatArray:
    """Expected orders of a customer still active, over ``tau`` = horizon / (alpha + age)."""
    near_one = 1e-4
    if abs(model.a - 1) < near_one:
        # The formula is 0/0 at a = 1 and smooth around it: the chord through two points beside it.
        low, high = (
            _orders_while_alive(BetaGeometric(model.name, model.r, model.alpha, 1 + side * near_one, model.b), x, tau)
            for side in (-1.0000001, 1.0000001)
        )
        share = (model.a - 1 + near_one) / (2 * near_one)
        return low + (high - low) * share
    a, b_start = model.a, model.b + model.shift
    z = tau / (1 + tau)
    c = a + b_start + x - 1
    with np.errstate(all="ignore"):
        series = _hypergeometric(a + b_start - 1 - model.r, a - 1, c, z)
        orders = c / (a - 1) * (1 - (1 - z) ** (a - 1) * series)
    # Where the series overflows, a and b are so large that everyone leaves with the same probability.
    leaving = a / (a + b_start + x)
    same_for_all = -np.expm1(-(model.r + x) * np.log1p(leaving * tau)) / leaving
    orders = np.where(np.isfinite(orders), orders, same_for_all)
    return np.clip(orders, 0.0, (model.r + x) * tau)
