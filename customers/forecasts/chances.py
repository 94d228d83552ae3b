"""The chance that a customer orders again, as a model gives it and as the shop's own past corrects it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_TINY = 1e-12
_MOST_LOG = 3.5
"""Complementary log-log of a chance of 1 - 4e-15: what lies above is certain."""

_DEVIATION = 1.0
"""Of each weight from the model's own chance, as believed before the past is seen. A weight of 1 leads all the way from
that chance to the expected orders, or makes the odds of small chances e times as large."""


@dataclass(frozen=True, slots=True)
class Chances:
    """How the chance of at least one order follows from what a model says of a customer.

    With ``cloglog p = log(-log(1 - p))``, the logarithm of the orders that a Poisson customer with that chance expects:

        cloglog(chance) = level + of_chance * cloglog(the model's chance) + of_orders * log(expected orders)

    A model that is right ranks customers best by its own chance, and ``OWN`` leaves that as it is. Where people
    thought to have left do come back, who used to order much is likelier to, and that is what expected orders know.

    Attributes:
        level: Any number.
        of_chance: At least 0, so that the chance rises with the model's, and with the horizon.
        of_orders: At least 0.
    """

    level: float = 0.0
    of_chance: float = 1.0
    of_orders: float = 0.0

    def corrected(self, chance: FloatArray, expected_orders: FloatArray) -> FloatArray:
        """Probability of at least one order, shape ``(n_customers,)``, from 0 to 1.

        It comes from what happened, and the orders expected do not: of who is expected to order hardly ever it may say
        more than they do.

        Args:
            chance: The model's own, shape ``(n_customers,)``.
            expected_orders: The model's, over the same horizon, same shape.
        """
        if self == OWN:
            return np.clip(chance, 0.0, 1.0)
        logs = _columns(chance, expected_orders) @ np.array([self.level, self.of_chance, self.of_orders])
        return np.where(chance > 0, -np.expm1(-np.exp(np.minimum(logs, _MOST_LOG))), 0.0)


OWN = Chances()
"""The model's own chances."""


def learnt_chances(chance: FloatArray, expected_orders: FloatArray, came: BoolArray) -> Chances:
    """The correction that the shop's own past makes likeliest, held back by a belief in the model's own chance.

    Bernoulli likelihood of who came, times a normal density of the three weights around those of ``OWN``: a
    handful of customers moves them part of the way, thousands as far as need be.

    Args:
        chance: What the model gave to each customer at earlier moments, shape ``(n_cases,)``.
        expected_orders: What it expected of them then, same shape.
        came: Whether they ordered within that horizon, same shape.
    """
    columns, own = _columns(chance, expected_orders), np.array([OWN.level, OWN.of_chance, OWN.of_orders])

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        orders = np.exp(np.minimum(columns @ weights, _MOST_LOG))
        away = (weights - own) / _DEVIATION
        log_likelihood = np.where(came, np.log(-np.expm1(-orders)), -orders).sum()
        slopes = np.where(came, orders / np.expm1(orders), -orders)
        return away @ away / 2 - log_likelihood, away / _DEVIATION - slopes @ columns

    found = optimize.minimize(loss, own, jac=True, method="L-BFGS-B", bounds=[(-5, 5), (0, 5), (0, 5)])
    level, of_chance, of_orders = found.x.tolist()
    return Chances(level, of_chance, of_orders)


def _columns(chance: FloatArray, expected_orders: FloatArray) -> FloatArray:
    """Ones, cloglog of the chance and the logarithm of the orders, shape ``(n_customers, 3)``."""
    poisson = -np.log1p(-np.clip(chance, _TINY, 1 - _TINY))
    return np.column_stack([np.ones(chance.size), np.log(poisson), np.log(np.maximum(expected_orders, _TINY))])
