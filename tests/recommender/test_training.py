from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from recommender.configuration import BlendConfig
from recommender.events import Kind
from recommender.feed import FeedRequest, compose
from recommender.model import version_of
from recommender.ranking import Policy
from recommender.training import Items, NothingToTrain, Segments, TrainingConfig, train

NOW = 1_700_000_000
NOBODY = Segments(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object))


def trained(events, items, segments=NOBODY, *, seed=1, until=NOW, steps=None):
    on_step = (lambda _step: None) if steps is None else steps.append
    return train(events, items, segments, TrainingConfig(), until_seconds=until, seed=seed, on_step=on_step)


def items_of(*ids, content=()):
    return Items(np.array(ids), np.isin(ids, content), np.zeros(len(ids), dtype=np.int64))


def test_equal_inputs_and_seed_give_an_equal_model(shop, model):
    again = trained(*shop, seed=7)
    assert again.version == model.version
    for name, source in model.sources.by_name().items():
        for key, array in source.arrays().items():
            np.testing.assert_array_equal(again.sources.by_name()[name].arrays()[key], array)


def test_a_model_is_named_after_the_weights_that_were_found_for_it(shop):
    easily_moved = BlendConfig(fewest_users=10, standard_errors=0.0)
    config = dataclasses.replace(TrainingConfig(), blend=easily_moved)
    fitted = train(*shop, config, until_seconds=NOW, seed=7, on_step=lambda _step: None)
    assert fitted.weights.products != easily_moved.start
    assert fitted.version == version_of(fitted)


def test_the_order_of_events_and_items_changes_nothing_but_rounding(shop, model):
    events, items, segments = shop
    order = np.random.default_rng(2).permutation(len(events))
    turned = Items(items.item_ids[::-1], items.is_content[::-1], items.published_at_seconds[::-1])
    again = trained(events.take(order), turned, segments, seed=7)
    np.testing.assert_array_equal(again.item_ids, model.item_ids)
    np.testing.assert_array_equal(again.is_content, model.is_content)
    np.testing.assert_allclose(again.sources.als.factors, model.sources.als.factors, rtol=1e-3, atol=1e-4)


def test_nothing_from_the_end_of_the_window_on_is_learnt(shop, model, make_events):
    events, items, segments = shop
    later = make_events([(1, 0, Kind.PURCHASE, -1), (1, 0, Kind.PURCHASE, 0)] * 50)
    both = [np.concatenate((getattr(events, f.name), getattr(later, f.name))) for f in dataclasses.fields(events)]
    assert trained(type(events)(*both), items, segments, seed=7).version == model.version


def test_rows_are_the_catalogues_items_with_interest(make_events):
    events = make_events(
        [(1, 5, Kind.PURCHASE, 3), (1, 3, Kind.VIEW, 3), (1, 9, Kind.IMPRESSION, 3), (1, 77, Kind.PURCHASE, 3)]
    )
    fitted = trained(events, items_of(9, 5, 3, content=[3]))
    assert fitted.item_ids.tolist() == [3, 5]
    assert fitted.is_content.tolist() == [True, False]
    assert fitted.rows_of(np.array([5, 77, 3, 9])).tolist() == [1, -1, 0, -1]


def test_weights_are_compared_inside_the_window_and_recorded(model):
    record = model.weights_record
    assert model.trained_from_seconds < record["split_at_seconds"] < model.trained_until_seconds
    assert set(record) == {"split_at_seconds", "products", "content"}


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 5, Kind.VIEW, 1)],
        [(1, 5, Kind.PURCHASE, 300), (1, 5, Kind.PURCHASE, 1)],
        [(user, item, Kind.VIEW, 3 * user + 1) for user in range(60) for item in (5, 6)],
        [(1, 5, Kind.VIEW, 100), (1, 5, Kind.DISMISS, 1), (2, 6, Kind.VIEW, 1)],
        [(1, 5, Kind.PURCHASE, 5, 1), (1, 5, Kind.REFUND, 4, 1), (1, 5, Kind.DISMISS, 3)],
        [(user, 7, Kind.WATCH, user, 1.0) for user in range(40)],
    ],
    ids=["one view", "one user, one item", "all equal", "dismissed", "all given back", "only content"],
)
def test_a_tiny_shop_trains_and_serves_everything_it_has(make_events, rows):
    events = make_events(rows)
    fitted = trained(events, items_of(5, 6, 7, content=[7]))
    history = fitted.history(events.take(events.user_ids == 1), None, NOW)
    request = FeedRequest(
        limit=5,
        now_seconds=NOW,
        policy=Policy.parse({"rebuy_gap_days": 0}),
        allowed=np.ones(len(fitted.item_ids), dtype=bool),
        excluded_item_ids=np.zeros(0, dtype=np.int64),
        newest_item_ids=np.array([5, 6, 7]),
        newest_is_content=np.array([False, False, True]),
        newest_published_at_seconds=np.zeros(3, dtype=np.int64),
    )
    feed = compose(fitted, history, request)
    ruled_out = {5} if Kind.DISMISS in [row[2] for row in rows if row[0] == 1] else set()
    ruled_out |= {7} if rows[0][1] == 7 else set()
    assert {item.item_id for item in feed.items} == {5, 6, 7} - ruled_out
    assert np.isfinite([item.score for item in feed.items]).all()


def test_without_any_usable_event_there_is_nothing_to_train(make_events):
    for rows in ([], [(1, 5, Kind.IMPRESSION, 1)], [(1, 99, Kind.PURCHASE, 1)], [(1, 5, Kind.PURCHASE, -1)]):
        with pytest.raises(NothingToTrain, match="no event"):
            trained(make_events(rows), items_of(5))


def test_segments_are_looked_up_by_user():
    segments = Segments(np.array([7, 3]), np.array(["ID", "MY"], dtype=object))
    assert segments.of(np.array([3, 5, 7, 3])).tolist() == ["MY", "", "ID", "MY"]
    assert NOBODY.of(np.array([3])).tolist() == [""]


def test_progress_names_the_stations(make_events):
    steps: list[str] = []
    trained(make_events([(1, 5, Kind.VIEW, 1)]), items_of(5), steps=steps)
    assert [step for step in steps if not step.startswith("als ")] == ["interactions", "neighbours", "popularity"]
