"""What the models of timing know of each customer, and what each of them promises."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from customers.models.maximum import Maximum

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """When each customer ordered, as far as the models look; all arrays have shape ``(n_customers,)``.

    Attributes:
        frequency: Order days after the first one, 0 or more.
        recency_weeks: Weeks from the first to the last order day, from 0 to the age.
        age_weeks: Weeks from the first order day to the end of the history.
        log_gaps: Sum of the logarithms of the gaps in weeks between order days that follow one another; 0 where there
            is none. Only models of regular timing look at it.

    Raises:
        ValueError: If the lengths differ or a history is impossible.
    """

    frequency: IntArray
    recency_weeks: FloatArray
    age_weeks: FloatArray
    log_gaps: FloatArray | None = None

    def __post_init__(self) -> None:
        x, tx, T = self.frequency, self.recency_weeks, self.age_weeks
        if not x.shape == tx.shape == T.shape or (self.log_gaps is not None and self.log_gaps.shape != x.shape):
            raise ValueError(
                f"frequency, recency_weeks and age_weeks must have equal lengths, got {x.size}, {tx.size} and {T.size}"
            )
        wrong = (x < 0) | ~(tx >= 0) | ~(tx <= T)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                "a history must have frequency >= 0 and 0 <= recency_weeks <= age_weeks, "
                f"got {x[row]}, {tx[row]} and {T[row]} in row {row}"
            )

    def __len__(self) -> int:
        """Customers."""
        return int(self.frequency.size)

    def of(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Histories":
        """The histories of some of the customers."""
        gaps = None if self.log_gaps is None else self.log_gaps[rows]
        return Histories(self.frequency[rows], self.recency_weeks[rows], self.age_weeks[rows], gaps)


def new_customer() -> Histories:
    """One customer whose history has only just begun: of her, what a model says is said of any new customer."""
    return Histories(np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1), np.zeros(1))


@dataclass(frozen=True, slots=True, eq=False)
class DistinctHistories:
    """Different histories, each with the number of customers who share it.

    Models see a customer by frequency, recency and age alone; a million customers have about a hundred thousand
    different ones.

    Attributes:
        x: Frequency, shape ``(n_distinct,)``.
        tx: Recency in weeks, same shape.
        T: Age in weeks, same shape.
        weights: Customers with that history, same shape.
        rows: Where the first customer of each stands, same shape.
        row_of: Which of the distinct histories each customer has, shape ``(n_customers,)``.
        counts: Different frequencies, shape ``(n_counts,)``, of which there are a few dozen.
        count_weights: Customers with each of them, shape ``(n_counts,)``.
    """

    x: FloatArray
    tx: FloatArray
    T: FloatArray
    weights: FloatArray
    rows: IntArray
    row_of: IntArray
    counts: FloatArray
    count_weights: FloatArray

    @property
    def histories(self) -> Histories:
        """The distinct histories, one row each."""
        return Histories(self.x.astype(np.int64), self.tx, self.T)


def distinct_histories(histories: Histories) -> DistinctHistories:
    """The different histories among the customers', sorted by frequency, recency and age."""
    counts, x_code, count_weights = np.unique(histories.frequency, return_inverse=True, return_counts=True)
    tx, tx_code = np.unique(histories.recency_weeks, return_inverse=True)
    T, T_code = np.unique(histories.age_weeks, return_inverse=True)
    key = (x_code.astype(np.int64) * tx.size + tx_code) * T.size + T_code
    _, rows, row_of, weights = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return DistinctHistories(
        x=histories.frequency[rows].astype(np.float64),
        tx=histories.recency_weeks[rows],
        T=histories.age_weeks[rows],
        weights=weights.astype(np.float64),
        rows=rows.astype(np.int64),
        row_of=row_of.astype(np.int64),
        counts=counts.astype(np.float64),
        count_weights=count_weights.astype(np.float64),
    )


def check_horizon(horizon_weeks: float) -> None:
    """Refuses a horizon that is negative or no number.

    Raises:
        ValueError: If it is.
    """
    if not horizon_weeks >= 0:
        raise ValueError(f"horizon_weeks must be at least 0, got {horizon_weeks}")


class TimingModel(Protocol):
    """A fitted (or given) model of when customers order. Times are weeks, probabilities lie in 0..1.

    One contract test suite (``tests/customers/models/test_contract.py``) holds for every model there is.
    """

    @property
    def name(self) -> str:
        """The model's short name, as commands and results print it: ``bg_nbd``, ``mbg_nbd``, ``pareto_nbd`` ..."""
        ...

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by the papers' letters."""
        ...

    @property
    def logs(self) -> FloatArray:
        """Logarithms of the parameters, in the same order."""
        ...

    @property
    def fit(self) -> Maximum | None:
        """Where the likelihood was largest; None for parameters that were given."""
        ...

    def at(self, logs: FloatArray) -> Self:
        """The same model with other parameters, given as logarithms; not fitted."""
        ...

    def log_likelihood(self, histories: Histories) -> float:
        """Log-likelihood of the histories on the natural scale, summed over customers."""
        ...

    def probability_alive(self, histories: Histories) -> FloatArray:
        """Probability that each customer has not left, shape ``(n_customers,)``."""
        ...

    def expected_orders(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Expected orders of each customer over the next ``horizon_weeks``, shape ``(n_customers,)``, finite, >= 0.

        For ``new_customer()`` it is the expectation of somebody who has just ordered for the first time.

        Raises:
            ValueError: If the horizon is negative.
        """
        ...

    def probability_of_order(self, histories: Histories, *, horizon_weeks: float) -> FloatArray:
        """Probability of at least one order over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Raises:
            ValueError: If the horizon is negative.
        """
        ...

    def simulated_orders(self, histories: Histories, *, horizon_weeks: float, rng: np.random.Generator) -> IntArray:
        """One random future of each customer: orders over the next ``horizon_weeks``, shape ``(n_customers,)``.

        Drawn from what the model expects of them given their histories, at its own parameters.
        """
        ...


def standard_errors(model: TimingModel) -> dict[str, float] | None:
    """Standard errors of the model's parameters by letter; None for parameters that were given, not fitted."""
    if model.fit is None:
        return None
    return dict(zip(model.parameters, model.fit.standard_errors.tolist(), strict=True))
