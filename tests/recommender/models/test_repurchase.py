from __future__ import annotations

import numpy as np
import pytest

from recommender.events import Kind
from recommender.models.repurchase import RepurchaseConfig, RepurchaseSource


def test_the_score_is_the_log_count_with_a_little_recency(model, make_events, now):
    history = model.history(
        make_events([(1, 2, Kind.PURCHASE, 60), (1, 2, Kind.PURCHASE, 30), (1, 4, Kind.VIEW, 1)]), None, now
    )
    scores = RepurchaseSource(30, recency=0.4, recency_half_life_days=30.0).scores(history)
    assert scores[2] == pytest.approx(np.log(1 + 2) + 0.4 * 0.5)
    assert np.flatnonzero(scores).tolist() == [2]


def test_what_was_given_back_is_not_offered_again(model, make_events, now):
    history = model.history(make_events([(1, 2, Kind.PURCHASE, 60, 3), (1, 2, Kind.REFUND, 30, 3)]), None, now)
    assert not model.sources.repurchase.scores(history).any()


def test_a_half_life_of_nothing_is_refused():
    with pytest.raises(ValueError, match="recency_half_life_days must be above 0, got 0"):
        RepurchaseConfig(recency_half_life_days=0)
