from __future__ import annotations

import json

import numpy as np
import pytest

from recommender.events import SECONDS_PER_DAY, Events, InterestConfig, Kind, decay, interest


def test_the_codes_of_stored_kinds_never_change():
    assert [kind.name.lower() for kind in sorted(Kind)] == [
        "impression", "view", "watch", "like", "share", "comment",
        "follow", "save", "add_to_cart", "purchase", "refund", "dismiss",
    ]  # fmt: skip
    assert [int(kind) for kind in sorted(Kind)] == list(range(1, 13))


def test_columns_of_different_length_are_refused(make_events):
    events = make_events([(1, 2, Kind.VIEW, 0), (1, 3, Kind.VIEW, 0)])
    with pytest.raises(ValueError, match="equally long"):
        Events(
            events.user_ids[:1],
            events.item_ids,
            events.kinds,
            events.at_seconds,
            events.quantities,
            events.watch_shares,
        )


def test_before_leaves_out_the_instant_itself(make_events, now):
    events = make_events([(1, 2, Kind.VIEW, 1), (1, 3, Kind.VIEW, 0)])
    assert events.before(now).item_ids.tolist() == [2]


def test_a_watch_counts_in_proportion_and_without_a_share_as_a_view(make_events):
    config = InterestConfig(watch=0.6, view=0.1)
    events = make_events([(1, 1, Kind.WATCH, 0, 0.5), (1, 1, Kind.WATCH, 0, np.nan), (1, 1, Kind.WATCH, 0, 1.7)])
    assert interest(events, config) == pytest.approx([0.5 * 0.6, 0.1, 0.6])


def test_acts_that_cost_more_show_more_interest_and_refusals_take_away():
    config = InterestConfig()
    assert config.impression < config.view < config.like <= config.save < config.purchase == 1
    assert config.refund < 0
    assert config.dismiss < 0


def test_the_quantity_does_not_change_the_interest_of_a_purchase(make_events):
    events = make_events([(1, 1, Kind.PURCHASE, 0, 1), (1, 1, Kind.PURCHASE, 0, 500)])
    assert interest(events, InterestConfig()).tolist() == [1.0, 1.0]


def test_half_remains_after_a_half_life_and_nothing_grows_with_a_clock_that_runs_ahead():
    ages = np.array([-SECONDS_PER_DAY, 0, 3 * SECONDS_PER_DAY, 6 * SECONDS_PER_DAY])
    assert decay(ages, 3.0).tolist() == [1.0, 1.0, 0.5, 0.25]


def test_a_half_life_of_nothing_is_refused():
    with pytest.raises(ValueError, match="half_life_days must be above 0, got 0"):
        InterestConfig(half_life_days=0)


def test_the_configuration_survives_json():
    config = InterestConfig(view=0.2, half_life_days=30)
    assert InterestConfig.from_mapping(json.loads(json.dumps(config.to_mapping()))) == config
