from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.events import SECONDS_PER_DAY, Events, InterestConfig, Kind
from recommender.interactions import NEVER, interactions, left_out, live_history, rows_of, settled_interest, wanted

NOW = 1_700_000_000
CONFIG = InterestConfig()


def history_of(events, item_ids=(1, 2, 3), segment=None):
    return live_history(events, np.array(item_ids), config=CONFIG, segment=segment, now_seconds=NOW, finished_share=0.9)


@given(st.sets(st.integers(0, 60)), st.lists(st.integers(0, 60), max_size=20))
def test_rows_are_positions_and_minus_one_where_unknown(known, asked):
    ids = sorted(known)
    expected = [ids.index(one) if one in known else -1 for one in asked]
    assert rows_of(np.array(ids, dtype=np.int64), np.array(asked, dtype=np.int64)).tolist() == expected


def test_strength_is_the_logarithm_of_the_decayed_sum(make_events):
    events = make_events([(5, 2, Kind.PURCHASE, 90), (5, 2, Kind.LIKE, 0), (5, 3, Kind.VIEW, 180)])
    matrix = interactions(events, np.array([1, 2, 3]), config=InterestConfig(half_life_days=90), now_seconds=NOW)
    assert matrix.strengths.toarray()[0] == pytest.approx([0, np.log(1 + 0.5 * 1.0 + 0.5), np.log(1 + 0.25 * 0.1)])


def test_what_was_dismissed_or_given_back_is_not_stored(make_events):
    events = make_events(
        [(5, 2, Kind.VIEW, 3), (5, 2, Kind.DISMISS, 2), (5, 3, Kind.PURCHASE, 2, 4), (5, 3, Kind.REFUND, 1, 4)]
    )
    assert interactions(events, np.array([1, 2, 3]), config=CONFIG, now_seconds=NOW).strengths.nnz == 0


def test_a_refund_of_a_part_takes_back_that_part(make_events):
    events = make_events([(5, 2, Kind.PURCHASE, 3, 9), (5, 2, Kind.PURCHASE, 2, 3), (5, 2, Kind.REFUND, 1, 4)])
    settled = settled_interest(np.zeros(3, dtype=int), 1, events=events, config=CONFIG)
    assert settled == pytest.approx([1, 1, -4 / 12])


def test_a_refund_from_before_the_first_purchase_takes_nothing_back(make_events):
    # The refund of day 9 is of a purchase that the log does not hold; the purchase of day 3 was kept.
    events = make_events([(5, 2, Kind.REFUND, 9, 4), (5, 2, Kind.PURCHASE, 3, 4)])
    assert settled_interest(np.zeros(2, dtype=int), 1, events=events, config=CONFIG).tolist() == [0.0, 1.0]
    history = history_of(events)
    assert history.purchases.tolist() == [1]
    assert history.bought_at_seconds.tolist() == [NOW - 3 * SECONDS_PER_DAY]


def test_a_refund_at_the_instant_of_the_purchase_or_later_takes_it_back(make_events):
    for refund_days in (3, 2):
        events = make_events([(5, 2, Kind.REFUND, refund_days, 4), (5, 2, Kind.PURCHASE, 3, 4)])
        assert settled_interest(np.zeros(2, dtype=int), 1, events=events, config=CONFIG).tolist() == [-1.0, 1.0]
        assert history_of(events).purchases.tolist() == [0]


def test_the_purchases_of_one_pair_do_not_make_anothers_refund_count(make_events):
    events = make_events([(5, 1, Kind.PURCHASE, 9, 1), (5, 2, Kind.REFUND, 5, 1), (5, 2, Kind.PURCHASE, 3, 1)])
    assert settled_interest(np.array([0, 1, 1]), 2, events=events, config=CONFIG).tolist() == [1.0, 0.0, 1.0]
    assert history_of(events).purchases.tolist() == [1, 1]


def test_interest_event_by_event_is_that_of_the_matrix_and_none_on_unknown_items(make_events):
    events = make_events(
        [(5, 2, Kind.PURCHASE, 9, 2), (5, 99, Kind.PURCHASE, 9), (5, 2, Kind.REFUND, 8, 1), (6, 2, Kind.LIKE, 1)]
    )
    made = interactions(events, np.array([1, 2, 3]), config=CONFIG, now_seconds=NOW)
    assert made.settled == pytest.approx([1.0, 0.0, -1 / 2, 0.5])


