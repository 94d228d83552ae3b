from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from recommender.configuration import RulesConfig
from recommender.events import Kind
from recommender.feed import FeedRequest, compose
from recommender.models.popularity import PopularitySource, SegmentSource, fit_popularity
from recommender.ranking import Policy
from recommender.reasons import Reason, popular

NOW = 1_700_000_000


def feed_of(model, history, policy, **others):
    request = FeedRequest(
        limit=30,
        now_seconds=NOW,
        policy=Policy.parse(policy),
        allowed=np.ones(30, dtype=bool),
        excluded_item_ids=np.zeros(0, dtype=np.int64),
        newest_item_ids=np.zeros(0, dtype=np.int64),
        newest_is_content=np.zeros(0, dtype=bool),
        newest_published_at_seconds=np.zeros(0, dtype=np.int64),
    )
    return compose(model, history, dataclasses.replace(request, **others))


def test_because_of_names_the_users_item_that_added_most(model, make_events):
    history = model.history(
        make_events([(1, 2, Kind.PURCHASE, 200), (1, 4, Kind.LIKE, 2), (1, 7, Kind.VIEW, 1)]), None, NOW
    )
    for name in ("als", "neighbours"):
        source = model.sources.by_name()[name]
        items = feed_of(model, history, {"sources": [name]}).items
        explained = [item for item in items if item.source == name and item.reason.item_id is not None]
        assert len(explained) >= 5
        for item in explained:
            added = source.contributions(history, np.array([item.item_id]))[0]
            added[history.warm_rows == item.item_id] = 0 if item.reason.key == "because_of" else np.inf
            assert item.reason.item_id == history.warm_rows[added.argmax()]


def test_what_was_bought_before_is_called_so_and_nothing_else(model, make_events):
    rows = [(1, 2, Kind.PURCHASE, 20), (1, 4, Kind.PURCHASE, 9), (1, 6, Kind.LIKE, 2), (1, 8, Kind.PURCHASE, 9, 1)]
    history = model.history(make_events([*rows, (1, 8, Kind.REFUND, 8, 1)]), None, NOW)
    items = feed_of(model, history, {}).items
    assert {item.item_id for item in items if item.reason.key == "bought_before"} == {2, 4}
    assert all(item.reason.item_id == item.item_id for item in items if item.reason.key == "bought_before")


def test_a_liked_item_does_not_explain_itself_while_others_can(model, make_events):
    history = model.history(make_events([(1, 22, Kind.LIKE, 2), (1, 24, Kind.LIKE, 3)]), None, NOW)
    by_id = {item.item_id: item for item in feed_of(model, history, {"sources": ["als"]}).items}
    assert by_id[22].reason.item_id == 24
    assert by_id[24].reason.item_id == 22


def test_every_reason_names_only_what_is_in_the_history(model, shop):
    events = shop[0]
    for user in range(8):
        history = model.history(events.take(events.user_ids == user), "odd", NOW)
        for item in feed_of(model, history, {}).items:
            assert item.reason.item_id is None or item.reason.item_id in history.item_ids
            assert (item.reason.key in ("because_of", "bought_before")) == (item.reason.item_id is not None)


def with_popularity(model, interest):
    """The model with this recent interest in its rows."""
    wanted = PopularitySource.from_arrays({"interest": interest.astype(np.float32), "floor": np.array(0.1)})
    return dataclasses.replace(model, sources=dataclasses.replace(model.sources, popularity=wanted))


def keys_of(feed):
    return {item.item_id: item.reason.key for item in feed.items}


def test_one_old_view_does_not_make_an_item_popular(model, make_events):
    """A view is a tenth of a purchase; 700 days are a hundred half-lives of 7 days."""
    rows = [(user, 5, Kind.PURCHASE, 1) for user in range(3)] + [(9, 6, Kind.VIEW, 700), (9, 7, Kind.VIEW, 1)]
    interest = np.zeros(30)
    interest[[5, 6, 7]] = [3 * 1.0, 0.1 * 2.0**-100, 0.1]
    events = make_events(rows)
    graded = np.array([1.0, 1.0, 1.0, 0.1, 0.1], np.float32)
    fitted = fit_popularity(events, model.item_ids, graded=graded, config=model.config.popularity)
    assert fitted.interest == pytest.approx(interest)
    feed = feed_of(with_popularity(model, fitted.interest), None, {"sources": ["popularity"]})
    assert {item_id for item_id, key in keys_of(feed).items() if key == "popular"} == {5}
    assert [item.source for item in feed.items if item.item_id in (6, 7)] == ["popularity"] * 2
    assert {key for item_id, key in keys_of(feed).items() if item_id != 5} == {"from_the_shop"}


