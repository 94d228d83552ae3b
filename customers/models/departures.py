"""The integral over the moment at which a customer may have left, on which the Pareto/NBD rests."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_RULES = ((8, 3.0, 3.0), (16, 12.0, 8.0), (48, np.inf, np.inf))
"""Gauss-Legendre nodes, and the fall of the integrand's logarithm and the width up to which they give 8 digits."""

_NEGLIGIBLE_FALL = 37.0
"""exp(-37) is the last digit of a double: what lies beyond adds nothing."""

_NEWTON_STEPS = 8

_BLOCK = 2048
"""Customers at a time: the nodes of so many stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Departures:
    """The integral of (alpha + t) ** -c * (beta + t) ** -(s + 1) over t, and means under it; shape ``(n_customers,)``.

    Attributes:
        log_integral: Its logarithm, ``-inf`` where begin and end are the same.
        log_alpha: Mean of log(alpha + t).
        log_beta: Mean of log(beta + t).
        per_alpha: Mean of 1 / (alpha + t).
        per_beta: Mean of 1 / (beta + t).
    """

    log_integral: FloatArray
    log_alpha: FloatArray
    log_beta: FloatArray
    per_alpha: FloatArray
    per_beta: FloatArray


def departures(
    c: FloatArray, alpha: FloatArray, s: float, beta: FloatArray, *, begin_weeks: FloatArray, end_weeks: FloatArray
) -> Departures:
    """The integral from begin to end, for each customer.

    In place of Gauss' hypergeometric function (Fader and Hardie's note 009, 2005, equation 20), which cancels where
    customers order hundreds of times. In v = log(min(alpha, beta) + t) the integrand's logarithm is concave and nearly
    straight, and few nodes suffice; a steep one is cut off where it has become negligible.

    Args:
        c: r + x, above 0, shape ``(n_customers,)``; so ``alpha`` and ``beta``.
        alpha: Above 0.
        s: Above 0.
        beta: Above 0.
        begin_weeks: At least 0.
        end_weeks: At least ``begin_weeks``.
    """
    is_low = alpha <= beta
    low = np.where(is_low, alpha, beta) + begin_weeks
    gap = np.abs(alpha - beta)
    low_power, high_power = np.where(is_low, c, s + 1) - 1, np.where(is_low, s + 1, c)
    width, fall = _worthwhile(np.log1p((end_weeks - begin_weeks) / low), low, gap, low_power, high_power)
    found = np.empty((5, c.size))
    is_left = np.ones(c.size, dtype=np.bool_)
    for n_nodes, most_fall, most_width in _RULES:
        fits = is_left & (fall <= most_fall) & (width <= most_width)
        is_left &= ~fits
        rows = np.flatnonzero(fits)
        for start in range(0, rows.size, _BLOCK):
            block = rows[start : start + _BLOCK]
            found[:, block] = _quadrature(
                n_nodes, width[block], low[block], gap[block], low_power[block], high_power[block]
            )
    log_integral, log_low, log_high, per_low, per_high = found
    return Departures(
        log_integral,
        np.where(is_low, log_low, log_high),
        np.where(is_low, log_high, log_low),
        np.where(is_low, per_low, per_high),
        np.where(is_low, per_high, per_low),
    )


def _worthwhile(
    width: FloatArray, low: FloatArray, gap: FloatArray, low_power: FloatArray, high_power: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The widths over which the integrand matters, and by how much its logarithm falls over them.

    The logarithm is concave, so Newton's steps from the far end never overshoot.
    """
    log_start = np.log(low + gap)

    def fall_at(w: FloatArray, rows: npt.NDArray[np.int64] | slice) -> FloatArray:
        log_high = np.log(low[rows] * np.exp(w) + gap[rows])
        down: FloatArray = low_power[rows] * w + high_power[rows] * (log_high - log_start[rows])
        return down

    width, fall = width.copy(), fall_at(width, slice(None))
    steep = np.flatnonzero(fall > _NEGLIGIBLE_FALL)
    for _ in range(_NEWTON_STEPS if steep.size else 0):
        at = low[steep] * np.exp(width[steep])
        slope = low_power[steep] + high_power[steep] * at / (at + gap[steep])
        width[steep] -= (fall[steep] - _NEGLIGIBLE_FALL) / slope
        fall[steep] = fall_at(width[steep], steep)
    return width, fall


@cache
def _rule(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Places between 0 and 1 and logarithms of the weights of Gauss and Legendre, each of shape ``(n_nodes, 1)``."""
    at, weights = np.polynomial.legendre.leggauss(n_nodes)
    return (at[:, None] + 1) / 2, np.log(weights[:, None] / 2)


def _quadrature(
    n_nodes: int, width: FloatArray, low: FloatArray, gap: FloatArray, low_power: FloatArray, high_power: FloatArray
) -> FloatArray:
    """Log of the integral and the four means, shape ``(5, n_customers)``."""
    places, log_weights = _rule(n_nodes)
    steps = places * width
    near = low * np.exp(steps)
    far = near + gap
    log_near, log_far = np.log(low) + steps, np.log(far)
    logs = log_weights - low_power * log_near - high_power * log_far
    top = logs.max(axis=0)
    shares = np.exp(logs - top)
    total = shares.sum(axis=0)
    shares /= total
    with np.errstate(divide="ignore"):
        log_integral = np.log(width) + top + np.log(total)
    return np.stack(
        [
            log_integral,
            np.einsum("ij,ij->j", shares, log_near),
            np.einsum("ij,ij->j", shares, log_far),
            (shares / near).sum(axis=0),
            (shares / far).sum(axis=0),
        ]
    )
