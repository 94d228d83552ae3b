from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from recommender.configuration import BlendConfig
from recommender.events import Kind
from recommender.holdout import holdout
from recommender.weighting import fitted_weights, validation_split

NOW = 1_700_000_000
DAY = 86_400
CONFIG = BlendConfig(fewest_users=10)


def test_the_last_part_is_held_back_but_never_more_than_the_limit(make_events):
    events = make_events([(1, 1, Kind.VIEW, 100), (1, 1, Kind.VIEW, 0)])
    assert validation_split(events, BlendConfig(validation_share=0.2)) == NOW - 20 * DAY
    assert validation_split(events, BlendConfig(validation_share=0.2, validation_days=7)) == NOW - 7 * DAY


def test_a_log_of_a_few_days_is_too_short_to_hold_a_part_back(make_events):
    assert validation_split(make_events([(1, 1, Kind.VIEW, 4), (1, 1, Kind.VIEW, 0)]), BlendConfig()) is None
    assert validation_split(make_events([]), BlendConfig()) is None


def wishes(model, make_events, wish, n_users=30):
    """Users who bought one thing before the split and want ``wish(user)`` after it."""
    rows = []
    for user in range(n_users):
        rows += [(user, user % 20, Kind.PURCHASE, 9), (user, wish(user), Kind.PURCHASE, -1)]
    events = make_events(rows)
    return holdout(model, events, np.full(len(events), ""), until_seconds=NOW + 5 * DAY)


def test_weights_move_to_what_would_have_served_and_the_move_is_a_gain(model, make_events):
    # Everybody wants the least popular product of the other taste: popularity can only hurt.
    least = int(np.argmax(np.where(np.arange(30) < 20, model.sources.popularity.rank, -1)))
    split = wishes(model, make_events, lambda _user: least)
    weights, record = fitted_weights(split, CONFIG, rng=np.random.default_rng(1))
    assert weights.products["popularity"] == 0.0
    still = dataclasses.replace(CONFIG, rounds=0)
    assert (
        record["products"]["ndcg@20"]
        > fitted_weights(split, still, rng=np.random.default_rng(1))[1]["products"]["ndcg@20"]
    )


def test_with_too_few_users_the_stated_weights_stay_and_the_record_says_why(model, make_events):
    split = wishes(model, make_events, lambda user: user % 20, n_users=4)
    weights, record = fitted_weights(split, CONFIG, rng=np.random.default_rng(1))
    assert weights.products == weights.content == CONFIG.start
    assert record["products"]["weights"].startswith("as stated")
    assert record["products"]["users"] == 4


def test_a_gain_within_its_noise_moves_nothing(model, make_events):
    rng = np.random.default_rng(5)
    picks = rng.integers(0, 20, 30)
    split = wishes(model, make_events, lambda user: int(picks[user]))
    stubborn = dataclasses.replace(CONFIG, standard_errors=50.0)
    assert fitted_weights(split, stubborn, rng=rng)[0].products == CONFIG.start


def test_an_equal_generator_finds_equal_weights(model, make_events):
    split = wishes(model, make_events, lambda user: (user * 3) % 20)
    few = dataclasses.replace(CONFIG, users=20)
    first, second = (fitted_weights(split, few, rng=np.random.default_rng(9)) for _ in range(2))
    assert first == second
    assert first[1]["products"]["users"] == pytest.approx(20)
