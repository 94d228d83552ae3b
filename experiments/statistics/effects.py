"""The difference between two groups: Welch and Fieller for means and money, Newcombe for proportions."""

import math
from dataclasses import dataclass

from scipy import optimize, stats
from statsmodels.stats.proportion import confint_proportions_2indep

from experiments.statistics.moments import Moments

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated difference with its standard error and degrees of freedom."""

    estimate: float
    standard_error: float
    df: float

    def interval(self, alpha: float = 0.05) -> Interval:
        """Two-sided interval that misses the truth with probability ``alpha``."""
        half = float(stats.t.isf(alpha / 2, self.df)) * self.standard_error
        return self.estimate - half, self.estimate + half

    @property
    def p_value(self) -> float:
        """Two-sided p-value of "no difference".

        By the survival function: ``2 * (1 - cdf)`` is 0 beyond about eight standard errors.
        """
        if self.standard_error == 0:
            return 1.0 if self.estimate == 0 else 0.0
        return float(2 * stats.t.sf(abs(self.estimate) / self.standard_error, self.df))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of ``n`` units did it."""

    successes: int
    n: int

    @property
    def rate(self) -> float:
        """Share that did it, in 0..1."""
        return self.successes / self.n


def welch(control: Moments, treatment: Moments) -> Estimate:
    """Difference of means, treatment minus control, without assuming equal variances.

    Welch (1947), degrees of freedom by Satterthwaite.

    Raises:
        ValueError: If a group has fewer than two values.
    """
    if min(control.n, treatment.n) < 2:
        raise ValueError(f"both groups must have at least 2 values, got {control.n} and {treatment.n}")
    v0, v1 = control.squared_standard_error, treatment.squared_standard_error
    spread = v0 + v1
    df = spread**2 / (v0**2 / (control.n - 1) + v1**2 / (treatment.n - 1)) if spread > 0 else math.inf
    return Estimate(treatment.mean - control.mean, math.sqrt(spread), df)


def fieller(
    control: Moments, treatment: Moments, *, alpha: float = 0.05, extra_variance: float = 0.0
) -> Interval | None:
    """Interval of the relative effect ``treatment mean / control mean - 1``.

    Fieller's (1954): all ratios ``R`` for which Welch's test does not reject ``m1 = R m0``. It excludes 0 exactly when
    the absolute test rejects, which the delta method's interval does not promise.

    Args:
        control: The group divided by.
        treatment: The group compared.
        alpha: Probability of missing the truth.
        extra_variance: Variance that the treatment's mean carries beyond sampling (a projection's model error).

    Returns:
        Lower and upper limit, or ``None`` when the control's mean is not clearly above 0, so that no bounded
        interval exists.
    """
    difference = welch(control, treatment)
    if not control.mean > 0:
        return None
    q = float(stats.t.isf(alpha / 2, difference.df))
    m0_squared = control.mean**2
    v0, v1 = control.squared_standard_error, treatment.squared_standard_error + extra_variance
    ratio = treatment.mean / control.mean
    g = q * q * v0 / m0_squared if v0 > 0 else 0.0
    if g >= 1:
        return None
    half = q * math.sqrt((v1 + ratio**2 * v0 - g * v1) / m0_squared) if v0 + v1 > 0 else 0.0
    return (ratio - half) / (1 - g) - 1, (ratio + half) / (1 - g) - 1


def wilson(counts: Counts, *, z: float) -> Interval:
    """Wilson's (1927) score interval of one proportion at the normal quantile ``z``."""
    n, p = counts.n, counts.rate
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe(control: Counts, treatment: Counts, *, alpha: float = 0.05) -> Interval:
    """Interval of the difference of two proportions, treatment minus control.

    Newcombe (1998), Statistics in Medicine 17, method 10: the score limits of each proportion, combined.
    """
    lower, upper = confint_proportions_2indep(
        treatment.successes, treatment.n, control.successes, control.n, method="newcomb", compare="diff", alpha=alpha
    )
    return float(lower), float(upper)


def newcombe_p_value(control: Counts, treatment: Counts) -> float:
    """The ``alpha`` at which Newcombe's interval just touches 0.

    The interval inverted: p is below 0.05 exactly when the 95 % interval excludes 0, so test and interval cannot
    contradict each other.
    """
    difference = treatment.rate - control.rate
    if difference == 0:
        return 1.0
    low, high = (control, treatment) if difference > 0 else (treatment, control)

    def gap(z: float) -> float:
        return difference**2 - (high.rate - wilson(high, z=z)[0]) ** 2 - (wilson(low, z=z)[1] - low.rate) ** 2

    bound = 1.0
    while gap(bound) > 0:
        bound *= 2
    z = float(optimize.brentq(gap, 0.0, bound, xtol=1e-12))
    return float(2 * stats.norm.sf(z))


def relative_newcombe(control: Counts, treatment: Counts, *, alpha: float = 0.05) -> Interval | None:
    """Interval of the relative effect ``treatment rate / control rate - 1``.

    The same combination of score limits applied to ``p1 - R p0`` and solved for the ``R`` at which it touches 0
    (Donner and Zou 2012, Statistical Methods in Medical Research 21, "MOVER-R"). At ``R = 1`` that is Newcombe's
    difference, so the two intervals agree about 0.

    Returns:
        Lower and upper limit, or ``None`` when nobody in the control did it.
    """
    if control.successes == 0:
        return None
    z = float(stats.norm.isf(alpha / 2))
    (l0, u0), (l1, u1) = wilson(control, z=z), wilson(treatment, z=z)
    p0, p1 = control.rate, treatment.rate
    product = p1 * p0
    # The smaller root, written so that it neither cancels nor divides by a coefficient that may be 0 or negative.
    top = l1 * (2 * p1 - l1)
    root = math.sqrt(max(0.0, product**2 - u0 * (2 * p0 - u0) * top))
    lower = top / (product + root) if top > 0 else 0.0
    scale = l0 * (2 * p0 - l0)
    upper = (product + math.sqrt(max(0.0, product**2 - scale * u1 * (2 * p1 - u1)))) / scale
    return lower - 1, upper - 1
