"""Who is contacted and who is held out, drawn in blocks of customers who ordered alike."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.campaigns.standing import Standing

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

FEWEST_IN_A_BLOCK = 8
MOST_IN_A_BLOCK = 40


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """One row per customer, in the order of the standing; both of shape ``(n_customers,)``.

    Attributes:
        block: Whom she was drawn with, from 0 for the most active customers on.
        is_contacted: Whether she is written to; the others are held out.
    """

    block: IntArray
    is_contacted: BoolArray


def drawn_lots(standing: Standing, *, holdout: float, rng: np.random.Generator) -> Lots:
    """Lots drawn within blocks of customers next to each other in activity, so that both arms are alike.

    The same standing and generator give the same lots. Equally active customers are put in a random order first, so
    that nothing about them decides.

    Args:
        standing: The customers.
        holdout: Share to hold out, between 0 and 1; at least one customer is held out and one contacted.
        rng: Source of the lots.

    Raises:
        ValueError: If the share is not between 0 and 1, or there are fewer than two customers.
    """
    n = len(standing)
    if not 0 < holdout < 1:
        raise ValueError(f"holdout must lie between 0 and 1, got {holdout}")
    if n < 2:
        raise ValueError(f"lots must be drawn among at least 2 customers, got {n}")
    ranked = np.lexsort((rng.random(n), -standing.activity))
    size = block_size(holdout)
    place = np.minimum(np.arange(n) // size, max(n // size, 1) - 1)
    sizes = np.bincount(place)
    held_out = np.rint(sizes * holdout).astype(np.int64)
    held_out = np.clip(held_out, np.minimum(2, sizes // 2), sizes - np.minimum(2, sizes // 2))
    shuffled = np.lexsort((rng.random(n), place))
    is_contacted = np.empty(n, dtype=np.bool_)
    is_contacted[shuffled] = np.arange(n) - (np.cumsum(sizes) - sizes)[place] >= held_out[place]
    block = np.empty(n, dtype=np.int64)
    block[ranked] = place
    lots = np.empty(n, dtype=np.bool_)
    lots[ranked] = is_contacted
    return Lots(block, lots)


def block_size(holdout: float) -> int:
    """Customers in a block: as few as hold the share out exactly, with two or more of either kind."""
    for size in range(FEWEST_IN_A_BLOCK, MOST_IN_A_BLOCK + 1):
        held_out = round(size * holdout)
        if 2 <= held_out <= size - 2 and abs(held_out - size * holdout) < 1e-9:
            return size
    return max(FEWEST_IN_A_BLOCK, int(np.ceil(2 / min(holdout, 1 - holdout))))
