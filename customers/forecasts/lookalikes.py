"""Customers who look alike to a model of timing, so that what is costly is found once for all of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.models.histories import Histories, TimingModel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_OF_THEIR_OWN = 20_000
"""Histories up to which each is a kind of its own, and nothing is rounded."""

_NEARBY = 0.05
"""Share by which numbers of orders and ages may differ within a kind."""

ALIVE_STEP = 0.02
"""By how much P(alive) may differ within a kind: less than 200 simulated futures know a chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookalikes:
    """Kinds of customers, each with the history that stands for it.

    Attributes:
        histories: One real history of each kind, from its middle; ``n_kinds`` of them.
        kind_of: Which kind each customer is of, shape ``(n_customers,)``.
    """

    histories: Histories
    kind_of: IntArray


def lookalikes(
    model: TimingModel,
    histories: Histories,
    *,
    alive_step: float = ALIVE_STEP,
    most_of_their_own: int = MOST_OF_THEIR_OWN,
) -> Lookalikes:
    """The kinds of customers that a model tells apart.

    What lies ahead of a customer hangs on frequency, age and silence; silence shows in P(alive), which falls with it.
    Customers are of one kind where the first two are within about ``_NEARBY`` and P(alive) within ``alive_step`` of
    one another: a million customers of two years are of some 30,000 kinds, whatever the model.

    Args:
        model: Whose P(alive) is looked at.
        histories: Different ones, best sorted as ``distinct_histories`` does, so that a kind's middle is typical.
        alive_step: By how much P(alive) may differ within a kind, above 0.
        most_of_their_own: Histories up to which none is rounded.
    """
    n = len(histories)
    if n <= most_of_their_own:
        return Lookalikes(histories, np.arange(n))
    ages = _places(7 * histories.age_weeks)
    steps = np.rint(model.probability_alive(histories) / alive_step).astype(np.int64)
    key = (_places(histories.frequency) * (int(ages.max()) + 1) + ages) * (int(steps.max()) + 1) + steps
    _, kind_of, counts = np.unique(key, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles = np.argsort(kind_of, kind="stable")[ends - (counts + 1) // 2]
    return Lookalikes(histories.of(middles), kind_of.astype(np.int64))


def _places(values: FloatArray | IntArray) -> IntArray:
    """Whole numbers that rise by one from value to value while these are small, later with every ``_NEARBY`` more."""
    return np.rint(np.arcsinh(_NEARBY * values) / _NEARBY).astype(np.int64)
