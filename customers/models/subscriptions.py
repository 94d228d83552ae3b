"""How long subscribers stay: the shifted beta-geometric model (sBG).

At the end of each paid period a subscriber cancels with a chance of their own, which is beta distributed over
subscribers. Those who are likely to cancel go first, so retention rises with the age of a cohort though nobody changes.
Fader and Hardie (2007), Journal of Interactive Marketing 21(1); residual values from Fader and Hardie (2010), Marketing
Science 29(1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from customers.models.hypergeometric import hypergeometric
from customers.models.maximum import Maximum, WeakPrior, maximise

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SubscriptionModel:
    """A fitted (or given) shifted beta-geometric; ``alpha`` and ``beta`` are the paper's letters.

    Time is counted in paid periods (months, years), whatever the counts were taken in.
    """

    alpha: float
    beta: float
    fit: Maximum | None = None

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by letter."""
        return {"alpha": self.alpha, "beta": self.beta}

    @property
    def logs(self) -> FloatArray:
        """Logarithms of ``alpha`` and ``beta``."""
        return np.log([self.alpha, self.beta])

    @property
    def standard_errors(self) -> dict[str, float] | None:
        """Standard errors by letter; None for parameters that were given, not fitted."""
        if self.fit is None:
            return None
        return dict(zip(self.parameters, self.fit.standard_errors.tolist(), strict=True))

    def at(self, logs: FloatArray) -> "SubscriptionModel":
        """The model whose parameters have the given logarithms, in the order alpha, beta."""
        return _model(logs)

    def survival(self, periods: IntArray) -> FloatArray:
        """Share of a cohort that is still there after so many renewals: B(alpha, beta + t) / B(alpha, beta).

        Args:
            periods: Renewals, 0 or more, any shape; the answer has the same.
        """
        share: FloatArray = np.exp(
            special.betaln(self.alpha, self.beta + periods) - special.betaln(self.alpha, self.beta)
        )
        return share

    def retention(self, periods: IntArray) -> FloatArray:
        """Share of those still there before renewal ``t`` (1, 2, ...) who renew; equation 8 of the 2007 paper."""
        b = self.beta + periods.astype(np.float64) - 1
        return b / (self.alpha + b)

    def expected_renewals(self, renewals: IntArray, *, horizon_periods: int) -> FloatArray:
        """Renewals yet to be expected, within a horizon, of a subscriber who has renewed so often.

        The sum of survival(n + k) / survival(n) over k = 1 ... horizon.

        Args:
            renewals: Renewals so far of each subscriber, shape ``(n,)``.
            horizon_periods: Periods ahead, at least 0.

        Raises:
            ValueError: If the horizon is negative.
        """
        if horizon_periods < 0:
            raise ValueError(f"horizon_periods must be at least 0, got {horizon_periods}")
        ahead = np.arange(1, horizon_periods + 1)
        of_now = special.betaln(self.alpha, self.beta + renewals)[:, None]
        shares = np.exp(special.betaln(self.alpha, self.beta + renewals[:, None] + ahead) - of_now)
        total: FloatArray = shares.sum(axis=1)
        return total

    def expected_remaining_lifetime(self, renewals: IntArray) -> FloatArray:
        """All renewals yet to be expected: (beta + n) / (alpha - 1).

        Infinite where ``alpha <= 1``: some subscribers hardly ever cancel, and the mean is theirs. Ask for a horizon or
        discount then.
        """
        if self.alpha <= 1:
            return np.full(renewals.shape, np.inf)
        return (self.beta + renewals.astype(np.float64)) / (self.alpha - 1)

    def discounted_remaining_lifetime(self, renewals: IntArray, *, rate_per_period: float) -> FloatArray:
        """Renewals yet to be expected, each discounted to the next one's date (DERL).

        The sum of survival(n + 1 + k) / survival(n) / (1 + rate) ** k over k = 0, 1, ...: what a subscriber is worth
        just before the next payment falls due, in payments. Equation 6 of the 2010 paper.

        Args:
            renewals: Renewals so far, shape ``(n,)``.
            rate_per_period: Discount rate per period, above 0.

        Raises:
            ValueError: If the rate is not above 0.
        """
        if not rate_per_period > 0:
            raise ValueError(f"rate_per_period must be above 0, got {rate_per_period}")
        b: FloatArray = self.beta + renewals.astype(np.float64)
        series = hypergeometric(1.0, b + 1, self.alpha + b + 1, 1 / (1 + rate_per_period))
        return b / (self.alpha + b) * series


def _model(logs: FloatArray, *, fit: Maximum | None = None) -> SubscriptionModel:
    alpha, beta = np.exp(logs).tolist()
    return SubscriptionModel(alpha, beta, fit)


def fit_subscriptions(survivors: Sequence[Sequence[float]], *, prior: WeakPrior | None = None) -> SubscriptionModel:
    """The shifted beta-geometric of maximum likelihood, or with a prior of maximum posterior density.

    Args:
        survivors: For each cohort how many were there at the start and after each renewal date so far; cohorts may
            differ in length and size, which is how older and younger ones are fitted together.
        prior: What is believed of the logarithms of alpha and beta before the counts are seen.

    Raises:
        ValueError: If a cohort is empty or grows, or none has come to a renewal date.
    """
    longest = max((len(cohort) for cohort in survivors), default=0)
    if longest < 2:
        raise ValueError("a subscription model needs a cohort with at least 1 renewal date behind it, got none")
    lost, kept = np.zeros(longest - 1), np.zeros(longest)
    for row, cohort in enumerate(survivors):
        counts = np.asarray(cohort, dtype=np.float64)
        losses = -np.diff(counts)
        if not counts.size or not counts[0] > 0 or (losses < 0).any() or not counts[-1] >= 0:
            raise ValueError(f"survivors must start above 0 and never rise, got {list(cohort)} in cohort {row}")
        lost[: losses.size] += losses
        kept[losses.size] += counts[-1]
    n = float(lost.sum() + kept.sum())
    maximum = maximise(lambda logs: _log_likelihood(logs, lost, kept), np.log([1.0, 3.0]), n=n, prior=prior)
    return _model(maximum.logs, fit=maximum)


def _log_likelihood(logs: FloatArray, lost: FloatArray, kept: FloatArray) -> tuple[float, FloatArray]:
    """Equation 10 of the 2007 paper, summed over cohorts, and its gradient in the logs.

    Args:
        logs: Of alpha and beta.
        lost: Subscribers lost at renewal 1, 2, ..., all cohorts together.
        kept: Subscribers of whom nothing is known after renewal 0, 1, 2, ...
    """
    a, b = np.exp(logs)
    before, after = np.arange(lost.size), np.arange(kept.size)
    n = lost.sum() + kept.sum()
    value = lost @ special.betaln(a + 1, b + before) + kept @ special.betaln(a, b + after) - n * special.betaln(a, b)
    both_lost, both_kept = special.psi(a + b + 1 + before), special.psi(a + b + after)
    start = special.psi(a + b)
    by_a = lost @ (special.psi(a + 1) - both_lost) + kept @ (special.psi(a) - both_kept) - n * (special.psi(a) - start)
    by_b = (
        lost @ (special.psi(b + before) - both_lost)
        + kept @ (special.psi(b + after) - both_kept)
        - n * (special.psi(b) - start)
    )
    return float(value), np.array([by_a * a, by_b * b])
