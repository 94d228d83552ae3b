from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recommender.events import Kind
from recommender.models.neighbours import NeighboursConfig, fit_neighbours

STRENGTHS = sp.csr_array(np.array([[1, 2, 0, 0], [1, 0, 3, 0], [0, 1, 1, 0]], dtype=np.float32))


def test_similarity_is_the_scaled_product_of_the_formula():
    config = NeighboursConfig(width=3, source_penalty=0.5, target_penalty=1.0, user_penalty=1.0)
    fitted = fit_neighbours(STRENGTHS, config)
    # Every user has degree 2, items 0 to 2 degree 2. From item 0: to 1 through user 0, to 2 through user 1.
    scale = 2**-0.5 * 2**-1.0 * 2**-1.0
    assert fitted.neighbour_rows[0, :2].tolist() == [2, 1]
    assert fitted.similarities[0] == pytest.approx([1 * 3 * scale, 1 * 2 * scale, 0.0])


def test_no_item_is_its_own_neighbour_and_nobodys_item_has_none():
    fitted = fit_neighbours(STRENGTHS, NeighboursConfig())
    for row in range(4):
        assert row not in fitted.neighbour_rows[row][fitted.similarities[row] > 0]
    assert fitted.similarities[3].tolist() == [0.0, 0.0, 0.0]


def test_only_the_best_neighbours_are_kept():
    wide, narrow = (fit_neighbours(STRENGTHS, NeighboursConfig(width=width)) for width in (3, 1))
    np.testing.assert_array_equal(narrow.neighbour_rows[:3, 0], wide.neighbour_rows[:3, 0])
    assert narrow.similarities.shape == (4, 1)


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(2, 9)), elements=st.sampled_from([0, 0, 1, 2.5])),
    st.integers(1, 9),
)
def test_the_table_holds_the_largest_entries_of_the_whole_matrix_of_similarities(strengths, width):
    config = NeighboursConfig(width=width)
    fitted = fit_neighbours(sp.csr_array(strengths), config)
    # The formula over all pairs: W = Da^-a (R^T Du^-c R) Db^-b without its diagonal.
    item_degrees, user_degrees = ((strengths > 0).sum(axis=axis).clip(1).astype(float) for axis in (0, 1))
    whole = strengths.T @ (strengths / user_degrees[:, None] ** config.user_penalty)
    whole = whole / item_degrees[:, None] ** config.source_penalty / item_degrees**config.target_penalty
    np.fill_diagonal(whole, 0.0)
    kept = min(width, strengths.shape[1] - 1)
    assert fitted.similarities == pytest.approx(-np.sort(-whole, axis=1)[:, :kept], rel=1e-5)
    for row, (near, values) in enumerate(zip(fitted.neighbour_rows, fitted.similarities, strict=True)):
        assert values == pytest.approx(np.where(values > 0, whole[row, near], 0.0), rel=1e-5)
        assert len(set(near[values > 0].tolist())) == np.count_nonzero(values)


def test_a_catalogue_that_is_worked_off_in_several_parts_has_every_neighbour():
    # Each user has one pair of items, so the only neighbour of 2n is 2n + 1 and the other way round.
    items = np.arange(24_000)
    strengths = sp.csr_array((np.ones(24_000, dtype=np.float32), (items // 2, items)))
    fitted = fit_neighbours(strengths, NeighboursConfig(width=100))
    np.testing.assert_array_equal(fitted.neighbour_rows[:, 0], items ^ 1)
    assert (np.count_nonzero(fitted.similarities, axis=1) == 1).all()


def test_the_score_is_the_root_of_the_sum_over_the_history(model, make_events, now):
    neighbours = model.sources.neighbours
    history = model.history(make_events([(1, 2, Kind.PURCHASE, 9), (1, 4, Kind.LIKE, 4)]), None, now)
    raw = sum(
        strength * neighbours.similar(row)
        for row, strength in zip(history.warm_rows, history.warm_strengths, strict=True)
    )
    roots = np.sqrt(raw)
    assert neighbours.scores(history) == pytest.approx((roots - roots.mean()) / roots.std(), rel=1e-3, abs=1e-5)
    assert neighbours.contributions(history, np.arange(30)).sum(axis=1) == pytest.approx(raw, rel=1e-4, abs=1e-7)


def test_neighbours_are_of_the_same_taste(model):
    rows, similarities = model.sources.neighbours.neighbour_rows, model.sources.neighbours.similarities
    for row in range(30):
        assert set((rows[row][similarities[row] > 0] % 2).tolist()) == {row % 2}


def test_a_table_without_width_is_refused():
    with pytest.raises(ValueError, match="width must be at least 1, got 0"):
        NeighboursConfig(width=0)
