"""Where the likelihood of a model with covariates is largest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.models import bgnbd, pareto_nbd
from customers.models.bgnbd import fit_bgnbd
from customers.models.covariates import LEAVING, CovariateModel, Covariates, Name, own_parameters
from customers.models.histories import Histories
from customers.models.maximum import Maximum, WeakPrior, maximise
from customers.models.pareto_nbd import fit_pareto_nbd

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Penalty:
    """How much large coefficients cost: per customer, the sum of their squares times these (as CLVTools states it).

    Squares of coefficients are in the covariates' units: standardise them first, or the penalty falls on some alone.
    """

    purchase: float = 0.0
    dropout: float = 0.0


def fit_with_covariates(
    name: Name,
    histories: Histories,
    *,
    purchase: Covariates,
    dropout: Covariates,
    landmark: Histories | None = None,
    equal: Sequence[str] = (),
    penalty: Penalty | None = None,
) -> CovariateModel:
    """The model with covariates of maximum likelihood, or with a penalty of maximum penalised likelihood.

    Args:
        name: The model without covariates.
        histories: Of the customers; with a landmark, of those known for longer than that.
        purchase: Their covariates of the purchase rate; ``no_covariates`` for none.
        dropout: Their covariates of leaving.
        landmark: The same customers' histories up to the landmark. What is fitted is then how likely the rest is, given
            these; needed where a covariate was measured while orders came in, and measured until the landmark at most.
        equal: Names of covariates of both processes whose two coefficients are one.
        penalty: On large coefficients, if any.

    Raises:
        ValueError: If there is no customer, lengths differ, a covariate is the same for everybody, an equal one is not
            in both processes, or the landmark's histories are not the beginning of the histories.
    """
    _check(histories, purchase, dropout, landmark)
    to_raw, spread = _transformation(name, purchase, dropout, equal)
    rows = _distinct_rows(histories, purchase, dropout, landmark)
    weighted = _Weighted(name, purchase.values[rows.first], dropout.values[rows.first], rows.weights)
    parts = [(1.0, histories.of(rows.first))] + ([] if landmark is None else [(-1.0, landmark.of(rows.first))])

    def log_likelihood(free: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = weighted.log_likelihood(to_raw @ free, parts)
        return value, gradient @ to_raw

    n_coefficients = to_raw.shape[1] - 4
    base = fit_pareto_nbd(histories) if name == "pareto_nbd" else fit_bgnbd(histories, name=name)
    start = np.concatenate([base.logs, np.zeros(n_coefficients)])
    prior = None if penalty is None else _prior(penalty, spread, n_purchase=len(purchase.names), n=len(histories))
    found = maximise(log_likelihood, start, n=float(len(histories)), prior=prior, n_coefficients=n_coefficients)
    maximum = Maximum(
        logs=to_raw @ found.logs,
        covariance=to_raw @ found.covariance @ to_raw.T,
        log_likelihood=found.log_likelihood,
        converged=found.converged,
        n_coefficients=to_raw.shape[0] - 4,
    )
    return CovariateModel(name, maximum.logs, purchase, dropout, n_free=to_raw.shape[1], fit=maximum)


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    """Distinct customers, and how many of each."""

    name: Name
    purchase: FloatArray
    dropout: FloatArray
    weights: FloatArray

    def log_likelihood(self, logs: FloatArray, parts: Sequence[tuple[float, Histories]]) -> tuple[float, FloatArray]:
        """Signed sum over parts of the log-likelihoods, and its gradient in the logs and coefficients."""
        own = own_parameters(self.name, logs, self.purchase, self.dropout)
        value, by_log = 0.0, np.zeros((4, self.weights.size))
        for sign, histories in parts:
            values, slopes = self._log_likelihoods(own, histories)
            value += sign * float(self.weights @ values)
            by_log += sign * self.weights * slopes
        for which, parameter in enumerate(own):
            by_log[which] *= parameter
        leaving, sign = LEAVING[self.name]
        by_purchase, by_dropout = -(by_log[1] @ self.purchase), sign * (by_log[leaving] @ self.dropout)
        return value, np.concatenate([by_log.sum(axis=1), by_purchase, by_dropout])

    def _log_likelihoods(self, own: list[float | FloatArray], histories: Histories) -> tuple[FloatArray, FloatArray]:
        if self.name == "pareto_nbd":
            return pareto_nbd.log_likelihoods(float(own[0]), own[1], float(own[2]), own[3], histories)
        return bgnbd.log_likelihoods(self.name, float(own[0]), own[1], own[2], float(own[3]), histories)


@dataclass(frozen=True, slots=True, eq=False)
class _DistinctRows:
    first: IntArray
    weights: FloatArray


def _distinct_rows(
    histories: Histories, purchase: Covariates, dropout: Covariates, landmark: Histories | None
) -> _DistinctRows:
    """One row for customers who share history and covariates: with a few yes-or-no covariates there are many."""
    columns: list[npt.NDArray[np.generic]] = [*purchase.values.T, *dropout.values.T]
    for part in (histories, landmark):
        columns += [] if part is None else [part.frequency, part.recency_weeks, part.age_weeks]
    key = np.zeros(len(histories), dtype=np.int64)
    for column in columns:
        _, code = np.unique(column, return_inverse=True)
        _, key = np.unique(key * (code.max(initial=0) + 1) + code, return_inverse=True)
    _, first, weights = np.unique(key, return_index=True, return_counts=True)
    return _DistinctRows(first.astype(np.int64), weights.astype(np.float64))


def _transformation(
    name: Name, purchase: Covariates, dropout: Covariates, equal: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """From what is searched to what is reported, and the deviations of the covariates behind the searched coefficients.

    Searched are the parameters of a customer with average covariates, and coefficients per standard deviation: seconds
    by the thousand and a yes-or-no then take steps of one size.

    Returns:
        Shapes ``(4 + n_purchase + n_dropout, n_free)`` and ``(n_free - 4,)``.
    """
    values = np.concatenate([purchase.values, dropout.values], axis=1)
    means, spread = values.mean(axis=0), values.std(axis=0)
    names = [*purchase.names, *dropout.names]
    if not (spread > 0).all():
        constant = names[int(np.flatnonzero(~(spread > 0))[0])]
        raise ValueError(
            f"covariate {constant} must differ between customers, got the same for everybody: leave it out"
        )
    leaving, sign = LEAVING[name]
    n_purchase = len(purchase.names)
    to_raw = np.eye(4 + len(names))
    to_raw[4:, 4:] /= spread
    to_raw[1, 4 : 4 + n_purchase] = (means / spread)[:n_purchase]
    to_raw[leaving, 4 + n_purchase :] = -sign * (means / spread)[n_purchase:]
    free = np.ones(4 + len(names), dtype=np.bool_)
    for covariate in equal:
        if covariate not in purchase.names or covariate not in dropout.names:
            raise ValueError(f"an equal covariate must be in both processes, got {covariate}")
        one, other = purchase.names.index(covariate), n_purchase + dropout.names.index(covariate)
        if not np.array_equal(values[:, one], values[:, other]):
            raise ValueError(f"an equal covariate must have the same values in both processes, got {covariate}")
        to_raw[:, 4 + one] += to_raw[:, 4 + other]
        free[4 + other] = False
    return to_raw[:, free], spread[free[4:]]


def _prior(penalty: Penalty, spread: FloatArray, *, n_purchase: int, n: int) -> WeakPrior:
    """The penalty as a normal density: ``penalty * n * coefficient ** 2`` is half of a squared standard score."""
    per_customer = np.where(np.arange(spread.size) < n_purchase, penalty.purchase, penalty.dropout)
    with np.errstate(divide="ignore"):
        deviations = spread / np.sqrt(2 * n * per_customer)
    return WeakPrior(np.zeros(4 + spread.size), np.concatenate([np.full(4, np.inf), deviations]))


def _check(histories: Histories, purchase: Covariates, dropout: Covariates, landmark: Histories | None) -> None:
    n = len(histories)
    if not n:
        raise ValueError("a timing model needs at least 1 customer, got 0")
    if len(purchase) != n or len(dropout) != n or (landmark is not None and len(landmark) != n):
        raise ValueError(
            f"covariates and landmark must be of the same {n} customers as the histories, got {len(purchase)} of "
            f"purchase, {len(dropout)} of leaving and {n if landmark is None else len(landmark)} at the landmark"
        )
    if landmark is None:
        return
    later = (
        (landmark.age_weeks > histories.age_weeks)
        | (landmark.frequency > histories.frequency)
        | (landmark.recency_weeks > histories.recency_weeks)
    )
    if later.any():
        row = int(np.flatnonzero(later)[0])
        raise ValueError(
            "the landmark's histories must be the beginning of the histories, got an age of "
            f"{landmark.age_weeks[row]} of {histories.age_weeks[row]} weeks in row {row}: leave out customers "
            "known for less than the landmark"
        )
