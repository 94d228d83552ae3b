"""How a rate of orders goes with what customers did before: log-linear regression with honest errors."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_MOST_STEPS = 50
_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class RateRegression:
    """A fitted ``log E[orders] = columns @ coefficients``.

    Attributes:
        coefficients: Shape ``(n_columns,)``.
        covariance: Robust, shape ``(n_columns, n_columns)``: right whatever the spread of orders round their rates.
        expected: Expected orders of each customer, shape ``(n_customers,)``, above 0.
        overdispersion: ``a`` in variance = mean + ``a`` mean^2 of orders round their rates, at least 0: 0 for Poisson
            counts, usually more (by moments: Cameron and Trivedi 1990, J. Econometrics 46).
        degrees: Degrees of freedom, ``n_customers - n_columns``.
    """

    coefficients: FloatArray
    covariance: FloatArray
    expected: FloatArray
    overdispersion: float
    degrees: int


def rate_regression(columns: FloatArray, orders: IntArray) -> RateRegression | None:
    """Poisson quasi-maximum likelihood by Newton's steps, with a sandwich covariance.

    The estimates need only the mean to be right (Gourieroux, Monfort and Trognon 1984, Econometrica 52). The covariance
    is HC3 of MacKinnon and White (1985, J. Econometrics 29) with the leverages of the weighted fit: of the sandwiches,
    the one that errs to the wide side in small samples.

    Args:
        columns: Shape ``(n_customers, n_columns)``, a column of ones among them.
        orders: Shape ``(n_customers,)``, at least 0.

    Returns:
        None where the data carry no estimate: too few customers, columns that say the same, or orders only where a
        column is 0 (or only where it is not), so that no finite coefficient is likeliest.
    """
    n, k = columns.shape
    if n <= k or not orders.any():
        return None
    coefficients = np.linalg.lstsq(columns, np.log((orders + orders.mean()) / 2), rcond=None)[0]
    for _ in range(_MOST_STEPS):
        expected = np.exp(np.clip(columns @ coefficients, -30, 30))
        information = columns.T @ (expected[:, None] * columns)
        if np.linalg.cond(information) > 1 / _TOLERANCE:
            return None
        step = np.linalg.solve(information, columns.T @ (orders - expected))
        # A step of more than e-fold overshoots into the flat end of the exponential.
        coefficients = coefficients + step / max(1.0, float(np.abs(columns @ step).max()))
        if float(np.abs(step).max()) < _TOLERANCE:
            break
    else:
        return None
    inverse = np.linalg.inv(information)
    leverages = expected * np.einsum("ij,jk,ik->i", columns, inverse, columns)
    residuals = (orders - expected) / np.maximum(1 - leverages, _TOLERANCE)
    covariance = inverse @ (columns.T @ ((residuals**2)[:, None] * columns)) @ inverse
    excess = float(np.sum((orders - expected) ** 2) * n / (n - k) - np.sum(expected))
    overdispersion = max(0.0, excess / float(np.sum(expected**2)))
    return RateRegression(coefficients, covariance, expected, overdispersion, n - k)
