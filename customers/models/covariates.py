"""What customers are and do beside ordering, and how it goes with their purchases and their staying.

Static covariates in the Pareto/NBD, BG/NBD and MBG/NBD: Fader and Hardie's note 019 (2007). A covariate z multiplies a
customer's mean purchase rate by exp(coefficient * z), as alpha_i = alpha * exp(-coefficient * z); of leaving it
multiplies the mean rate (Pareto/NBD, beta_i = beta * exp(-coefficient * z)) or the odds after each order (BG/NBD and
MBG/NBD, a_i = a * exp(coefficient * z), b untouched). A positive coefficient buys more, or leaves sooner.

Engagement (seconds watched, likes, how often) leaks when it is measured all along: who is still there keeps watching,
so watching seems to keep them. Measure it up to a landmark, and give the histories up to there: the likelihood then
starts at the landmark. Best is a landmark at an order (``customers.landmarks``), when everybody is known to be there.
Some weeks after the first order a few have left, and what they watched in all still tells; seconds per session do not.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from customers.models import bgnbd
from customers.models.bgnbd import BetaGeometricPredictions
from customers.models.histories import Histories
from customers.models.maximum import Maximum
from customers.models.pareto_nbd import ParetoPredictions

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

Name = Literal["bg_nbd", "mbg_nbd", "pareto_nbd"]

_LETTERS: dict[Name, tuple[str, str, str, str]] = {
    "bg_nbd": ("r", "alpha", "a", "b"),
    "mbg_nbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
}

LEAVING: dict[Name, tuple[int, int]] = {"bg_nbd": (2, 1), "mbg_nbd": (2, 1), "pareto_nbd": (3, -1)}
"""Which parameter the covariates of leaving act on, and with which sign."""


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """Numbers known of each customer, in whatever unit; 0 and 1 for yes and no.

    Attributes:
        values: Shape ``(n_customers, n_covariates)``.
        names: Of the columns.

    Raises:
        ValueError: If the names do not fit the columns, or a value is not finite.
    """

    values: FloatArray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names) or len(set(self.names)) < len(self.names):
            raise ValueError(
                f"covariates must have one name of its own per column, got {self.names} for shape {self.values.shape}"
            )
        if not np.isfinite(self.values).all():
            row, column = np.argwhere(~np.isfinite(self.values))[0].tolist()
            raise ValueError(
                f"covariate {self.names[column]} must be finite, got {self.values[row, column]} in row {row}"
            )

    def __len__(self) -> int:
        """Customers."""
        return int(self.values.shape[0])

    def of(self, rows: IntArray | npt.NDArray[np.bool_]) -> "Covariates":
        """Those of some of the customers."""
        return Covariates(self.values[rows], self.names)


def no_covariates(n_customers: int) -> Covariates:
    """Nothing known of so many customers: what a process without covariates is given."""
    return Covariates(np.zeros((n_customers, 0)), ())


@dataclass(frozen=True, slots=True, eq=False)
class PersonalPareto(ParetoPredictions):
    """A Pareto/NBD in which each customer has an alpha and a beta of their own, shape ``(n_customers,)``."""

    r: float
    alpha: float | FloatArray
    s: float
    beta: float | FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PersonalBetaGeometric(BetaGeometricPredictions):
    """A BG/NBD or MBG/NBD in which each customer has an alpha and an a of their own, shape ``(n_customers,)``."""

    name: bgnbd.Name
    r: float
    alpha: float | FloatArray
    a: float | FloatArray
    b: float


@dataclass(frozen=True, slots=True, eq=False)
class CovariateModel:
    """A model of timing with covariates, for the customers whose covariates it holds.

    A ``TimingModel``, whose histories must be those customers', row by row; ``given`` asks about others.

    Attributes:
        base_name: The model without covariates.
        logs: Logarithms of the four parameters of a customer with all covariates 0, then the coefficients of purchase,
            then those of leaving.
        purchase: Covariates of the purchase rate.
        dropout: Covariates of leaving.
        n_free: Parameters and coefficients that were free to move; equal ones count once.
        fit: Where the likelihood was largest; its ``n_coefficients`` entries are no logarithms.
    """

    base_name: Name
    logs: FloatArray
    purchase: Covariates
    dropout: Covariates
    n_free: int
    fit: Maximum | None = None

    @property
    def name(self) -> str:
        """The model's name, such as ``pareto_nbd + covariates``."""
        return f"{self.base_name} + covariates"

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by letter, then coefficients as ``purchase.<name>`` and ``dropout.<name>``."""
        names = [f"purchase.{name}" for name in self.purchase.names] + [
            f"dropout.{name}" for name in self.dropout.names
        ]
        values = [*np.exp(self.logs[:4]).tolist(), *self.logs[4:].tolist()]
        return dict(zip([*_LETTERS[self.base_name], *names], values, strict=True))

    def at(self, logs: FloatArray) -> "CovariateModel":
        """The same model with other parameters, given as in ``logs``; not fitted."""
        return replace(self, logs=logs, fit=None)

    def given(self, *, purchase: Covariates, dropout: Covariates) -> "CovariateModel":
        """The same model for other customers.

        Raises:
            ValueError: If the covariates are not the ones it was fitted on.
        """
        if purchase.names != self.purchase.names or dropout.names != self.dropout.names:
            raise ValueError(
                f"covariates must be {self.purchase.names} of purchase and {self.dropout.names} of leaving, "
                f"got {purchase.names} and {dropout.names}"
            )
        return replace(self, purchase=purchase, dropout=dropout)

    @property
    def personal(self) -> ParetoPredictions | BetaGeometricPredictions:
        """The model with every customer's own parameters."""
        own = own_parameters(self.base_name, self.logs, self.purchase.values, self.dropout.values)
        if self.base_name == "pareto_nbd":
            return PersonalPareto(float(own[0]), own[1], float(own[2]), own[3])
        return PersonalBetaGeometric(self.base_name, float(own[0]), own[1], own[2], float(own[3]))

    def log_likelihood(self, histories: Histories) -> float:
        """Log-likelihood of the whole histories, landmark or not, on the natural scale."""
        return self._of(histories).log_likelihood(histories)

    def probability_alive(self, histories: Histories) -> FloatArray:
        """Probability that each customer has not left, shape ``(n_customers,)``."""
        return self._of(histories).probability_alive(histories)

    def expected_orders(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Expected orders of each customer over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Raises:
            ValueError: If the horizon is negative, or the histories are not as many as the covariates.
        """
        return self._of(histories).expected_orders(histories, horizon_weeks=horizon_weeks)

    def probability_of_order(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Probability of at least one order over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Raises:
            ValueError: As of ``expected_orders``.
        """
        return self._of(histories).probability_of_order(histories, horizon_weeks=horizon_weeks)

    def simulated_orders(self, histories: Histories, *, horizon_weeks: float, rng: np.random.Generator) -> IntArray:
        """One random future of each customer: orders over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Raises:
            ValueError: As of ``expected_orders``.
        """
        return self._of(histories).simulated_orders(histories, horizon_weeks=horizon_weeks, rng=rng)

    def _of(self, histories: Histories) -> ParetoPredictions | BetaGeometricPredictions:
        n = len(self.purchase)
        if len(histories) != n:
            raise ValueError(f"histories must be of {n} customers, as the covariates, got {len(histories)}")
        return self.personal


def own_parameters(name: Name, logs: FloatArray, purchase: FloatArray, dropout: FloatArray) -> list[float | FloatArray]:
    """The four parameters in the papers' order; those that covariates act on one number per customer.

    Args:
        name: The model without covariates.
        logs: As of ``CovariateModel``.
        purchase: Values, shape ``(n_customers, n_purchase)``.
        dropout: Values, shape ``(n_customers, n_dropout)``.
    """
    own: list[float | FloatArray] = np.exp(logs[:4]).tolist()
    split = 4 + purchase.shape[1]
    which, sign = LEAVING[name]
    if purchase.shape[1]:
        own[1] = own[1] * np.exp(-(purchase @ logs[4:split]))
    if dropout.shape[1]:
        own[which] = own[which] * np.exp(sign * (dropout @ logs[split:]))
    return own


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Whether a model fits better than one of its special cases, by more than chance.

    Attributes:
        statistic: Twice the difference of the log-likelihoods.
        degrees: Parameters that the special case does without.
        p_value: Probability of a statistic at least as large if the special case is true.
    """

    statistic: float
    degrees: int
    p_value: float


def likelihood_ratio(model: CovariateModel, special_case: CovariateModel) -> LikelihoodRatio:
    """The likelihood-ratio test of two models fitted, without a penalty, on the same histories.

    Raises:
        ValueError: If one was not fitted, or the special case has not fewer free parameters.
    """
    degrees = model.n_free - special_case.n_free
    if model.fit is None or special_case.fit is None or degrees < 1:
        raise ValueError(
            "a likelihood ratio needs two fitted models, the second with fewer free parameters, "
            f"got {model.n_free} and {special_case.n_free}"
        )
    statistic = max(2 * (model.fit.log_likelihood - special_case.fit.log_likelihood), 0.0)
    return LikelihoodRatio(statistic, degrees, float(stats.chi2.sf(statistic, degrees)))