@st.composite
def logs(draw):
    size = draw(st.integers(1, 40))

    def column(values):
        return draw(st.lists(values, min_size=size, max_size=size))

    return Events(
        user_ids=np.array(column(st.integers(0, 4)), dtype=np.int64),
        item_ids=np.array(column(st.integers(0, 8)), dtype=np.int64),
        kinds=np.array(column(st.sampled_from(Kind)), dtype=np.int8),
        at_seconds=NOW - np.array(column(st.integers(0, 400 * SECONDS_PER_DAY)), dtype=np.int64),
        quantities=np.array(column(st.sampled_from([np.nan, 1, 2, 12])), dtype=np.float32),
        watch_shares=np.array(column(st.sampled_from([np.nan, 0.0, 0.4, 0.95, 1.0])), dtype=np.float32),
    )


@given(logs())
def test_a_live_history_has_the_very_numbers_of_the_training_row(events):
    item_ids = np.array([0, 2, 3, 5, 7])
    matrix = interactions(events, item_ids, config=CONFIG, now_seconds=NOW)
    known = np.isin(events.item_ids, item_ids)
    assert matrix.strengths.shape == (len(np.unique(events.user_ids[known])), len(item_ids))
    for row, user_id in enumerate(np.unique(events.user_ids[known])):
        history = history_of(events.take(events.user_ids == user_id), item_ids)
        live = np.zeros(len(item_ids), dtype=np.float32)
        live[history.warm_rows] = history.warm_strengths
        np.testing.assert_array_equal(live, matrix.strengths[[row]].toarray()[0])


@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_events_changes_no_history(events, random):
    order = list(range(len(events)))
    random.shuffle(order)
    straight, shuffled = history_of(events), history_of(events.take(np.array(order)))
    for name in ("item_ids", "purchases", "bought_at_seconds", "dismissed_at_seconds", "finished_at_seconds"):
        np.testing.assert_array_equal(getattr(straight, name), getattr(shuffled, name))
    np.testing.assert_allclose(straight.warm_strengths, shuffled.warm_strengths, rtol=1e-6)


def test_two_lines_of_one_order_are_one_purchase_and_another_day_is_another(make_events):
    events = make_events([(5, 2, Kind.PURCHASE, 40), (5, 2, Kind.PURCHASE, 40), (5, 2, Kind.PURCHASE, 20)])
    assert history_of(events).purchases.tolist() == [2]


def test_what_was_given_back_whole_was_never_bought(make_events):
    events = make_events(
        [(5, 1, Kind.PURCHASE, 9, 2), (5, 1, Kind.REFUND, 8, 2), (5, 2, Kind.PURCHASE, 9, 2), (5, 2, Kind.REFUND, 8, 1)]
    )
    history = history_of(events)
    assert history.purchases.tolist() == [0, 1]
    assert history.bought_at_seconds.tolist() == [NEVER, NOW - 9 * SECONDS_PER_DAY]


def test_each_rule_leaves_out_for_its_own_time(make_events):
    events = make_events(
        [
            (5, 1, Kind.PURCHASE, 2),
            (5, 2, Kind.PURCHASE, 4),
            (5, 3, Kind.DISMISS, 29),
            (5, 4, Kind.DISMISS, 31),
            (5, 5, Kind.WATCH, 6, 0.95),
            (5, 6, Kind.WATCH, 6, 0.5),
            (5, 7, Kind.WATCH, 8, 1.0),
        ]
    )
    out = left_out(history_of(events), now_seconds=NOW, days=(3.0, 30.0, 7.0))
    assert out.tolist() == [True, False, True, False, True, False, False]


def test_items_the_model_does_not_know_stay_in_the_history(make_events):
    history = history_of(make_events([(5, 99, Kind.PURCHASE, 0.5), (5, 2, Kind.VIEW, 1)]))
    assert history.item_ids.tolist() == [2, 99]
    assert history.rows.tolist() == [1, -1]
    assert left_out(history, now_seconds=NOW, days=(1.0, 1.0, 1.0)).tolist() == [False, True]


def test_an_empty_history_is_cold(make_events):
    history = history_of(make_events([]), segment="ID")
    assert not history.is_warm
    assert history.segment == "ID"


def test_a_wish_is_a_purchase_of_a_product_or_clear_interest_in_content(make_events):
    events = make_events(
        [
            (5, 1, Kind.VIEW, 0),
            (5, 1, Kind.PURCHASE, 0),
            (5, 2, Kind.WATCH, 0, 0.4),
            (5, 2, Kind.WATCH, 0, 0.6),
            (5, 2, Kind.LIKE, 0),
        ]
    )
    is_content = events.item_ids == 2
    assert wanted(events, is_content, config=CONFIG).tolist() == [False, True, False, True, True]


def test_where_nothing_was_bought_any_interest_is_a_wish(make_events):
    events = make_events([(5, 1, Kind.VIEW, 0), (5, 1, Kind.IMPRESSION, 0)])
    assert wanted(events, np.zeros(2, dtype=bool), config=CONFIG).tolist() == [True, False]
