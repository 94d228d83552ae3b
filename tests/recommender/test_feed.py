from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.events import SECONDS_PER_DAY, Kind
from recommender.feed import FeedRequest, Reason, compose, related, slots
from recommender.ranking import Policy

NOW = 1_700_000_000
NO_IDS = np.zeros(0, dtype=np.int64)


def asking(limit=10, policy=None, *, n_items=30, published_days=1.0, **others) -> FeedRequest:
    request = FeedRequest(
        limit=limit,
        now_seconds=NOW,
        policy=Policy.parse(policy or {}),
        allowed=np.ones(n_items, dtype=bool),
        excluded_item_ids=NO_IDS,
        newest_item_ids=np.arange(30)[::-1],
        newest_is_content=np.arange(30)[::-1] >= 20,
        newest_published_at_seconds=np.zeros(30, dtype=np.int64),
    )
    request = dataclasses.replace(request, **others)
    published = np.full(len(request.newest_item_ids), NOW - round(published_days * SECONDS_PER_DAY))
    return dataclasses.replace(request, newest_published_at_seconds=published)


@pytest.fixture
def history(model, shop):
    events = shop[0]
    return model.history(events.take(events.user_ids == 4), "even", NOW)


def ids(feed):
    return [item.item_id for item in feed.items]


@pytest.mark.parametrize("source", ["als", "neighbours"])
def test_taste_shows_both_kinds_of_the_own_taste_first(model, history, source):
    # Ten even products and five even pieces of content are to be had; .4 of ten slots are content's.
    feed = compose(model, history, asking(10, {"sources": [source]}))
    assert [item_id % 2 for item_id in ids(feed)] == [0] * 10


def test_the_default_mixes_both_kinds_by_slots(model, history):
    feed = compose(model, history, asking(10))
    assert feed.fallback is None
    assert [item_id >= 20 for item_id in ids(feed)] == slots(10, 0.4).tolist()


def test_equal_inputs_give_equal_feeds(model, history):
    assert compose(model, history, asking(20)) == compose(model, history, asking(20))


def test_no_item_comes_twice_and_pages_do_not_overlap(model, history):
    first = ids(compose(model, history, asking(12)))
    second = ids(compose(model, history, asking(12, excluded_item_ids=np.array(first))))
    assert len({*first, *second}) == 24


def test_only_allowed_items_are_shown(model, history):
    allowed = np.zeros(30, dtype=bool)
    allowed[[3, 8, 25]] = True
    assert sorted(ids(compose(model, history, asking(10, allowed=allowed)))) == [3, 8, 25]


def test_a_purchase_takes_the_item_out_of_the_next_feed_for_the_rebuy_gap(model, shop, make_events):
    past = [(4, 6, Kind.PURCHASE, 30), (4, 8, Kind.PURCHASE, 31)]
    before, after = (
        model.history(make_events(rows), None, NOW) for rows in (past, [*past, (4, 6, Kind.PURCHASE, 0.01)])
    )
    assert 6 in ids(compose(model, before, asking(10)))
    assert 6 not in ids(compose(model, after, asking(30)))
    assert 6 in ids(compose(model, after, asking(10, {"rebuy_gap_days": 0})))


def test_what_was_dismissed_or_watched_to_the_end_is_left_out(model, make_events):
    rows = [(4, 6, Kind.PURCHASE, 30), (4, 8, Kind.DISMISS, 1), (4, 22, Kind.WATCH, 1, 1.0)]
    shown = ids(compose(model, model.history(make_events(rows), None, NOW), asking(30)))
    assert set(range(30)) - set(shown) == {8, 22}


def test_the_ladder_goes_from_segment_to_popular_to_newest(model, make_events):
    cold = make_events([])
    assert compose(model, model.history(cold, "odd", NOW), asking()).fallback == "segment"
    assert compose(model, model.history(cold, "elsewhere", NOW), asking()).fallback == "popular"
    assert compose(model, None, asking()).fallback == "popular"
    assert compose(None, None, asking(n_items=0)).fallback == "newest"


def test_the_segments_rung_shows_what_the_segment_wants(model, make_events):
    # Ten odd products and five odd pieces of content: the top fifth of a kind is 4 of 20 and 2 of 10.
    feed = compose(model, model.history(make_events([]), "odd", NOW), asking(5))
    assert [item.item_id % 2 for item in feed.items] == [1] * 5
    assert {item.source for item in feed.items} == {"segment"}
    assert feed.items[0].reason == feed.items[1].reason == Reason("popular_in_segment", segment="odd")


def test_a_policy_that_needs_no_person_is_no_fallback(model, history):
    for source in ("popularity", "newest"):
        assert compose(model, None, asking(5, {"sources": [source]})).fallback is None
    assert compose(model, history, asking(5, {"sources": ["segment"]})).fallback is None
    assert compose(model, None, asking(5, {"sources": ["segment"]})).fallback == "popular"
    assert compose(None, None, asking(5, {"sources": ["newest"]}, n_items=0)).fallback is None


def test_buying_again_needs_something_bought(model, make_events):
    watched = model.history(make_events([(4, 22, Kind.WATCH, 9, 0.5)]), None, NOW)
    assert compose(model, watched, asking(5, {"sources": ["repurchase"]})).fallback == "popular"
    assert compose(model, watched, asking(5, {"sources": ["als"]})).fallback is None


