"""When customers order who order regularly: BG/CNBD-k and MBG/CNBD-k.

As BG/NBD and MBG/NBD, but a customer's gaps are Erlang distributed with shape ``k`` instead of exponential: every order
takes ``k`` steps, and the steps come at random at a rate of the customer's own. ``k = 1`` is (M)BG/NBD; the greater
``k``, the more alike one customer's gaps, and the sooner a silence means something.

Platzer and Reutterer (2016), Marketing Science 35(5), for regularity; the closed likelihood as Batislam, Denizel and
Filiztekin (2007) with Erlang gaps (Reutterer, Platzer and Schroeder 2021, International Journal of Research in
Marketing 38(3)).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from customers.models.bgnbd import Name
from customers.models.histories import DistinctHistories, Histories, check_horizon, distinct_histories
from customers.models.maximum import Maximum, WeakPrior, maximise
from customers.models.renewals import OrdersAhead, first_orders, later_orders

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

GREATEST_REGULARITY = 8
"""Erlang shapes above it tell no more: gaps then differ by less than a third of their mean."""

MOST_COMPARED = 50_000
"""Customers on whom shapes are compared: to so many one shape or its neighbour makes a difference of hundreds in the
log-likelihood."""

_LEAST_CHANCE = 1e-12
"""Of leaving after an order, as drawn: smaller ones overflow the number of orders until then."""

_SHIFT: dict[Name, int] = {"bg_nbd": 0, "mbg_nbd": 1}


@dataclass(frozen=True, slots=True, eq=False)
class RegularGeometric:
    """A fitted (or given) BG/CNBD-k or MBG/CNBD-k; ``r``, ``alpha``, ``a`` and ``b`` are the papers' letters, in weeks.

    A ``TimingModel``. The steps' rate is gamma distributed with shape ``r`` and rate ``alpha``, so that a customer's
    mean gap is ``k`` over that rate.
    """

    family: Name
    k: int
    r: float
    alpha: float
    a: float
    b: float
    fit: Maximum | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k must be at least 1, got {self.k}")

    @property
    def name(self) -> str:
        """``bg_cnbd_2``, ``mbg_cnbd_3`` and so on; the number is ``k``."""
        return f"{self.family.removesuffix('_nbd')}_cnbd_{self.k}"

    @property
    def logs(self) -> FloatArray:
        """Logarithms of ``r``, ``alpha``, ``a``, ``b``; ``k`` is chosen, not fitted."""
        return np.log([self.r, self.alpha, self.a, self.b])

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by letter, without ``k``."""
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    @property
    def shift(self) -> int:
        """1 where a customer can leave after the very first order (MBG), else 0."""
        return _SHIFT[self.family]

    def at(self, logs: FloatArray) -> "RegularGeometric":
        """The model of the same ``k`` whose parameters have the given logarithms, in the order r, alpha, a, b."""
        return _model(self.family, self.k, logs)

    def log_likelihood(self, histories: Histories) -> float:
        """Log-likelihood on the natural scale, comparable with that of every other ``k``.

        Raises:
            ValueError: If ``k`` is above 1 and the histories carry no ``log_gaps``.
        """
        value = _log_likelihood(self.logs, distinct_histories(histories), self.k, self.shift)[0]
        return value + _of_gaps(histories, self.k)

    def probability_alive(self, histories: Histories) -> FloatArray:
        """Probability that each customer has not left, shape ``(n_customers,)``."""
        x = histories.frequency.astype(np.float64)
        terms = _silence_terms(self.logs, x, histories.recency_weeks, histories.age_weeks, self.k)
        odds = _log_odds_left(self.logs, x, histories.recency_weeks, histories.age_weeks, self.k, self.shift)
        alive: FloatArray = special.expit(np.log(terms.sum(axis=0)) - odds)
        return alive

    def expected_orders(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Expected orders of each customer over the next ``horizon_weeks``, given their history.

        The sum over m of the chance of an m-th order: having taken ``j`` steps since the last one, with the chance that
        their silence gives it, she must take ``m k - j`` more (negative binomial, as her rate is gamma distributed) and
        not leave after any of the m - 1 orders before it (beta).

        Returns:
            Shape ``(n_customers,)``, finite, never negative.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        share = horizon_weeks / (self.alpha + histories.age_weeks + horizon_weeks)
        ahead = OrdersAhead(
            steps=_steps_taken(self, histories),
            shape=self.r + self.k * histories.frequency + np.arange(self.k, dtype=np.float64)[:, None],
            share=share,
            staying=self.b + self.shift + histories.frequency.astype(np.float64),
            alive=self.probability_alive(histories),
        )
        total, rows = first_orders(self.k, self.a, ahead)
        if rows.size:
            total[rows] += later_orders(self.k, self.a, ahead.of(rows))
        return total

    def probability_of_order(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Probability of at least one order over the next ``horizon_weeks``, shape ``(n_customers,)``.

        The first term of the sum that ``expected_orders`` is.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        x = histories.frequency.astype(np.float64)
        share = horizon_weeks / (self.alpha + histories.age_weeks + horizon_weeks)
        chance = _chance_of_steps(self, 1, x, _steps_taken(self, histories), share)
        return self.probability_alive(histories) * chance

    def simulated_orders(self, histories: Histories, *, horizon_weeks: float, rng: np.random.Generator) -> IntArray:
        """One random future of each customer: orders over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Steps taken since the last order, rate and chance of leaving are drawn from what their history says of them.

        Raises:
            ValueError: If the horizon is negative.
        """
        check_horizon(horizon_weeks)
        is_alive = rng.random(len(histories)) < self.probability_alive(histories)
        alive = histories.of(is_alive)
        ladder = _steps_taken(self, alive).cumsum(axis=0)
        taken = (rng.random(len(alive)) > ladder[:-1]).sum(axis=0)
        rate = rng.gamma(self.r + self.k * alive.frequency + taken) / (self.alpha + alive.age_weeks)
        leaving = rng.beta(self.a, self.b + self.shift + alive.frequency)
        until_leaving = rng.geometric(np.maximum(leaving, _LEAST_CHANCE))
        orders = np.zeros(len(histories), dtype=np.int64)
        orders[is_alive] = np.minimum((taken + rng.poisson(rate * horizon_weeks)) // self.k, until_leaving)
        return orders


def _model(family: Name, k: int, logs: FloatArray, *, fit: Maximum | None = None) -> RegularGeometric:
    r, alpha, a, b = np.exp(logs).tolist()
    return RegularGeometric(family, k, r, alpha, a, b, fit)


def fit_regular(
    histories: Histories, *, family: Name = "mbg_nbd", k: int, prior: WeakPrior | None = None
) -> RegularGeometric:
    """The (M)BG/CNBD-k of maximum likelihood for one ``k``, or with a prior of maximum posterior density.

    Args:
        histories: The customers', with ``log_gaps`` where ``k`` is above 1.
        family: Whether customers can leave after their first order (``mbg_nbd``) or not.
        k: Steps per order, at least 1.
        prior: What is believed of the logarithms of r, alpha, a and b before the shop is seen.

    Raises:
        ValueError: If there is no customer, or ``k`` is above 1 and there are no ``log_gaps``.
    """
    if not len(histories):
        raise ValueError("a timing model needs at least 1 customer, got 0")
    of_gaps, shift = _of_gaps(histories, k), _SHIFT[family]
    distinct = distinct_histories(histories)

    def log_likelihood(logs: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _log_likelihood(logs, distinct, k, shift)
        return value + of_gaps, gradient

    scale = float(histories.age_weeks.mean()) / (4 * k)
    start = np.log([0.5, max(scale, 1e-3), 1.0, 3.0])
    maximum = maximise(log_likelihood, start, n=float(len(histories)), prior=prior)
    return _model(family, k, maximum.logs, fit=maximum)


def likeliest_regularity(
    histories: Histories, *, family: Name = "mbg_nbd", prior_of: Callable[[int], WeakPrior] | None = None
) -> RegularGeometric:
    """The (M)BG/CNBD-k whose ``k`` makes the histories likeliest, from 1 to ``GREATEST_REGULARITY``.

    The likelihood rises with ``k`` up to the best one and falls from there; the search stops where it falls. Of more
    than ``MOST_COMPARED`` customers every n-th is asked for ``k``, and all for the other parameters.

    Args:
        histories: The customers', with ``log_gaps``.
        family: Whether customers can leave after their first order (``mbg_nbd``) or not.
        prior_of: The prior for each ``k``: the steps' rate grows with it.

    Raises:
        ValueError: If there is no customer or no ``log_gaps``.
    """
    every = max(-(-len(histories) // MOST_COMPARED), 1)
    asked = histories if every == 1 else histories.of(np.arange(0, len(histories), every))
    best = fit_regular(asked, family=family, k=1, prior=prior_of(1) if prior_of else None)
    for k in range(2, GREATEST_REGULARITY + 1):
        model = fit_regular(asked, family=family, k=k, prior=prior_of(k) if prior_of else None)
        if _fitted(model).log_likelihood <= _fitted(best).log_likelihood:
            break
        best = model
    if asked is histories:
        return best
    return fit_regular(histories, family=family, k=best.k, prior=prior_of(best.k) if prior_of else None)


def _fitted(model: RegularGeometric) -> Maximum:
    assert model.fit is not None
    return model.fit


def _of_gaps(histories: Histories, k: int) -> float:
    """What the gaps themselves add to the log-likelihood: (k - 1) ln(gap) - ln Gamma(k), each; 0 for k = 1."""
    if k == 1:
        return 0.0
    if histories.log_gaps is None:
        raise ValueError(f"a model of regular timing with k = {k} needs log_gaps, and the histories carry none")
    return float((k - 1) * histories.log_gaps.sum() - special.gammaln(k) * histories.frequency.sum())


def _silence_terms(logs: FloatArray, x: FloatArray, tx: FloatArray, T: FloatArray, k: int) -> FloatArray:
    """Weights of 0 .. k - 1 steps taken since the last order, shape ``(k, n)``; the first is 1.

    Gamma(r + k x + j) / Gamma(r + k x) u^j / j! with u = (T - tx) / (alpha + T).
    """
    r, alpha = np.exp(logs[:2])
    u = (T - tx) / (alpha + T)
    terms = np.ones((k, x.size))
    for j in range(1, k):
        terms[j] = terms[j - 1] * (r + k * x + j - 1) * u / j
    return terms


def _steps_taken(model: RegularGeometric, histories: Histories) -> FloatArray:
    """Probabilities of 0 .. k - 1 steps taken since the last order by a customer still active, ``(k, n)``."""
    terms = _silence_terms(
        model.logs, histories.frequency.astype(np.float64), histories.recency_weeks, histories.age_weeks, model.k
    )
    shares: FloatArray = terms / terms.sum(axis=0)
    return shares


def _chance_of_steps(
    model: RegularGeometric, m: int, x: FloatArray, steps: FloatArray, share: FloatArray
) -> FloatArray:
    """Chance that a customer who stays takes the steps to her m-th order within the horizon."""
    shape = model.r + model.k * x
    chance = np.zeros(x.size)
    for j in range(model.k):
        chance += steps[j] * special.betainc(m * model.k - j, shape + j, share)
    return chance


def _log_odds_left(logs: FloatArray, x: FloatArray, tx: FloatArray, T: FloatArray, k: int, shift: int) -> FloatArray:
    """Logarithm of the odds of having left against having taken no step since, ``-inf`` where it is ruled out."""
    r, alpha, a, b = np.exp(logs)
    # x = 0 has no such term in BG; 1 keeps the arithmetic defined until it is masked.
    n = x if shift else np.maximum(x, 1)
    odds = np.log(a) - np.log(b + shift + n - 1) + (r + k * x) * (np.log(alpha + T) - np.log(alpha + tx))
    return odds if shift else np.where(x > 0, odds, -np.inf)


def _log_likelihood(logs: FloatArray, histories: DistinctHistories, k: int, shift: int) -> tuple[float, FloatArray]:
    """Weighted sum over distinct histories without the gaps' own share, and its gradient in the logs.

    As BG/NBD's with k x in place of x, and with the sum over the steps taken in silence in place of 1.
    """
    r, alpha, a, b = np.exp(logs)
    counts, of_counts = histories.counts, histories.count_weights
    b_end = b + shift + counts
    both = special.psi(a + b) - special.psi(a + b_end)
    value = of_counts @ (
        r * logs[1]
        + special.gammaln(r + k * counts)
        - special.gammaln(r)
        + special.betaln(a, b_end)
        - special.betaln(a, b)
    )
    by_r = of_counts @ (logs[1] + special.psi(r + k * counts) - special.psi(r))
    by_alpha = of_counts.sum() * r / alpha
    by_a = of_counts @ both
    by_b = of_counts @ (special.psi(b_end) - special.psi(b) + both)

    x, tx, T, weights = histories.x, histories.tx, histories.T, histories.weights
    log_T, log_tx = np.log(alpha + T), np.log(alpha + tx)
    terms = _silence_terms(logs, x, tx, T, k)
    silence, silence_by_r, silence_by_alpha = _silence_and_slopes(terms, r, alpha, k * x, T)
    odds = _log_odds_left(logs, x, tx, T, k, shift)
    log_silence = np.log(silence)
    left = weights * special.expit(odds - log_silence)
    stayed = (weights - left) / silence
    n = x if shift else np.maximum(x, 1)
    value += weights @ (np.logaddexp(log_silence, odds) - (r + k * x) * log_T)
    by_r += left @ (log_T - log_tx) - weights @ log_T + stayed @ silence_by_r
    by_alpha += left @ ((r + k * x) * (1 / (alpha + T) - 1 / (alpha + tx))) - weights @ ((r + k * x) / (alpha + T))
    by_alpha += stayed @ silence_by_alpha
    by_a += left.sum() / a
    by_b -= left @ (1 / (b + shift + n - 1))
    return float(value), np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])


def _silence_and_slopes(
    terms: FloatArray, r: float, alpha: float, kx: FloatArray, T: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The sum of the silence's terms and its derivatives by r and alpha, each of shape ``(n,)``."""
    by_r, by_alpha, slope = np.zeros(kx.size), np.zeros(kx.size), np.zeros(kx.size)
    for j in range(1, len(terms)):
        slope = slope + 1 / (r + kx + j - 1)
        by_r += terms[j] * slope
        by_alpha -= terms[j] * j / (alpha + T)
    return terms.sum(axis=0), by_r, by_alpha
