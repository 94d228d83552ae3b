from __future__ import annotations

import dataclasses

import numpy as np

from recommender.events import Kind
from recommender.feed import FeedRequest, compose
from recommender.models.popularity import PopularitySource
from recommender.ranking import Policy

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
    )
    return compose(model, history, dataclasses.replace(request, **others))


def test_because_of_names_the_users_item_that_added_most(model, make_events):
    history = model.history(
        make_events([(1, 2, Kind.PURCHASE, 200), (1, 4, Kind.LIKE, 2), (1, 7, Kind.VIEW, 1)]), None, NOW
    )
    for name in ("als", "neighbours"):
        source = model.sources.by_name()[name]
        explained = [item for item in feed_of(model, history, {"sources": [name]}).items if item.source == name]
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


def test_an_item_that_no_source_raised_is_popular_only_if_anybody_wants_it(model, make_events):
    interest = np.where(np.arange(30) == 9, np.float32(0.0), model.sources.popularity.interest)
    forgotten = PopularitySource.from_arrays({"interest": interest, "floor": np.array(0.1)})
    changed = dataclasses.replace(model, sources=dataclasses.replace(model.sources, popularity=forgotten))
    items = {item.item_id: item for item in feed_of(changed, None, {"sources": ["als"]}).items}
    assert (items[9].source, items[9].reason.key) == ("newest", "new")
    assert {item.reason.key for item_id, item in items.items() if item_id != 9} == {"popular"}
