from __future__ import annotations

import dataclasses
import json

import pytest

from recommender.configuration import BlendConfig, RulesConfig, TrainingConfig


def test_the_configuration_survives_json():
    config = TrainingConfig()
    changed = dataclasses.replace(config, als=dataclasses.replace(config.als, factors=7))
    assert TrainingConfig.from_mapping(json.loads(json.dumps(changed.to_mapping()))) == changed


def test_the_search_for_weights_starts_on_its_own_grids():
    blend = TrainingConfig().blend
    assert all(blend.start[name] in grid for name, grid in blend.grids.items())


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: BlendConfig(validation_share=1.0), "validation_share must be between 0 and 1, got 1.0"),
        (lambda: BlendConfig(fewest_users=1), "fewest_users must be at least 2, got 1"),
        (lambda: BlendConfig(grids={"magic": (1.0,)}), "got none for magic"),
        (lambda: RulesConfig(content_share=1.2), "content_share must be 0 to 1, got 1.2"),
        (lambda: RulesConfig(dismissed_days=-1), "dismissed_days must be at least 0, got -1"),
        (lambda: RulesConfig(new_days=-1), "new_days must be at least 0, got -1"),
        (lambda: RulesConfig(popular_share=2), "popular_share must be 0 to 1, got 2"),
    ],
)
def test_values_out_of_their_range_are_refused(made, said):
    with pytest.raises(ValueError, match=said):
        made()
