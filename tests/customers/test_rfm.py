import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.orders import OrderStatistics
from customers.rfm import RFM_SEGMENTS, Rfm, RfmSegment, rfm, score_ranges, scores_by_rank


def scored(*customers: tuple[int, int, int]) -> Rfm:
    """Of customers as (days silent, order days, value)."""
    silent, days, value = (np.array([customer[i] for customer in customers], dtype=np.int64) for i in range(3))
    return rfm(silent, n_order_days=days, value_minor=value)


def test_different_values_fall_into_fifths() -> None:
    # Middles of ten places: .05, .15, .25 ... .95; times five: 0.25, 0.75, 1.25 ...
    assert scores_by_rank(np.arange(10), n_scores=5).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_equal_values_share_the_score_of_their_middle() -> None:
    # Three 7s hold the places 0 to 3 of 5: middle (0 + 3/2) / 5 = .3, the second fifth; then .7 and .9.
    assert scores_by_rank(np.array([7, 9, 7, 8, 7]), n_scores=5).tolist() == [2, 5, 2, 4, 2]


customer = st.tuples(st.integers(0, 400), st.integers(1, 9), st.integers(-500, 900))


@given(customers=st.lists(customer, min_size=1, max_size=40), order=st.randoms())
def test_identical_customers_are_never_split_whatever_the_order_of_the_rows(customers, order) -> None:
    found = scored(*customers)
    by_customer = dict(zip(customers, found.segments.tolist(), strict=True))
    assert [by_customer[customer] for customer in customers] == found.segments.tolist()

    shuffled = list(customers)
    order.shuffle(shuffled)
    assert scored(*shuffled).segments.tolist() == [by_customer[customer] for customer in shuffled]


@given(values=st.lists(st.integers(-5, 5), min_size=1, max_size=60).map(np.array))
def test_a_higher_value_never_scores_lower_and_scores_stay_in_range(values) -> None:
    scores = scores_by_rank(values, n_scores=5)

    assert (np.diff(scores[np.argsort(values, kind="stable")]) >= 0).all()
    assert scores.min() >= 1
    assert scores.max() <= 5


def holds(segment: RfmSegment, scores: tuple[int, int, int]) -> bool:
    ranges = (segment.recency, segment.frequency, segment.value)
    return all(lowest <= score <= highest for score, (lowest, highest) in zip(scores, ranges, strict=True))


def test_every_triple_of_scores_has_a_segment_and_every_segment_a_triple_of_its_own() -> None:
    first = [
        next((segment.id for segment in RFM_SEGMENTS if holds(segment, scores)), None)
        for scores in itertools.product(range(1, 6), repeat=3)
    ]

    assert None not in first
    assert set(first) == {segment.id for segment in RFM_SEGMENTS}


def test_only_the_special_before_its_general_overlaps() -> None:
    overlapping = {
        (a.id, b.id)
        for a, b in itertools.combinations(RFM_SEGMENTS, 2)
        if any(holds(a, scores) and holds(b, scores) for scores in itertools.product(range(1, 6), repeat=3))
    }

    assert overlapping == {("champions", "loyal"), ("cannot_lose", "at_risk")}


def test_the_names_say_what_customers_did() -> None:
    # Ten customers, days silent 0, 10, ... 90: recency 5, 5, 4, 4, 3, 3, 2, 2, 1, 1. Six came back: on 9, 2, 5, 6, 3
    # and 8 days, in rank order 2, 3, 5, 6, 8, 9: frequency 2, 2, 3, 4, 5, 5 by middles 1/12, 3/12, 5/12 ... times four.
    found = scored(
        (0, 9, 900),
        (10, 1, 10),
        (20, 2, 30),
        (30, 1, 20),
        (40, 1, 15),
        (50, 5, 300),
        (60, 6, 500),
        (70, 1, 5),
        (80, 3, 50),
        (90, 8, 800),
    )

    assert found.frequency.tolist() == [5, 1, 2, 1, 1, 3, 4, 1, 3, 5]
    assert [RFM_SEGMENTS[code].id for code in found.segments.tolist()] == [
        "champions",
        "new",
        "potential_loyalist",
        "new",
        "promising",
        "loyal",
        "at_risk",
        "about_to_sleep",
        "at_risk",
        "cannot_lose",
    ]
    assert sum(found.counts.values()) == 10


def test_on_cdnow_a_customer_who_bought_once_is_never_called_frequent(cdnow: OrderStatistics) -> None:
    # Fifths by row rank give 1,411 identical customers three different scores.
    silent = np.rint((cdnow.age_weeks - cdnow.recency_weeks) * 7).astype(np.int64)
    found = rfm(silent, n_order_days=cdnow.frequency + 1, value_minor=cdnow.frequency)

    once = cdnow.frequency == 0
    assert once.sum() == 1411
    assert set(found.frequency[once].tolist()) == {1}


def test_one_customer_and_customers_all_alike_are_in_the_middle() -> None:
    assert scored((5, 1, 100)).recency.tolist() == [3]
    alike = scored(*[(5, 3, 100)] * 7)
    assert set(alike.segments.tolist()) == {alike.segments[0]}
    assert scored().segments.size == 0


def test_score_ranges_say_what_the_scores_mean() -> None:
    values = np.array([7, 9, 7, 8, 7])

    assert score_ranges(values, scores_by_rank(values, n_scores=5)) == {2: (7, 7), 4: (8, 8), 5: (9, 9)}


def test_impossible_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="n_order_days must be at least 1, got 0"):
        scored((5, 0, 100))
    with pytest.raises(ValueError, match="no order is in the future"):
        scored((-1, 1, 100))
    with pytest.raises(ValueError, match="equal lengths, got 2, 1 and 2"):
        rfm(np.zeros(2, dtype=np.int64), n_order_days=np.ones(1, dtype=np.int64), value_minor=np.zeros(2, dtype=int))