def test_popularity_shows_the_same_to_everybody_most_wanted_first(model, history):
    policy = {"sources": ["popularity"], "content_share": 0, "rebuy_gap_days": 0}
    interest = model.sources.popularity.interest[:20]
    assert ids(compose(model, history, asking(20, policy))) == np.argsort(-interest, kind="stable").tolist()
    assert ids(compose(model, None, asking(20, policy))) == ids(compose(model, history, asking(20, policy)))


def test_newest_follows_the_list_also_for_items_the_model_does_not_know(model):
    request = asking(
        4,
        {"sources": ["newest"], "content_share": 0},
        newest_item_ids=np.array([77, 5, 78, 9]),
        newest_is_content=np.zeros(4, dtype=bool),
    )
    feed = compose(model, None, request)
    assert ids(feed) == [77, 5, 78, 9]
    assert {(item.source, item.reason.key) for item in feed.items} == {("newest", "new")}


def test_new_items_fill_a_feed_that_is_short_and_ruled_out_ones_do_not(model, make_events):
    bought = model.history(make_events([(4, 6, Kind.PURCHASE, 30), (4, 77, Kind.PURCHASE, 0.1)]), None, NOW)
    allowed = np.arange(30) == 8
    request = asking(
        5,
        allowed=allowed,
        newest_item_ids=np.array([76, 77, 78, 79]),
        newest_is_content=np.zeros(4, dtype=bool),
        excluded_item_ids=np.array([78]),
    )
    assert ids(compose(model, bought, request)) == [8, 76, 79]


def test_a_feed_of_new_items_only_says_so(model, history):
    request = asking(
        5, allowed=np.zeros(30, dtype=bool), newest_item_ids=np.array([76]), newest_is_content=np.array([True])
    )
    feed = compose(model, history, request)
    assert ids(feed) == [76]
    assert feed.fallback == "newest"


def test_where_all_was_just_bought_or_watched_it_is_shown_again_and_the_feed_says_so(model, make_events):
    rows = [(4, 6, Kind.PURCHASE, 0.01), (4, 77, Kind.PURCHASE, 0.02), (4, 22, Kind.WATCH, 1, 1.0)]
    history = model.history(make_events([*rows, (4, 8, Kind.DISMISS, 1)]), None, NOW)
    request = asking(
        5,
        allowed=np.isin(np.arange(30), [6, 8, 22, 24]),
        newest_item_ids=np.array([77]),
        newest_is_content=np.array([False]),
        excluded_item_ids=np.array([24]),
    )
    again = compose(model, history, request)
    assert (sorted(ids(again)), again.fallback) == ([6, 22, 77], "again")
    one_left = compose(model, history, dataclasses.replace(request, excluded_item_ids=NO_IDS))
    assert (ids(one_left), one_left.fallback) == ([24], None)


def test_a_feed_is_empty_where_everything_allowed_was_dismissed_or_excluded(model, make_events):
    history = model.history(make_events([(4, 8, Kind.DISMISS, 1), (4, 6, Kind.PURCHASE, 30)]), None, NOW)
    nothing_new = {"newest_item_ids": NO_IDS, "newest_is_content": np.zeros(0, bool)}
    request = asking(
        5, allowed=np.isin(np.arange(30), [8, 9]), excluded_item_ids=np.array([9], dtype=np.int64), **nothing_new
    )
    feed = compose(model, history, request)
    assert (feed.items, feed.fallback) == ((), None)


def test_a_feed_is_empty_only_where_nothing_is_allowed(model, history):
    request = asking(5, allowed=np.zeros(30, dtype=bool), newest_item_ids=NO_IDS, newest_is_content=np.zeros(0, bool))
    assert compose(model, history, request).items == ()


def test_without_a_model_the_newest_of_both_kinds_are_mixed():
    feed = compose(None, None, asking(5, n_items=0))
    assert ids(feed) == [19, 29, 18, 28, 17]


def test_the_other_kind_fills_a_shortage(model, history):
    allowed = (np.arange(30) >= 20) | (np.arange(30) == 6)
    shown = ids(compose(model, history, asking(8, allowed=allowed)))
    assert len(shown) == 8
    assert [item_id for item_id in shown if item_id < 20] == [6]


@given(st.integers(1, 100), st.floats(0, 1))
def test_slots_hold_contents_share_at_every_length(limit, share):
    content = slots(limit, share)
    assert len(content) == limit
    due = np.cumsum(content) - share * np.arange(1, limit + 1)
    assert np.abs(due).max() <= 0.5 + 1e-6


def test_slots_are_spread_evenly():
    assert slots(5, 0.4).tolist() == [False, True, False, True, False]
    assert not slots(4, 0.0).any()
    assert slots(4, 1.0).all()


def test_related_items_are_of_the_same_taste_and_never_the_item_itself(model):
    allowed = np.arange(30) != 8
    items = related(model, 6, allowed, 12)
    assert {item.item_id % 2 for item in items} == {0}
    assert not {6, 8} & {item.item_id for item in items}
    assert len({item.item_id for item in items}) == len(items) == 12
    assert {item.reason for item in items} == {Reason("similar", item_id=6)}


def test_an_unknown_item_has_no_related_items(model):
    assert related(model, 999, np.ones(30, dtype=bool), 5) == ()


def test_impossible_requests_are_refused(model):
    with pytest.raises(ValueError, match="limit must be at least 1, got 0"):
        compose(model, None, asking(0))
    with pytest.raises(ValueError, match=r"one entry per row of the model \(30\), got 7"):
        compose(model, None, asking(5, n_items=7))
    with pytest.raises(ValueError, match=r"columns of newest items must be equally long, got \[30, 2, 30\]"):
        compose(model, None, asking(5, newest_is_content=np.zeros(2, dtype=bool)))
