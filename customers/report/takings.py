"""Weekly sums carried forward as they stand: what the next weeks bring "if trade continues as now"."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FEWEST_WEEKS = 8
"""Weeks behind a forecast: with fewer, the spread between weeks is guessed rather than seen."""

_SPEEDS = np.linspace(0.0, 0.5, 21)
"""How much of each week's surprise stays: 0 is a fixed level. Beyond a half, a level is little but the last two weeks',
which is no trade that continues."""

_FUTURES = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Futures:
    """Random futures of a weekly sum.

    Attributes:
        weekly: Shape ``(n_futures, n_weeks)``.
    """

    weekly: FloatArray

    @property
    def totals(self) -> FloatArray:
        """Sum of each future over all weeks, shape ``(n_futures,)``."""
        totals: FloatArray = self.weekly.sum(axis=1)
        return totals

    def means(self) -> FloatArray:
        """Expected sum of each week, shape ``(n_weeks,)``."""
        means: FloatArray = self.weekly.mean(axis=0)
        return means

    def interval(self, coverage: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limit of each week's sum, shapes ``(n_weeks,)``."""
        tail = (1 - coverage) / 2
        low, high = np.quantile(self.weekly, [tail, 1 - tail], axis=0)
        return low, high

    def total_interval(self, coverage: float) -> tuple[float, float]:
        """Lower and upper limit of the sum over all weeks."""
        tail = (1 - coverage) / 2
        low, high = np.quantile(self.totals, [tail, 1 - tail]).tolist()
        return low, high

    def log_variance(self) -> float:
        """Variance of the logarithm of the sum over all weeks, by the delta method; 0 where nothing is expected."""
        mean = float(self.totals.mean())
        return float(self.totals.var()) / mean**2 if mean > 0 else 0.0

    def widened(self, deviation: float, rng: np.random.Generator) -> "Futures":
        """The same futures, each as a whole larger or smaller by a factor of its own.

        Factors are log-normal with mean 1: what is expected stays, and nothing changes its sign.

        Args:
            deviation: Standard deviation of the factors' logarithms, at least 0.
            rng: Source of randomness.
        """
        logs = deviation * rng.standard_normal(len(self.weekly)) - deviation**2 / 2
        return Futures(self.weekly * np.exp(logs)[:, None])


def weekly_futures(past: FloatArray, *, n_weeks: int, rng: np.random.Generator) -> Futures:
    """Random futures of a weekly sum that goes on as it went so far: a level that drifts, without trend or season.

    Simple exponential smoothing, ETS(A,N,N) of Hyndman, Koehler, Ord and Snyder (2008), chapter 3, on the signed square
    root, where the spread of a sum of sales depends least on its size. Neither the speed of the drift nor the spread
    is fixed: each future draws both from what the past says of them (flat prior on the speed and on the logarithm of
    the spread), so that short books give wide intervals.

    Args:
        past: Sums of whole weeks, oldest first, at least ``FEWEST_WEEKS``.
        n_weeks: Weeks ahead.
        rng: Source of randomness.

    Raises:
        ValueError: If there are too few weeks.
    """
    if past.size < FEWEST_WEEKS:
        raise ValueError(f"past must hold at least {FEWEST_WEEKS} weeks, got {past.size}")
    roots = np.sign(past) * np.sqrt(np.abs(past))
    levels, squares = _smoothed(roots)
    degrees = past.size - 2
    # The likelihood of a speed, its spread integrated out, is its sum of squares to the power of -degrees / 2.
    log_weights = -degrees / 2 * np.log(np.maximum(squares, 1e-9 * max(float(squares.max()), 1e-9)))
    weights = np.exp(log_weights - log_weights.max())
    drawn = rng.choice(_SPEEDS.size, size=_FUTURES, p=weights / weights.sum())
    spread = np.sqrt(squares[drawn] / rng.chisquare(degrees, _FUTURES))
    surprises = rng.standard_normal((_FUTURES, n_weeks)) * spread[:, None]
    drift = np.cumsum(surprises, axis=1) - surprises
    ahead = levels[drawn][:, None] + _SPEEDS[drawn][:, None] * drift + surprises
    if past.min() >= 0:
        # A level near nothing: a sum of sales below 0 is no sale.
        ahead = np.maximum(ahead, 0.0)
    return Futures(np.sign(ahead) * ahead**2)


def _smoothed(roots: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Last level and sum of squared surprises for each speed, shapes ``(n_speeds,)``; the first level is estimated.

    Surprises are linear in the first level, so that least squares gives it at once.
    """
    level, effect = np.zeros(_SPEEDS.size), np.ones(_SPEEDS.size)
    surprises, effects = [], []
    for root in roots.tolist():
        surprise = root - level
        surprises.append(surprise)
        effects.append(effect)
        level = level + _SPEEDS * surprise
        effect = effect * (1 - _SPEEDS)
    seen, of_first = np.array(surprises), np.array(effects)
    first = (seen * of_first).sum(axis=0) / (of_first**2).sum(axis=0)
    return level + effect * first, ((seen - of_first * first) ** 2).sum(axis=0)
