from __future__ import annotations

import numpy as np

from recommender.events import Kind
from recommender.holdout import holdout

NOW = 1_700_000_000
DAY = 86_400


def split_of(model, make_events, rows, until_days=10):
    events = make_events(rows)
    return holdout(model, events, np.full(len(events), "even"), until_seconds=NOW + until_days * DAY)


def test_users_need_interest_before_and_a_wish_after(model, make_events):
    rows = [
        (1, 2, Kind.PURCHASE, 9), (1, 4, Kind.PURCHASE, -1), (1, 4, Kind.PURCHASE, -2), (1, 6, Kind.PURCHASE, -3),
        (2, 2, Kind.PURCHASE, 9), (2, 4, Kind.VIEW, -1),
        (3, 4, Kind.PURCHASE, -1),
        (4, 2, Kind.DISMISS, 9), (4, 4, Kind.PURCHASE, -1),
        (5, 2, Kind.PURCHASE, 9), (5, 999, Kind.PURCHASE, -1),
        (6, 2, Kind.PURCHASE, 9), (6, 4, Kind.PURCHASE, -11),
    ]  # fmt: skip
    split = split_of(model, make_events, rows)
    [(history, wanted_rows)] = list(split.users())
    assert wanted_rows.tolist() == [4, 6]
    assert history.item_ids.tolist() == [2]
    assert history.segment == "even"


def test_kinds_are_split_with_the_users_who_want_them(model, make_events):
    rows = [
        (1, 2, Kind.PURCHASE, 9), (1, 4, Kind.PURCHASE, -1), (1, 22, Kind.LIKE, -1),
        (2, 3, Kind.PURCHASE, 9), (2, 24, Kind.LIKE, -1),
    ]  # fmt: skip
    split = split_of(model, make_events, rows)
    assert [wanted.tolist() for _, wanted in split.of_kind(False).users()] == [[4]]
    content = [(history.item_ids.tolist(), wanted.tolist()) for history, wanted in split.of_kind(True).users()]
    assert content == [([2], [22]), ([3], [24])]


def test_a_sample_keeps_each_users_own_history_and_wishes(model, make_events):
    rows = []
    for user in range(12):
        rows += [(user, user, Kind.PURCHASE, 9), (user, user + 1, Kind.PURCHASE, -1)]
    split = split_of(model, make_events, rows)
    sample = split.sample(5, rng=np.random.default_rng(1))
    assert len(sample) == 5
    for history, wanted_rows in sample.users():
        assert wanted_rows.tolist() == [history.item_ids[0] + 1]
    assert split.sample(99, rng=np.random.default_rng(1)) is split
