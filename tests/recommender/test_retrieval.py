from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.events import Kind
from recommender.ranking import Policy
from recommender.retrieval import FeedRequest, Pool, newest_scores, pool_for

NOW = 1_700_000_000


def asking(limit, newest_item_ids, *, allowed=None, excluded=()):
    newest = np.array(newest_item_ids, dtype=np.int64)
    return FeedRequest(
        limit=limit,
        now_seconds=NOW,
        policy=Policy(),
        allowed=np.ones(30, dtype=bool) if allowed is None else allowed,
        excluded_item_ids=np.array(excluded, dtype=np.int64),
        newest_item_ids=newest,
        newest_is_content=newest % 2 == 0,
        newest_published_at_seconds=np.full(len(newest), NOW),
    )


def test_new_items_are_looked_up_only_where_a_kind_may_run_short(model):
    assert len(pool_for(model, None, asking(5, [99, 98, 3]), with_new=False).item_ids) == 30
    assert pool_for(model, None, asking(15, [99, 98, 3]), with_new=False).item_ids[30:].tolist() == [99, 98]
    assert pool_for(model, None, asking(5, [99, 98, 3]), with_new=True).item_ids[30:].tolist() == [99, 98]


def test_a_kind_that_the_shop_does_not_have_is_no_shortage(model):
    products_only = np.arange(30) < 20
    assert len(pool_for(model, None, asking(5, [99, 97], allowed=products_only), with_new=False).item_ids) == 30


def test_the_callers_arrays_stay_as_they_were(model, make_events):
    request = asking(5, [99], excluded=[4])
    history = model.history(make_events([(1, 2, Kind.DISMISS, 1)]), None, NOW)
    pool = pool_for(model, history, request, with_new=True)
    assert request.allowed.all()
    assert np.flatnonzero(~pool.eligible).tolist() == [2, 4]


def test_what_was_had_can_be_let_in_again_and_what_was_dismissed_cannot(model, make_events):
    rows = [(1, 2, Kind.PURCHASE, 0.1), (1, 22, Kind.WATCH, 1, 1.0), (1, 4, Kind.DISMISS, 1)]
    history = model.history(make_events(rows), None, NOW)
    left = [
        np.flatnonzero(~pool_for(model, history, asking(5, []), with_new=False, spares_had=spares_had).eligible)
        for spares_had in (True, False)
    ]
    assert [rows.tolist() for rows in left] == [[2, 4, 22], [4]]


@given(st.lists(st.integers(0, 40), unique=True, max_size=20), st.lists(st.integers(0, 40), unique=True, max_size=20))
def test_newness_falls_along_the_list_and_the_rest_is_oldest(known, newest):
    pool = Pool(
        item_ids=np.array(known, dtype=np.int64),
        is_content=np.zeros(len(known), dtype=bool),
        eligible=np.ones(len(known), dtype=bool),
        tie_rank=np.arange(len(known)),
        n_rows=len(known),
    )
    scores = newest_scores(pool, np.array(newest, dtype=np.int64))
    place = {item: newest.index(item) if item in newest else len(newest) for item in known}
    in_order = [scores[known.index(item)] for item in sorted(known, key=place.__getitem__)]
    assert in_order == sorted(in_order, reverse=True)
    if len(set(place.values())) > 1:
        assert scores.std() == pytest.approx(1.0, rel=1e-3)
