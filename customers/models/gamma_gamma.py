"""How much customers spend per order: the Gamma-Gamma model.

Values of one customer's orders are gamma distributed around a mean of their own, whose scale is gamma distributed over
customers; spend and timing are taken as independent. Fader and Hardie's note 025 (2013).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from customers.models.maximum import Maximum, maximise

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SpendModel:
    """A fitted (or given) Gamma-Gamma model; ``gamma`` is in the unit of money it was fitted in."""

    p: float
    q: float
    gamma: float
    fit: Maximum | None = None

    @property
    def logs(self) -> FloatArray:
        """Logarithms of ``p``, ``q`` and ``gamma``."""
        return np.log([self.p, self.q, self.gamma])

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by letter."""
        return {"p": self.p, "q": self.q, "gamma": self.gamma}

    @property
    def standard_errors(self) -> dict[str, float] | None:
        """Standard errors by letter; ``None`` for parameters that were given, not fitted."""
        if self.fit is None:
            return None
        return dict(zip(("p", "q", "gamma"), self.fit.standard_errors.tolist(), strict=True))

    @property
    def population_mean(self) -> float:
        """Expected spend per order of a customer never seen; infinite when ``q <= 1``."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else float("inf")


def spend_model(logs: FloatArray, *, fit: Maximum | None = None) -> SpendModel:
    """The model whose parameters have the given logarithms, in the order p, q, gamma."""
    p, q, gamma = np.exp(logs).tolist()
    return SpendModel(p, q, gamma, fit)


def fit_spend(orders: IntArray, mean_value: FloatArray) -> SpendModel:
    """The Gamma-Gamma model of maximum likelihood.

    Args:
        orders: Valued orders of each customer, at least 1, shape ``(n_customers,)``.
        mean_value: Their mean value, above 0, same shape.

    Raises:
        ValueError: If there is no customer, or one without a positive value.
    """
    if not orders.size:
        raise ValueError("a spend model needs at least 1 customer, got 0")
    if (orders < 1).any() or not (mean_value > 0).all():
        raise ValueError("every customer must have at least 1 order and a mean value above 0")
    # Rupiah and pounds differ by four orders of magnitude; in units of the mean order one start fits all.
    unit = float(np.average(mean_value, weights=orders))
    x, z = orders.astype(np.float64), mean_value / unit
    log_x, log_z = np.log(x), np.log(z)

    def log_likelihood(logs: FloatArray) -> tuple[float, FloatArray]:
        p, q, gamma = np.exp(logs)
        log_sum = np.log(gamma + x * z)
        terms = (
            special.gammaln(p * x + q)
            - special.gammaln(p * x)
            - special.gammaln(q)
            + q * logs[2]
            + (p * x - 1) * log_z
            + p * x * log_x
            - (p * x + q) * log_sum
        )
        shared = special.psi(p * x + q)
        by_p = x * (shared - special.psi(p * x) + log_z + log_x - log_sum)
        by_q = shared - special.psi(q) + logs[2] - log_sum
        by_gamma = q / gamma - (p * x + q) / (gamma + x * z)
        return float(terms.sum()), np.array([by_p.sum() * p, by_q.sum() * q, by_gamma.sum() * gamma])

    found = maximise(log_likelihood, np.log([2.0, 3.0, 1.0]), n=float(orders.size))
    scaled = Maximum(
        logs=found.logs + np.array([0.0, 0.0, np.log(unit)]),
        covariance=found.covariance,
        log_likelihood=found.log_likelihood - orders.size * float(np.log(unit)),
        converged=found.converged,
    )
    return spend_model(scaled.logs, fit=scaled)


def expected_spend(model: SpendModel, orders: IntArray, *, mean_value: FloatArray) -> FloatArray:
    """Expected spend per future order of each customer, shape ``(n_customers,)``, above 0.

    Note 025, equation 5: the customer's own mean, drawn towards everyone's the fewer orders it rests on. A mean exists
    only where ``p * orders + q > 1``; without orders that asks for a finite mean over customers.

    Args:
        model: The spend model.
        orders: Valued orders behind each mean, 0 or more.
        mean_value: Mean value, looked at only where there are orders.

    Raises:
        ValueError: If a customer's expected spend is infinite (``p * orders + q <= 1``).
    """
    weight = model.p * orders + model.q - 1
    if (weight <= 0).any():
        raise ValueError(f"p * orders + q must be above 1 for every customer, got {weight.min() + 1:g}")
    total = np.where(orders > 0, orders * np.where(orders > 0, mean_value, 0.0), 0.0)
    return model.p * (model.gamma + total) / weight
