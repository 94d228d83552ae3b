from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ranking import SOURCES, Policy, Weights, best, blend


def test_an_empty_policy_leaves_everything_to_the_model():
    assert Policy.parse({}) == Policy(sources=None, content_share=None, rebuy_gap_days=None)


def test_a_list_of_sources_weighs_each_as_one():
    assert Policy.parse({"sources": ["popularity", "als"]}).sources == {"als": 1.0, "popularity": 1.0}


def test_a_mapping_of_sources_keeps_its_weights():
    policy = Policy.parse({"sources": {"als": 0.5, "newest": 2}, "content_share": 0, "rebuy_gap_days": 14})
    assert policy == Policy({"als": 0.5, "newest": 2.0}, content_share=0.0, rebuy_gap_days=14.0)


def test_null_counts_as_left_out_everywhere():
    assert Policy.parse({"sources": None, "content_share": None, "rebuy_gap_days": None}) == Policy.parse({})


def test_the_ends_of_every_range_are_allowed():
    policy = Policy.parse({"sources": {"als": 1e6, "newest": 0}, "content_share": 1, "rebuy_gap_days": 36_500})
    assert policy == Policy({"als": 1e6, "newest": 0.0}, content_share=1.0, rebuy_gap_days=36_500.0)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"source": ["als"]}, "got source"),
        ({"sources": ["als", "magic"]}, "got magic"),
        ({"sources": "als"}, "got 'als'"),
        ({"sources": []}, "at least one source"),
        ({"sources": {"als": 0}}, "at least one source"),
        ({"sources": {"als": -1}}, "weight of als"),
        ({"sources": {"als": True}}, "weight of als"),
        ({"sources": {"als": math.nan}}, "weight of als"),
        ({"sources": {"als": 1_000_001}}, r"weight of als must be a number from 0 to 1e\+06, got 1000001"),
        ({"sources": {"als": 10**400}}, "weight of als"),
        ({"sources": {"als": None}}, "weight of als"),
        ({"sources": [["als"]]}, r"sources must be among .*, got \['als'\]"),
        ({"sources": [{"als": 1}]}, "sources must be among"),
        ({"content_share": 1.1}, "content_share must be a number from 0 to 1, got 1.1"),
        ({"content_share": "half"}, "content_share must be a number from 0 to 1, got 'half'"),
        ({"content_share": 10**400}, "content_share must be a number"),
        ({"rebuy_gap_days": -1}, "rebuy_gap_days must be a number from 0 to 36500, got -1"),
        ({"rebuy_gap_days": 36_501}, "got 36501"),
        ({"rebuy_gap_days": -(10**400)}, "rebuy_gap_days must be a number"),
        ({"rebuy_gap_days": math.inf}, "got inf"),
        ({"rebuy_gap_days": math.nan}, "got nan"),
    ],
)
def test_a_wrong_policy_is_refused_by_name(mapping, said):
    with pytest.raises(ValueError, match=said):
        Policy.parse(mapping)


def test_sources_are_added_with_the_weights_of_their_kind():
    parts = {"als": np.array([1.0, 2.0], np.float32), "popularity": np.array([3.0, -1.0], np.float32)}
    weights = Weights(products={"als": 2.0, "popularity": 0.5}, content={"als": 0.0, "popularity": 1.0})
    blended = blend(parts, weights, is_content=np.array([False, True]))
    assert blended.totals.tolist() == [2.0 * 1.0 + 0.5 * 3.0, 0.0 * 2.0 + 1.0 * -1.0]


def test_the_sources_of_an_item_are_ordered_by_what_they_put_in():
    parts = {"als": np.array([1.0, -1.0, 2.0], np.float32), "popularity": np.array([3.0, -1.0, 5.0], np.float32)}
    weights = Weights(products={"als": 4.0, "popularity": 1.0}, content={"als": 0.5, "popularity": 2.0})
    blended = blend(parts, weights, is_content=np.array([False, False, True]))
    assert blended.parts_of(np.array([2, 0, 1])) == [
        [("popularity", 2.0 * 5.0), ("als", 0.5 * 2.0)],
        [("als", 4.0 * 1.0), ("popularity", 1.0 * 3.0)],
        [("popularity", 1.0 * -1.0), ("als", 4.0 * -1.0)],
    ]
    assert blended.parts_of(np.zeros(0, dtype=np.int64)) == []


def test_sources_without_weight_are_not_asked():
    assert Weights({"als": 0.0, "newest": 1.0}, {"segment": 0.2}).names() == ("segment", "newest")
    assert set(Weights.same(dict.fromkeys(SOURCES, 1.0)).names()) == set(SOURCES)


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=40),
    st.integers(0, 45),
)
def test_the_best_are_those_of_a_full_sort_with_ties_by_rank_then_row(entries, n):
    totals = np.array([entry[0] for entry in entries], dtype=np.float32)
    ranks = np.array([entry[1] for entry in entries])
    candidates = np.flatnonzero([entry[2] for entry in entries])
    expected = sorted(candidates.tolist(), key=lambda row: (-totals[row], ranks[row], row))[:n]
    assert best(totals, candidates, n, tie_rank=ranks).tolist() == expected
