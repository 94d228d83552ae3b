"""How many orders lie ahead of customers who take ``k`` steps to each: the sum that regular timing asks for."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_NEGLIGIBLE = 1e-10
"""Chance of yet another order below which the sum over orders ends."""

_SUMMED_ORDERS = 200
"""Orders ahead that are summed one by one, as many as anybody places in a year."""

_TAIL_NODES = 64
_LEAST_SHARE = 1e-12
"""Of the horizon: no time ahead has no logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class OrdersAhead:
    """What the orders of customers to come depend on; arrays have shape ``(n,)``, the first two ``(k, n)``.

    Attributes:
        steps: Probabilities of the steps taken since the last order.
        shape: Of the rate's gamma distribution, given those steps.
        share: Horizon over alpha + age + horizon.
        staying: Second parameter of the beta distribution of leaving; the first is ``a``.
        alive: Probability of not having left.
    """

    steps: FloatArray
    shape: FloatArray
    share: FloatArray
    staying: FloatArray
    alive: FloatArray

    def of(self, rows: IntArray | npt.NDArray[np.bool_]) -> "OrdersAhead":
        """Those of some of the customers."""
        return OrdersAhead(
            self.steps[:, rows], self.shape[:, rows], self.share[rows], self.staying[rows], self.alive[rows]
        )


def first_orders(k: int, a: float, ahead: OrdersAhead) -> tuple[FloatArray, IntArray]:
    """Expected orders among the next ``_SUMMED_ORDERS``, and the rows of those who may well order more.

    The chance of n steps or more falls by that of exactly n - 1, step by step: a negative binomial's.
    """
    total, rows = np.zeros(ahead.share.size), np.arange(ahead.share.size)
    reached = np.ones(ahead.shape.shape)
    log_share, log_chance = np.log(np.maximum(ahead.share, _LEAST_SHARE)), ahead.shape * np.log1p(-ahead.share)
    for n in range(1, k * _SUMMED_ORDERS + 1):
        reached -= np.exp(log_chance)
        log_chance += log_share + np.log((ahead.shape + n - 1) / n)
        # Of all the steps that may have been taken before, one makes the n-th from here complete an order.
        taken = -n % k
        m = (n + taken) // k
        total[rows] += ahead.alive * ahead.steps[taken] * np.maximum(reached[taken], 0.0)
        if taken == 0:
            still = ahead.alive * (ahead.staying + m - 1) / (a + ahead.staying + m - 1)
            on = still * reached.max(axis=0) > _NEGLIGIBLE
            rows, log_share, log_chance, reached = rows[on], log_share[on], log_chance[:, on], reached[:, on]
            ahead = replace(ahead.of(on), alive=still[on])
    return total, rows


def later_orders(k: int, a: float, ahead: OrdersAhead) -> FloatArray:
    """Expected orders beyond the first ``_SUMMED_ORDERS``, over horizons of many years.

    So far out one order is about as likely as the next, and the sum over m is an integral, taken by Gauss and
    Legendre's rule in the logarithm of m, up to where hardly any rate reaches.
    """
    first = _SUMMED_ORDERS + 0.5
    odds = ahead.share / (1 - ahead.share)
    last = first + (ahead.shape[-1] + 40) * odds / k
    nodes, weights = np.polynomial.legendre.leggauss(_TAIL_NODES)
    half = np.log(last / first) / 2
    total = np.zeros(odds.size)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        m = first * np.exp(half * (node + 1))
        reached = np.zeros(odds.size)
        for taken in range(k):
            reached += ahead.steps[taken] * special.betainc(m * k - taken, ahead.shape[taken], ahead.share)
        stayed = np.exp(special.betaln(a, ahead.staying + m - 1) - special.betaln(a, ahead.staying))
        total += weight * half * m * stayed * reached
    later: FloatArray = ahead.alive * total
    return later
