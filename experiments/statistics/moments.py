"""The three moments of a sample from which every comparison of means is made, and whether they allow an honest one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_TAIL_SHIFT_PER_SKEWNESS = 0.08458
"""First-order shift of each 2.5 % tail of a studentised mean per unit of skewness, ``(2 z² + 1) φ(z) / 6`` at 1.96."""

_TOLERATED_TAIL_SHIFT = 0.01
"""A 95 % interval needs both tails between 1.5 and 3.5 %."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Size, mean, unbiased variance and third central moment of one sample.

    The variance is ``nan`` below two values; a mean of nothing is ``nan``.
    """

    n: int
    mean: float
    variance: float
    third_central: float = 0.0

    @property
    def squared_standard_error(self) -> float:
        """Variance of the mean."""
        return self.variance / self.n


def moments(values: npt.NDArray[np.float64]) -> Moments:
    """Moments of the given values, shape ``(n,)``, all finite.

    The mean is subtracted before squaring: sums of squares lose every digit when the spread is small beside the mean.
    """
    n = int(values.shape[0])
    if n == 0:
        return Moments(0, float("nan"), float("nan"), float("nan"))
    if n > 1 and values.min() == values.max():
        # The mean of equal values may be off by a rounding error, which would pass for a spread.
        return Moments(n, float(values[0]), 0.0, 0.0)
    mean = float(values.mean())
    centred = values - mean
    squares = centred * centred
    variance = float(squares.sum() / (n - 1)) if n > 1 else float("nan")
    return Moments(n, mean, variance, float((squares * centred).mean()))


def skewness_of_difference(control: Moments, treatment: Moments) -> float:
    """Skewness of the difference of two means, had both samples one common distribution.

    Third cumulants of means add as ``m3 / n²``; under the hypothesis of no effect both arms share the pooled third
    moment ``m3``, so equal arms cancel to exactly 0 while unequal arms keep a part that grows with the inequality.
    That part is what makes Welch's test reject on one side (anchored: 13 % false alarms at 500 against 4,500 heavy
    tails, 4 % at 5,000 against 5,000).

    Returns:
        The skewness, or 0 when nothing varies.
    """
    n0, n1 = control.n, treatment.n
    variance = control.squared_standard_error + treatment.squared_standard_error
    if not variance > 0:
        return 0.0
    third = (n0 * control.third_central + n1 * treatment.third_central) / (n0 + n1)
    return float(third * (1 / n1**2 - 1 / n0**2) / variance**1.5)


def is_lopsided(control: Moments, treatment: Moments) -> bool:
    """Whether the tails are too skewed, for these sizes, for an honest 95 % interval of the difference of means."""
    shift = abs(skewness_of_difference(control, treatment)) * _TAIL_SHIFT_PER_SKEWNESS
    return shift > _TOLERATED_TAIL_SHIFT
