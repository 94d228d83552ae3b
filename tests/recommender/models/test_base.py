"""The contract that every source keeps."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from recommender.events import Kind
from recommender.interactions import NOBODY
from recommender.models.base import read_only, standardised

NAMES = ("repurchase", "als", "neighbours", "popularity", "segment")


@pytest.fixture(params=NAMES)
def source(request, model):
    return model.sources.by_name()[request.param]


@pytest.fixture
def history(model, make_events, now):
    events = make_events([(1, 2, Kind.PURCHASE, 9), (1, 4, Kind.PURCHASE, 4), (1, 22, Kind.WATCH, 3, 0.9)])
    return model.history(events, "even", now)


def test_every_item_gets_a_finite_score(source, history, model):
    for one in (history, NOBODY):
        scores = source.scores(one)
        assert scores.shape == (30,)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


def test_equal_histories_get_equal_scores(source, history):
    np.testing.assert_array_equal(source.scores(history), source.scores(history))


def test_scores_are_not_the_callers_to_spoil(source, history):
    before = source.scores(history).copy()
    for array in (source.scores(history), *source.arrays().values()):
        # Either the array is a copy, or it refuses; written to is only what no other request sees.
        with contextlib.suppress(ValueError):
            array[...] = np.zeros(1, dtype=array.dtype)[0]
    np.testing.assert_array_equal(source.scores(history), before)
    np.testing.assert_array_equal(type(source).from_arrays(source.arrays()).scores(history), before)


def test_the_arrays_make_the_same_source_again(source, history):
    again = type(source).from_arrays(source.arrays())
    np.testing.assert_array_equal(again.scores(history), source.scores(history))


def test_no_array_has_an_entry_per_user(source):
    assert all(40 not in array.shape for array in source.arrays().values())


def test_contributions_have_a_row_per_item_and_a_column_per_item_of_the_history(source, history):
    assert source.contributions(history, np.array([0, 6, 9])).shape == (3, 3)
    assert source.contributions(NOBODY, np.array([0, 6, 9])).shape == (3, 0)
    assert source.contributions(history, np.zeros(0, dtype=np.int64)).shape == (0, 3)


def test_a_read_only_array_leaves_the_given_one_as_it_was():
    given = np.arange(3)
    kept = read_only(given)
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 9
    given[0] = 5
    assert kept.tolist() == [5, 1, 2]


def test_standardised_values_have_mean_0_and_deviation_1():
    # Mean 3, deviation sqrt((4 + 0 + 4) / 3).
    assert standardised(np.array([1.0, 3.0, 5.0])) == pytest.approx(np.array([-2, 0, 2]) / np.sqrt(8 / 3))


def test_equal_values_are_all_average():
    assert standardised(np.full(5, 0.1)).tolist() == [0.0] * 5
    assert standardised(np.zeros(0)).tolist() == []
