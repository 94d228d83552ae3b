"""Promises of the lots: what a list of all draws says where there is one, honest where there is none."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.statistics.randomisation import blocks_of, draws, lots_effect, lots_spread

NOTHING_KNOWN = np.empty((8, 0))


def listed_p_value(values: np.ndarray, treated: tuple[int, ...]) -> float:
    """By hand: the studentised difference under each of the 70 ways to treat four of eight, ties counting half."""

    def statistic(chosen: tuple[int, ...]) -> float:
        is_treated = np.isin(np.arange(8), chosen)
        one, other = values[is_treated], values[~is_treated]
        return float((one.mean() - other.mean()) / np.sqrt(one.var(ddof=1) / 4 + other.var(ddof=1) / 4))

    seen = statistic(treated)
    all_ways = np.array([statistic(ways) for ways in combinations(range(8), 4)])
    above = (all_ways > seen + 1e-9).mean() + (np.abs(all_ways - seen) <= 1e-9).mean() / 2
    return float(2 * min(above, 1 - above))


def test_the_p_value_is_that_of_all_draws_there_are() -> None:
    """Five standard errors of a p-value from 1,999 draws are at most .056."""
    values = np.array([3.0, 9.0, 1.0, 7.0, 4.0, 8.0, 2.0, 2.5])
    treated = (1, 3, 5, 7)
    is_treated = np.isin(np.arange(8), treated)
    found = lots_effect(
        values,
        is_treated,
        np.zeros(8, dtype=np.int64),
        covariates=NOTHING_KNOWN,
        rng=np.random.default_rng(1),
    )
    assert found is not None
    assert (found.treated_mean, found.control_mean) == (26.5 / 4, 10.0 / 4)
    assert found.estimate == pytest.approx(16.5 / 4)
    assert found.p_value == pytest.approx(listed_p_value(values, treated), abs=0.03)


def test_what_was_seen_counts_as_a_draw_so_no_p_value_is_0() -> None:
    """Of forty units the twenty treated did far more: no other of 1.4e11 draws is as good, so it ties with itself only.

    Half a tie among 1,999 draws and the one seen, on both sides: 2 * (1 / 2) / 2,000.
    """
    is_treated = np.arange(40) < 20
    values = np.random.default_rng(9).random(40) + 100 * is_treated
    block, known = np.zeros(40, dtype=np.int64), np.empty((40, 0))
    found = lots_effect(values, is_treated, block, covariates=known, rng=np.random.default_rng(10))
    assert found is not None
    assert found.p_value == pytest.approx(1 / 2_000)


def test_blocks_are_weighted_by_their_size() -> None:
    values = np.array([1.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    is_treated = np.array([1, 0, 1, 0, 1, 1, 1, 1, 0, 0], dtype=bool)
    block = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    found = lots_effect(values, is_treated, block, covariates=np.empty((10, 0)), rng=np.random.default_rng(1))
    assert found is not None
    assert found.treated_mean == pytest.approx(0.4 * (1 + 5) / 2 + 0.6 * (10 + 20 + 30 + 40) / 4)
    assert found.control_mean == pytest.approx(0.4 * (3 + 7) / 2 + 0.6 * (50 + 60) / 2)


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e4), st.integers(0, 2**32 - 1))
def test_shifting_and_stretching_all_values_does_the_same_to_the_interval(
    shift: float, stretch: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values, block = rng.gamma(0.3, 10, 24), np.repeat([0, 1, 2], 8)
    is_treated = np.tile([True, False, True, True, False, True, False, True], 3)
    known = rng.random((24, 1))

    def interval(of: np.ndarray) -> np.ndarray:
        found = lots_effect(of, is_treated, block, covariates=known, rng=np.random.default_rng(2))
        assert found is not None
        return np.array(found.interval)

    moved = interval(shift + stretch * values)
    assert moved == pytest.approx(stretch * interval(values), rel=1e-3, abs=1e-6 * (stretch + abs(shift)))


def test_an_interval_leaves_0_out_exactly_when_the_p_value_is_below_5_percent() -> None:
    rng = np.random.default_rng(3)
    block = np.repeat(np.arange(4), 10)
    is_treated = np.tile(np.arange(10) < 7, 4)
    for effect in np.linspace(-3, 3, 25):
        values = rng.gamma(0.5, 2, 40) + effect * is_treated
        found = lots_effect(values, is_treated, block, covariates=rng.random((40, 1)), rng=rng)
        assert found is not None
        assert (found.interval[0] > 0 or found.interval[1] < 0) == (found.p_value < 0.05)
        assert found.interval[0] <= found.estimate <= found.interval[1]


def test_what_a_covariate_explains_is_no_spread() -> None:
    rng = np.random.default_rng(4)
    known = 10 * rng.random(200)
    values = known + rng.standard_normal(200)
    block, is_treated = np.repeat(np.arange(20), 10), np.tile(np.arange(10) < 7, 20)

    def width(covariates: np.ndarray) -> float:
        found = lots_effect(values, is_treated, block, covariates=covariates, rng=np.random.default_rng(5))
        assert found is not None
        return found.interval[1] - found.interval[0]

    # Variances 1 + 100/12 and 1: a third of the width.
    assert width(known[:, None]) < 0.5 * width(np.empty((200, 0)))


def test_beyond_thousands_of_units_the_normal_curve_says_what_the_lots_would() -> None:
    rng = np.random.default_rng(6)
    n = 6_000
    values, block = rng.gamma(0.5, 2, n), np.arange(n) // 10
    is_treated = np.tile(np.arange(10) < 7, n // 10)
    found = lots_effect(values, is_treated, block, covariates=np.empty((n, 0)), rng=rng)
    spread = lots_spread(values, block, is_treated, covariates=np.empty((n, 0)), rng=rng)
    assert found is not None
    assert spread is not None
    # gamma(.5, 2) has variance 2; seven in ten are treated.
    assert spread == pytest.approx(np.sqrt(2 / 4_200 + 2 / 1_800), rel=0.35)
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * 1.96 * np.sqrt(2 / 4_200 + 2 / 1_800), rel=0.1)


def test_where_nothing_varies_or_an_arm_is_too_small_nothing_is_said() -> None:
    block = np.zeros(8, dtype=np.int64)
    half = np.arange(8) < 4
    rng = np.random.default_rng(7)
    assert lots_effect(np.ones(8), half, block, covariates=NOTHING_KNOWN, rng=rng) is None
    for few in (0, 1, 7, 8):
        values = np.arange(8.0)
        assert lots_effect(values, np.arange(8) < few, block, covariates=NOTHING_KNOWN, rng=rng) is None
        assert lots_spread(values, block, np.arange(8) < few, covariates=NOTHING_KNOWN, rng=rng) is None


def test_blocks_that_lost_units_are_joined_with_their_neighbours() -> None:
    block = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    is_treated = np.array([1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1], dtype=bool)
    blocks = blocks_of(block, is_treated)
    assert blocks.sizes.tolist() == [4, 7]
    assert blocks.treated.tolist() == [2, 4]
    assert blocks.is_readable


def test_every_draw_treats_as_many_of_each_block_and_all_units_alike_often() -> None:
    block = np.array([0] * 8 + [1] * 13)
    is_treated = np.array([1, 1, 0, 0, 0, 0, 0, 0] + [1] * 9 + [0] * 4, dtype=bool)
    lots = np.concatenate(list(draws(blocks_of(block, is_treated), 4_000, rng=np.random.default_rng(8))))
    assert lots.shape == (4_000, 21)
    assert (lots[:, :8].sum(axis=1) == 2).all()
    assert (lots[:, 8:].sum(axis=1) == 9).all()
    # Five standard errors of a share of 4,000 are at most .04.
    assert lots.mean(axis=0) == pytest.approx(np.array([2 / 8] * 8 + [9 / 13] * 13), abs=0.04)
