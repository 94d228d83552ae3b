"""Promises of the draw: the share asked for, arms alike, and the same lots from the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.campaigns.lots import block_size, drawn_lots
from experiments.campaigns.standing import Standing


def standing_of(activity: np.ndarray) -> Standing:
    n = activity.size
    return Standing(np.arange(n), np.ones(n, dtype=np.int64), np.full(n, 7), activity, activity)


@given(st.integers(2, 400), st.sampled_from([0.05, 0.1, 0.2, 0.25, 0.3, 1 / 3, 0.5, 0.7, 0.95]), st.integers(0, 99))
def test_the_share_is_held_out_and_neither_arm_is_empty(n: int, holdout: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lots = drawn_lots(standing_of(rng.exponential(size=n)), holdout=holdout, rng=rng)
    held_out = int((~lots.is_contacted).sum())
    assert 1 <= held_out <= n - 1
    if n >= 40:
        # Only the last block may be of a size that the share does not divide, and a block holds out two at least.
        assert abs(held_out - holdout * n) <= 2 + n * 0.5 / block_size(holdout) * (abs(holdout - 1 / 3) < 1e-9)


def test_arms_are_alike_in_every_block_of_neighbours() -> None:
    activity = np.arange(100.0)
    lots = drawn_lots(standing_of(activity), holdout=0.3, rng=np.random.default_rng(1))
    for block in range(10):
        members = activity[lots.block == block]
        assert members.tolist() == list(range(100 - 10 * (block + 1), 100 - 10 * block))
        assert (~lots.is_contacted[lots.block == block]).sum() == 3


def test_the_same_seed_draws_the_same_lots_and_another_one_others() -> None:
    past = standing_of(np.ones(50))
    first, again, other = (drawn_lots(past, holdout=0.3, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first.is_contacted == again.is_contacted).all()
    assert (first.is_contacted != other.is_contacted).any()


def test_every_customer_is_held_out_as_often_as_the_share_says() -> None:
    """Equal customers too: their place in the sheet decides nothing. Five standard errors of 2,000 are .051."""
    past = standing_of(np.repeat([5.0, 1.0], 10))
    rng = np.random.default_rng(3)
    held_out = np.mean([~drawn_lots(past, holdout=0.3, rng=rng).is_contacted for _ in range(2_000)], axis=0)
    assert held_out == pytest.approx(np.full(20, 0.3), abs=0.051)


@pytest.mark.parametrize(("holdout", "size"), [(0.5, 8), (0.25, 8), (0.3, 10), (0.1, 20), (0.2, 10), (0.05, 40)])
def test_a_block_is_as_small_as_holds_the_share_out_exactly(holdout: float, size: int) -> None:
    assert block_size(holdout) == size


def test_what_cannot_be_drawn_is_refused() -> None:
    for holdout in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="holdout must lie between 0 and 1"):
            drawn_lots(standing_of(np.ones(9)), holdout=holdout, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="at least 2 customers, got 1"):
        drawn_lots(standing_of(np.ones(1)), holdout=0.3, rng=np.random.default_rng(1))
