from __future__ import annotations

import numpy as np
import pytest

from recommender.events import Kind
from recommender.interactions import NOBODY
from recommender.models.popularity import PopularityConfig, fit_popularity, fit_segments

ITEMS = np.array([1, 2, 3])


def test_popularity_is_recent_interest_with_the_stated_half_life(make_events):
    events = make_events([(1, 1, Kind.PURCHASE, 7), (2, 1, Kind.PURCHASE, 0), (3, 2, Kind.PURCHASE, 14)])
    fitted = fit_popularity(events, ITEMS, graded=np.ones(3, np.float32), config=PopularityConfig(half_life_days=7))
    assert fitted.interest == pytest.approx([0.5 + 1.0, 0.25, 0.0])
    logs = np.log(np.array([1.5, 0.25, 0.0]) + 0.1)
    assert fitted.scores(NOBODY) == pytest.approx((logs - logs.mean()) / logs.std(), rel=1e-5)


def test_a_log_that_ended_long_ago_is_as_lively_as_on_its_last_day(make_events):
    recent = make_events([(1, 1, Kind.PURCHASE, 7), (2, 2, Kind.PURCHASE, 0)])
    old = make_events([(1, 1, Kind.PURCHASE, 707), (2, 2, Kind.PURCHASE, 700)])
    first, second = (
        fit_popularity(events, ITEMS, graded=np.ones(2, np.float32), config=PopularityConfig())
        for events in (recent, old)
    )
    np.testing.assert_allclose(first.interest, second.interest)


def test_equally_popular_items_are_ordered_by_row(make_events):
    events = make_events([(1, 3, Kind.VIEW, 0), (2, 1, Kind.VIEW, 0)])
    fitted = fit_popularity(events, ITEMS, graded=np.ones(2, np.float32), config=PopularityConfig())
    assert fitted.rank.tolist() == [0, 2, 1]


def test_refunds_never_make_an_item_less_than_unwanted(make_events):
    events = make_events([(1, 1, Kind.REFUND, 0), (2, 2, Kind.VIEW, 0)])
    fitted = fit_popularity(events, ITEMS, graded=np.array([-1, 1], np.float32), config=PopularityConfig())
    assert fitted.interest.tolist() == [0.0, 1.0, 0.0]


def test_a_segments_popularity_is_shrunk_to_the_shops(make_events):
    events = make_events([(1, 1, Kind.PURCHASE, 0), (2, 1, Kind.PURCHASE, 0), (3, 2, Kind.PURCHASE, 0)])
    config = PopularityConfig(segment_prior=3.0, segment_events=1, floor=1.0)
    fitted = fit_segments(
        events, ITEMS, np.array(["here", "here", "there"]), graded=np.ones(3, np.float32), config=config
    )
    assert fitted.names == ("here", "there")
    assert fitted.interest_in("here").tolist() == [2.0, 0.0, 0.0]
    assert fitted.interest_in("there").tolist() == [0.0, 1.0, 0.0]
    # The shop: 2, 1 and 0 purchases, each with the floor of 1, of 6 in all; the prior counts as 3 purchases.
    logs = np.log((np.array([0, 1, 0]) + 3 * np.array([3, 2, 1]) / 6) / (1 + 3))
    assert fitted.standard[1] == pytest.approx((logs - logs.mean()) / logs.std(), rel=1e-5)


def test_small_and_nameless_segments_have_no_popularity_of_their_own(make_events):
    events = make_events([(1, 1, Kind.PURCHASE, 0)] * 6)
    names = np.array(["big", "big", "big", "small", "", ""])
    fitted = fit_segments(
        events, ITEMS, names, graded=np.ones(6, np.float32), config=PopularityConfig(segment_events=2)
    )
    assert fitted.names == ("big",)
    assert fitted.knows("big")
    assert not fitted.knows("small")
    assert not fitted.knows("")
    assert not fitted.knows(None)


def test_only_the_largest_segments_are_kept(make_events):
    events = make_events([(1, 1, Kind.PURCHASE, 0)] * 6)
    names = np.array(["a", "b", "b", "c", "c", "c"])
    config = PopularityConfig(segment_events=1, segments=2)
    assert fit_segments(events, ITEMS, names, graded=np.ones(6, np.float32), config=config).names == ("b", "c")


def test_a_half_life_of_nothing_is_refused():
    with pytest.raises(ValueError, match="half_life_days must be above 0, got -1"):
        PopularityConfig(half_life_days=-1)
