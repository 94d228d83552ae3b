"""Promises of the live model: the published one, swapped whole, and never one that is damaged."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from recommender.artifact import publish
from service.live.model import LiveModel
from service.log.home import LOG_ID, log_id
from service.metrics import Metrics

pytestmark = pytest.mark.usefixtures("bought")


def loads(metrics: Metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("kembang_model_loads_total", {"outcome": outcome}) or 0.0


def more(shop: Any, id_: str) -> None:
    """One more purchase, so that the next training makes another version."""
    shop.tell({"id": id_, "kind": "purchase", "user_id": "dewi", "item_id": "p0", "at": "2026-11-19T12:00:00Z"})


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 0xFF
    file.write_bytes(content)


def drop_the_manifest(version: Path) -> None:
    (version / "manifest.json").unlink()


def cut_the_manifest(version: Path) -> None:
    manifest = version / "manifest.json"
    manifest.write_text(manifest.read_text()[:100])


def change_an_array(version: Path) -> None:
    flip_a_byte(version / "als.factors.npy")


def drop_an_array(version: Path) -> None:
    (version / "item_ids.npy").unlink()


def claim_another_layout(version: Path) -> None:
    manifest = version / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))


DAMAGES = [drop_the_manifest, cut_the_manifest, change_an_array, drop_an_array, claim_another_layout]


def test_feeds_are_made_with_a_published_model_from_the_next_look_on(shop: Any, train: Any) -> None:
    assert shop.feed()["model_version"] is None
    trained = train()
    said = shop.feed()
    assert (said["model_version"], said["fallback"]) == (trained.version, None)
    assert loads(shop.services.metrics, "loaded") == 1
    version = {"version": trained.version}
    assert shop.services.metrics.registry.get_sample_value("kembang_model_info", version) == 1


def test_looking_again_loads_nothing_that_was_looked_at_before(shop: Any, train: Any) -> None:
    metrics = Metrics()
    live = LiveModel(shop.services.settings.models, log_id=log_id(shop.services.database.reader), metrics=metrics)
    assert not live.refresh(), "nothing is published yet"
    train()
    assert live.refresh()
    assert not live.refresh()
    assert loads(metrics, "loaded") == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_refused_and_counted_and_the_old_one_goes_on_serving(
    shop: Any, train: Any, damage: Any
) -> None:
    old = train().version
    assert shop.feed()["model_version"] == old
    more(shop, "e1")
    broken = train().version
    assert broken != old
    damage(shop.services.settings.models / broken)
    assert shop.feed()["model_version"] == old
    shop.services.refresher.refresh()
    assert loads(shop.services.metrics, "refused") == 1, "a version is refused once, not at every look"
    more(shop, "e2")
    good = train().version
    assert shop.feed()["model_version"] == good
    assert loads(shop.services.metrics, "loaded") == 2


def test_without_an_old_model_a_damaged_one_leaves_the_newest_items(shop: Any, train: Any) -> None:
    change_an_array(shop.services.settings.models / train().version)
    said = shop.feed()
    assert (said["model_version"], said["fallback"]) == (None, "newest")
    assert len(said["items"]) == 6


def test_an_older_version_can_be_brought_back(shop: Any, train: Any) -> None:
    first = train().version
    shop.feed()
    more(shop, "e1")
    second = train().version
    assert shop.feed()["model_version"] == second
    publish(shop.services.settings.models, first)
    assert shop.feed()["model_version"] == first


def test_a_model_of_another_log_is_refused_and_counted_and_the_old_one_goes_on_serving(shop: Any, train: Any) -> None:
    """Its integer ids would name other items here."""
    old = train().version
    assert shop.feed()["model_version"] == old
    foreign = shop.services.settings.models / "foreign"
    shutil.copytree(shop.services.settings.models / old, foreign)
    manifest = foreign / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), LOG_ID: "another"}))
    publish(shop.services.settings.models, "foreign")
    assert shop.feed()["model_version"] == old
    assert loads(shop.services.metrics, "refused") == 1
    publish(shop.services.settings.models, old)
    assert shop.feed()["model_version"] == old
