"""Maximum likelihood over positive parameters and coefficients, with what a reader needs to trust it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

FloatArray = npt.NDArray[np.float64]
ValueAndGradient = Callable[[FloatArray], tuple[float, FloatArray]]

_LOG_BOUND = 12.0
_STEP = 1e-4
_NEWTON_STEPS = 8
_POLISHED_GAIN = 1e-5
_UNSEEN_GAIN = 0.01
"""Log-likelihood still to be gained that nobody could tell from none: a likelihood ratio of 1.01. Where customers are
all alike the likelihood rises for ever towards parameters without end, by less and less."""

_UNSEEN_GAIN_PER_CUSTOMER = 1e-6
"""The same in a large shop: what is still to be gained grows with the customers summed over, and so does the rounding
error of their sum. From 10,000 customers on this is the wider of the two bounds."""


@dataclass(frozen=True, slots=True, eq=False)
class WeakPrior:
    """What is believed of a model's parameters before a shop is seen: their logarithms are normal and independent.

    Attributes:
        means: Of the logarithms, shape ``(n_parameters,)``.
        deviations: Standard deviations of the logarithms, above 0, same shape.
    """

    means: FloatArray
    deviations: FloatArray

    def log_density(self, logs: FloatArray) -> tuple[float, FloatArray]:
        """Logarithm of the density, up to a constant, and its gradient."""
        away = (logs - self.means) / self.deviations
        return float(-(away @ away) / 2), -away / self.deviations


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where a likelihood is largest; with a weak prior, the likelihood times the prior's density.

    Attributes:
        logs: Logarithms of the positive parameters, then coefficients, which may have either sign, as they are; shape
            ``(n_parameters,)``.
        covariance: Covariance of the logs by observed information, shape ``(n_parameters, n_parameters)``. A parameter
            that ran to a bound (or along a direction that the data do not see) has variance 0: nothing is known of it,
            and nothing that is predicted depends on it.
        log_likelihood: Natural scale, summed over customers, without the prior.
        converged: Whether a further step would gain no log-likelihood worth speaking of.
        n_coefficients: How many of the last entries of ``logs`` are coefficients.
    """

    logs: FloatArray
    covariance: FloatArray
    log_likelihood: float
    converged: bool
    n_coefficients: int = 0

    @property
    def standard_errors(self) -> FloatArray:
        """Standard errors of the parameters themselves: by the delta method, parameter times that of its logarithm.

        A coefficient is no logarithm, and its standard error stands in the covariance already.
        """
        scale = np.exp(self.logs)
        scale[self.logs.size - self.n_coefficients :] = 1.0
        return scale * np.sqrt(np.diag(self.covariance))


def maximise(
    log_likelihood: ValueAndGradient,
    start: FloatArray,
    *,
    n: float,
    prior: WeakPrior | None = None,
    n_coefficients: int = 0,
) -> Maximum:
    """The maximum of a log-likelihood in the logarithms of its parameters.

    Logs keep parameters positive and make steps relative; the sum is divided by ``n`` so that tolerances mean the same
    for a hundred customers and for a million.

    Args:
        log_likelihood: Sum over customers and its gradient, both at given logs.
        start: First guess, logs (of coefficients: themselves), shape ``(n_parameters,)``.
        n: Customers summed over.
        prior: Added to the log-likelihood, if given.
        n_coefficients: How many of the last parameters may have either sign, and stand as they are.
    """

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = log_likelihood(logs)
        if prior is None:
            return value, gradient
        density, slope = prior.log_density(logs)
        return value + density, gradient + slope

    def loss(logs: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = objective(logs)
        return -value / n, -gradient / n

    found = optimize.minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_LOG_BOUND, _LOG_BOUND)] * start.size,
        options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-8, "maxls": 50},
    )
    # L-BFGS-B stops short on the long flat ridges of customers who hardly ever leave; Newton's steps finish.
    logs = np.asarray(found.x, dtype=np.float64)
    covariance, gain, step = _newton(objective, logs)
    for _ in range(_NEWTON_STEPS):
        if gain < _POLISHED_GAIN:
            break
        ahead, gained = _uphill(objective, logs, step)
        if gained <= 0:
            break
        logs = ahead
        covariance, gain, step = _newton(objective, logs)
        if gained < _POLISHED_GAIN:
            break
    unseen = max(_UNSEEN_GAIN, _UNSEEN_GAIN_PER_CUSTOMER * n)
    value = float(log_likelihood(logs)[0])
    return Maximum(logs, covariance, value, converged=bool(gain < unseen), n_coefficients=n_coefficients)


def _newton(log_likelihood: ValueAndGradient, logs: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Inverse observed information, the gain that Newton's step promises, and that step; 0 where a bound holds.

    The information comes from central differences of the gradient. Directions that it does not see, or along which it
    is not even curved downwards, have no variance to give; their gradient counts as gain at a step of one.
    """
    gradient = log_likelihood(logs)[1]
    held = (np.abs(logs) >= _LOG_BOUND - 1e-6) & (np.sign(gradient) == np.sign(logs))
    free = np.flatnonzero(~held)
    covariance, step = np.zeros((logs.size, logs.size)), np.zeros(logs.size)
    if not free.size:
        return covariance, 0.0, step
    moves = np.eye(logs.size)[free] * _STEP
    with np.errstate(invalid="ignore"):
        rows = [(log_likelihood(logs - move)[1] - log_likelihood(logs + move)[1])[free] for move in moves]
    information = np.array(rows) / (2 * _STEP)
    if not np.isfinite(information).all():
        return covariance, float("inf"), step
    values, vectors = np.linalg.eigh((information + information.T) / 2)
    seen = values > 1e-9 * max(float(np.abs(values).max()), 1e-300)
    slopes = vectors.T @ gradient[free]
    strides = np.where(seen, slopes / np.where(seen, values, 1.0), np.sign(slopes))
    covariance[np.ix_(free, free)] = (vectors[:, seen] / values[seen]) @ vectors[:, seen].T
    step[free] = vectors @ strides
    gain = float(np.sum(np.abs(slopes * strides)) / 2)
    return covariance, gain, step


def _uphill(log_likelihood: ValueAndGradient, logs: FloatArray, step: FloatArray) -> tuple[FloatArray, float]:
    """The logs after as much of the step as raises the likelihood, and by how much; unmoved if nothing does."""
    before = log_likelihood(logs)[0]
    step = step / max(1.0, float(np.abs(step).max()))
    for halving in range(8):
        ahead: FloatArray = np.clip(logs + step / 2**halving, -_LOG_BOUND, _LOG_BOUND)
        gained = log_likelihood(ahead)[0] - before
        if gained > 0:
            return ahead, gained
    return logs, 0.0
