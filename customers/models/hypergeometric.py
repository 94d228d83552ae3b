"""Gauss' hypergeometric function where scipy's gives up."""

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]

_MOST_TERMS = 500
"""Terms of a series; where it is needed, tens are enough."""

_BESIDE = 1e-5


def hypergeometric(
    a: float | FloatArray, b: float | FloatArray, c: float | FloatArray, z: float | FloatArray
) -> FloatArray:
    """Gauss' function 2F1(a, b; c; z) for 0 <= z < 1, by scipy, and round about where scipy gives up.

    For z above .9 scipy goes over to 1 - z. That fails where c - a - b is a whole number, though the function is smooth
    there: the mean of two points beside it stands in. It also overflows for large c (after a hundred orders, say),
    where the power series settles within some tens of terms.

    Returns:
        Of the shape to which the arguments broadcast, at least one-dimensional; ``nan`` where none of these gives a
        number.
    """
    value: FloatArray = np.atleast_1d(special.hyp2f1(a, b, c, z))
    for stand_in in (_beside, _power_series):
        lost = ~np.isfinite(value)
        if lost.any():
            value[lost] = stand_in(*(np.broadcast_to(argument, value.shape)[lost] for argument in (a, b, c, z)))
    return value


def _beside(a: FloatArray, b: FloatArray, c: FloatArray, z: FloatArray) -> FloatArray:
    both: FloatArray = (special.hyp2f1(a, b, c - _BESIDE, z) + special.hyp2f1(a, b, c + _BESIDE, z)) / 2
    return both


def _power_series(a: FloatArray, b: FloatArray, c: FloatArray, z: FloatArray) -> FloatArray:
    term = np.ones(z.size)
    total = term.copy()
    for n in range(_MOST_TERMS):
        term = term * ((a + n) * (b + n) / ((c + n) * (1 + n)) * z)
        total += term
    # With a below 0 the terms cancel, and what remains may be rounding.
    return np.where((np.abs(term) <= 1e-15 * np.abs(total)) & (a >= 0), total, np.nan)
