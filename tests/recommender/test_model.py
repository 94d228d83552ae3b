from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from recommender.configuration import RulesConfig
from recommender.model import version_of
from recommender.models.popularity import PopularitySource
from recommender.ranking import Weights


def with_other_popularity(model):
    interest = model.sources.popularity.interest + np.eye(30, dtype=np.float32)[3]
    other = PopularitySource.from_arrays({"interest": interest, "floor": np.array(0.1)})
    return dataclasses.replace(model, sources=dataclasses.replace(model.sources, popularity=other))


@pytest.mark.parametrize(
    "changed",
    [
        lambda model: dataclasses.replace(model, item_ids=model.item_ids + 1),
        lambda model: dataclasses.replace(model, is_content=~model.is_content),
        lambda model: dataclasses.replace(model, weights=Weights(model.weights.products, {"popularity": 0.05})),
        lambda model: dataclasses.replace(model, weights=Weights({"popularity": 0.05}, model.weights.content)),
        lambda model: dataclasses.replace(
            model, config=dataclasses.replace(model.config, rules=RulesConfig(rebuy_gap_days=3))
        ),
        lambda model: dataclasses.replace(model, trained_until_seconds=model.trained_until_seconds + 1),
        with_other_popularity,
    ],
    ids=["item ids", "kinds", "weights of content", "weights of products", "rules", "window", "a source"],
)
def test_whatever_changes_what_is_served_changes_the_version(model, changed):
    assert version_of(changed(model)) != version_of(model)


def test_what_is_only_recorded_does_not_change_the_version(model):
    renamed = dataclasses.replace(model, version="x", weights_record={"users": 3})
    assert version_of(renamed) == version_of(model)


def test_the_order_in_which_weights_are_named_does_not_change_the_version(model):
    turned = Weights(*(dict(reversed(kind.items())) for kind in (model.weights.products, model.weights.content)))
    assert version_of(dataclasses.replace(model, weights=turned)) == version_of(model)


def test_every_array_is_named_after_its_source(model):
    arrays = model.arrays()
    assert arrays["item_ids"] is model.item_ids
    assert arrays["als.factors"] is model.sources.als.factors
    assert {name.partition(".")[0] for name in arrays} == {"item_ids", "is_content", *model.sources.by_name()}


def test_a_fitted_model_cannot_be_spoiled(model):
    for array in (model.item_ids, model.is_content):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