def test_popular_is_the_top_part_of_each_kind_where_there_is_real_interest():
    interest = np.array([9.0, 8.0, 7.0, 6.0, 0.9, 90.0, 80.0, 0.9, 0.0, 0.0])
    is_content = np.arange(10) >= 5
    # Two fifths of five are two of each kind: 9 and 8 of the products, 90 and 80 of the content.
    rules = RulesConfig(popular_share=0.4, popular_interest=1.0)
    assert np.flatnonzero(popular(interest, is_content, rules)).tolist() == [0, 1, 5, 6]
    # Three fifths are three: 9, 8, 7 and, of the content, only the two with interest enough.
    wider = RulesConfig(popular_share=0.6, popular_interest=1.0)
    assert np.flatnonzero(popular(interest, is_content, wider)).tolist() == [0, 1, 2, 5, 6]
    assert np.flatnonzero(popular(interest, is_content, RulesConfig(popular_share=0.0))).tolist() == [0, 5]
    assert not popular(np.full(10, 0.99), is_content, RulesConfig()).any()


def test_popular_in_a_segment_is_said_only_of_what_its_own_users_want(model, make_events):
    """The shop's popularity lifts item 0 in every segment's ranking; nobody of this segment ever wanted it."""
    own, prior = np.zeros((1, 30), np.float32), np.full(30, 0.1, np.float32)
    own[0, 8], prior[0] = 5.0, 40.0
    segment = SegmentSource.from_arrays({"names": np.array(["here"]), "interest": own, "prior": prior})
    changed = dataclasses.replace(model, sources=dataclasses.replace(model.sources, segment=segment))
    changed = with_popularity(changed, np.zeros(30))
    history = changed.history(make_events([]), "here", NOW)
    feed = feed_of(changed, history, {"sources": ["segment"], "content_share": 0})
    assert [item.item_id for item in feed.items][:2] == [0, 8]
    assert keys_of(feed)[0] == "from_the_shop"
    assert feed.items[1].reason == Reason("popular_in_segment", segment="here")


@pytest.mark.parametrize(
    ("age_days", "key"), [(0, "new"), (29, "new"), (31, "from_the_shop"), (3 * 365, "from_the_shop")]
)
def test_new_is_only_what_was_published_within_the_stated_days(model, age_days, key):
    newest = {
        "newest_item_ids": np.array([77]),
        "newest_is_content": np.array([False]),
        "newest_published_at_seconds": np.array([NOW - age_days * 86_400]),
    }
    for served_by, allowed in ((model, np.zeros(30, dtype=bool)), (None, np.zeros(0, dtype=bool))):
        [item] = feed_of(served_by, None, {}, allowed=allowed, **newest).items
        assert (item.item_id, item.source, item.reason) == (77, "newest", Reason(key))


def test_an_old_item_of_the_newest_policy_is_not_called_new(model):
    newest = {
        "newest_item_ids": np.array([5, 9]),
        "newest_is_content": np.zeros(2, dtype=bool),
        "newest_published_at_seconds": np.array([NOW - 86_400, NOW - 900 * 86_400]),
    }
    unwanted = with_popularity(model, np.zeros(30))
    feed = feed_of(unwanted, None, {"sources": ["newest"], "content_share": 0}, **newest)
    assert [(item.item_id, item.source, item.reason.key) for item in feed.items[:2]] == [
        (5, "newest", "new"),
        (9, "newest", "from_the_shop"),
    ]


def test_where_the_first_source_has_nothing_true_to_say_the_next_that_raised_the_item_speaks(model, make_events):
    """Popularity leads by far, but nothing is wanted enough to be called popular: then taste tells why."""
    history = model.history(make_events([(1, 2, Kind.PURCHASE, 20), (1, 4, Kind.PURCHASE, 9)]), None, NOW)
    unpopular = with_popularity(model, np.where(np.arange(30) % 2 == 0, 0.9, 0.0))
    items = feed_of(unpopular, history, {"sources": {"popularity": 100, "als": 0.01}}).items
    led = [item for item in items if item.item_id % 2 == 0 and item.item_id not in (2, 4)]
    assert len(led) == 13
    assert {(item.source, item.reason.key) for item in led} == {("als", "because_of")}


def test_an_item_that_no_source_raised_is_called_popular_or_new_if_it_is(model, make_events):
    history = model.history(make_events([(1, 2, Kind.PURCHASE, 20), (1, 4, Kind.PURCHASE, 9)]), None, NOW)
    newest = {
        "newest_item_ids": np.array([5]),
        "newest_is_content": np.array([False]),
        "newest_published_at_seconds": np.array([NOW]),
    }
    only_9 = with_popularity(model, np.where(np.arange(30) == 9, 2.0, 0.0))
    # Odd items are not of this taste: they close the feed with scores below the average, which is 0.
    items = {item.item_id: item for item in feed_of(only_9, history, {"sources": ["als"]}, **newest).items}
    unraised = {item_id: item for item_id, item in items.items() if item_id % 2}
    assert max(item.score for item in unraised.values()) < 0
    assert {item.source for item in unraised.values()} == {"als"}
    keys = {item_id: item.reason.key for item_id, item in unraised.items()}
    assert (keys.pop(9), keys.pop(5)) == ("popular", "new")
    assert set(keys.values()) == {"from_the_shop"}
