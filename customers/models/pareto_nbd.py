"""When customers order: the Pareto/NBD model, in which they may leave at any moment, silently.

While active, a customer orders at random at a rate of their own and leaves at a rate of their own; both rates are gamma
distributed over customers. Schmittlein, Morrison and Colombo (1987), Management Science 33(1); letters as in Fader and
Hardie's note 009 (2005): purchase rates have shape r and rate alpha, drop-out rates shape s and rate beta.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from customers.models.departures import departures
from customers.models.histories import Histories, check_horizon, distinct_histories
from customers.models.maximum import Maximum, WeakPrior, maximise

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_LEAST_RATE = 1e-300
"""Of leaving per week, as drawn: a gamma draw of small shape may come out as 0."""


class ParetoPredictions:
    """What a Pareto/NBD says of customers; ``alpha`` and ``beta`` are everybody's, or one number per customer."""

    __slots__ = ()
    r: float
    alpha: float | FloatArray
    s: float
    beta: float | FloatArray

    def log_likelihood(self, histories: Histories) -> float:
        """Log-likelihood of the histories on the natural scale: equation 18 of note 009."""
        return float(log_likelihoods(self.r, self.alpha, self.s, self.beta, histories)[0].sum())

    def probability_alive(self, histories: Histories) -> FloatArray:
        """Probability that each customer has not left, shape ``(n_customers,)``."""
        left, stayed = _log_ways(self, histories, begin_weeks=histories.recency_weeks, end_weeks=histories.age_weeks)
        return special.expit(stayed - left)

    def expected_orders(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Expected orders of each customer over the next ``horizon_weeks``, given their history.

        Equation 41 of note 009, written so that nothing cancels at or around s = 1. For a history that has only just
        begun it is equation 17, the expectation of a new customer.

        Returns:
            Shape ``(n_customers,)``, finite, from 0 to what a customer who never leaves would order.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        rate = (self.r + histories.frequency) / (self.alpha + histories.age_weeks)
        beta = self.beta + histories.age_weeks
        doublings = np.log1p(horizon_weeks / beta)
        # exprel(y) = (exp(y) - 1) / y, 1 at y = 0.
        active_weeks = beta * doublings * special.exprel((1 - self.s) * doublings)
        orders: FloatArray = rate * active_weeks * self.probability_alive(histories)
        return orders

    def probability_of_order(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Probability of at least one order over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Who is alive and will not order either leaves before the next order would come or stays all the while: the two
        terms of the likelihood once more, over the time ahead instead of the time since the last order.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        T = histories.age_weeks
        left, stayed = _log_ways(self, histories, begin_weeks=T, end_weeks=T + horizon_weeks)
        c = self.r + histories.frequency
        until_now = -c * np.log(self.alpha + T) - self.s * np.log(self.beta + T)
        chance: FloatArray = -np.expm1(np.minimum(np.logaddexp(left, stayed) - until_now, 0.0))
        return self.probability_alive(histories) * chance

    def simulated_orders(self, histories: Histories, *, horizon_weeks: float, rng: np.random.Generator) -> IntArray:
        """One random future of each customer: orders over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Who is alive has a purchase rate that is gamma distributed with shape r + x and rate alpha + T, and a drop-out
        rate with shape s and rate beta + T (note 009, section 5); orders are Poisson's until the horizon or departure.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        n = len(histories)
        is_alive = rng.random(n) < self.probability_alive(histories)
        rate = rng.gamma(self.r + histories.frequency) / (self.alpha + histories.age_weeks)
        leaving = rng.gamma(self.s, size=n) / (self.beta + histories.age_weeks)
        active_weeks = np.minimum(rng.exponential(size=n) / np.maximum(leaving, _LEAST_RATE), horizon_weeks)
        return np.where(is_alive, rng.poisson(rate * active_weeks), 0).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class ParetoNBD(ParetoPredictions):
    """A fitted (or given) Pareto/NBD; ``r``, ``alpha``, ``s`` and ``beta`` are the papers' letters, in weeks.

    A ``TimingModel``.
    """

    r: float
    alpha: float
    s: float
    beta: float
    fit: Maximum | None = None

    @property
    def name(self) -> str:
        """``pareto_nbd``."""
        return "pareto_nbd"

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by letter."""
        return {"r": self.r, "alpha": self.alpha, "s": self.s, "beta": self.beta}

    @property
    def logs(self) -> FloatArray:
        """Logarithms of ``r``, ``alpha``, ``s``, ``beta``."""
        return np.log([self.r, self.alpha, self.s, self.beta])

    def at(self, logs: FloatArray) -> "ParetoNBD":
        """The model whose parameters have the given logarithms, in the order r, alpha, s, beta."""
        return _model(logs)


def _model(logs: FloatArray, *, fit: Maximum | None = None) -> ParetoNBD:
    r, alpha, s, beta = np.exp(logs).tolist()
    return ParetoNBD(r, alpha, s, beta, fit)


def fit_pareto_nbd(histories: Histories, *, prior: WeakPrior | None = None) -> ParetoNBD:
    """The Pareto/NBD of maximum likelihood, or with a prior of maximum posterior density.

    Args:
        histories: The customers'.
        prior: What is believed of the logarithms of r, alpha, s and beta before the shop is seen.

    Raises:
        ValueError: If there is no customer.
    """
    if not len(histories):
        raise ValueError("a timing model needs at least 1 customer, got 0")
    distinct = distinct_histories(histories)
    rows = distinct.histories

    def log_likelihood(logs: FloatArray) -> tuple[float, FloatArray]:
        r, alpha, s, beta = np.exp(logs).tolist()
        values, slopes = log_likelihoods(r, alpha, s, beta, rows)
        return float(distinct.weights @ values), slopes @ distinct.weights * np.exp(logs)

    scale = max(float(histories.age_weeks.mean()) / 4, 1e-3)
    start = np.log([0.5, scale, 0.5, scale])
    maximum = maximise(log_likelihood, start, n=float(len(histories)), prior=prior)
    return _model(maximum.logs, fit=maximum)


def log_likelihoods(
    r: float, alpha: float | FloatArray, s: float, beta: float | FloatArray, histories: Histories
) -> tuple[FloatArray, FloatArray]:
    """Log-likelihood of each customer's history, and its slopes.

    Equation 18 of note 009, as the sum of its two stories: active to the end, or gone at some moment since the last
    order.

    Returns:
        Log-likelihoods, shape ``(n_customers,)``, and their derivatives by r, alpha, s and beta (each customer's own),
        shape ``(4, n_customers)``.
    """
    x, T = histories.frequency, histories.age_weeks
    c: FloatArray = r + x.astype(np.float64)
    alpha, beta = np.broadcast_to(alpha, x.shape), np.broadcast_to(beta, x.shape)
    since = departures(c, alpha, s, beta, begin_weeks=histories.recency_weeks, end_weeks=T)
    log_alpha, log_beta = np.log(alpha + T), np.log(beta + T)
    stayed = -c * log_alpha - s * log_beta
    left = np.log(s) + since.log_integral
    gone = special.expit(left - stayed)
    here = 1 - gone
    # Gamma functions of r + x need computing once per frequency, of which there are few.
    by_count = r + np.arange(x.max(initial=0) + 1)
    values = special.gammaln(by_count)[x] - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    slopes = [
        special.psi(by_count)[x] - special.psi(r) + np.log(alpha) - here * log_alpha - gone * since.log_alpha,
        r / alpha - c * (here / (alpha + T) + gone * since.per_alpha),
        np.log(beta) - here * log_beta + gone * (1 / s - since.log_beta),
        s / beta - s * here / (beta + T) - (s + 1) * gone * since.per_beta,
    ]
    return values + np.logaddexp(left, stayed), np.stack(slopes)


def _log_ways(
    model: ParetoPredictions, histories: Histories, *, begin_weeks: FloatArray, end_weeks: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log of how likely it is to have left between begin and end without another order, and to have stayed so long.

    Both up to one factor, the same for the two.
    """
    c: FloatArray = model.r + histories.frequency.astype(np.float64)
    alpha, beta = np.broadcast_to(model.alpha, c.shape), np.broadcast_to(model.beta, c.shape)
    between = departures(c, alpha, model.s, beta, begin_weeks=begin_weeks, end_weeks=end_weeks)
    left = np.log(model.s) + between.log_integral
    return left, -c * np.log(alpha + end_weeks) - model.s * np.log(beta + end_weeks)
