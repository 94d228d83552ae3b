from __future__ import annotations

import dataclasses
import json
import os
import stat

import numpy as np
import pytest

from recommender.artifact import ArtifactRefused, live_version, load, publish, read_manifest, save, versions
from recommender.events import Kind
from recommender.feed import FeedRequest, compose
from recommender.ranking import Policy

NOW = 1_700_000_000


@pytest.fixture
def saved(model, tmp_path):
    directory = tmp_path / model.version
    save(model, directory, manifest_extra={"offline": {"ndcg@20": 0.5}})
    return directory


def test_a_model_read_back_serves_the_same_feed(model, saved, make_events):
    request = FeedRequest(
        limit=20,
        now_seconds=NOW,
        policy=Policy.parse({}),
        allowed=np.ones(30, dtype=bool),
        excluded_item_ids=np.zeros(0, dtype=np.int64),
        newest_item_ids=np.zeros(0, dtype=np.int64),
        newest_is_content=np.zeros(0, dtype=bool),
        newest_published_at_seconds=np.zeros(0, dtype=np.int64),
    )
    events = make_events([(1, 2, Kind.PURCHASE, 9), (1, 22, Kind.WATCH, 3, 0.5)])
    again = load(saved)
    feeds = [compose(one, one.history(events, "even", NOW), request) for one in (model, again)]
    assert feeds[0] == feeds[1]
    assert (again.version, again.weights, again.config) == (model.version, model.weights, model.config)


def test_the_manifest_says_what_the_model_was_made_of(model, saved):
    manifest = read_manifest(saved)
    assert manifest["version"] == model.version
    assert manifest["offline"] == {"ndcg@20": 0.5}
    assert manifest["hyper_parameters"]["als"]["factors"] == model.config.als.factors
    assert manifest["trained_until_seconds"] == NOW
    assert manifest["arrays"]["als.factors"]["shape"] == list(model.sources.als.factors.shape)
    assert {path.name for path in saved.iterdir()} == {"manifest.json", *(f"{n}.npy" for n in manifest["arrays"])}


def test_a_version_that_is_there_whole_is_not_touched_again(model, saved):
    files = {path.name: path.stat().st_ino for path in saved.iterdir()}
    save(model, saved, manifest_extra={"offline": "second"})
    assert {path.name: path.stat().st_ino for path in saved.iterdir()} == files
    assert read_manifest(saved)["offline"] == {"ndcg@20": 0.5}


def test_saving_again_repairs_a_harmed_version_and_leaves_nothing_behind(model, saved):
    flipped(saved / "als.factors.npy")
    (saved / "stray.npy").touch()
    save(model, saved, manifest_extra={"offline": "second"})
    assert load(saved).version == model.version
    assert read_manifest(saved)["offline"] == "second"
    assert not (saved / "stray.npy").exists()
    assert [path.name for path in saved.parent.iterdir()] == [model.version]


def test_another_version_in_the_same_place_is_written_over(model, saved):
    other = dataclasses.replace(model, version="another")
    save(other, saved, manifest_extra={})
    assert load(saved).version == "another"


def test_a_model_read_back_cannot_be_spoiled(saved):
    again = load(saved)
    for array in (again.item_ids, again.is_content):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_entries_of_the_manifest_cannot_be_given_from_outside(model, tmp_path):
    with pytest.raises(ValueError, match="got version"):
        save(model, tmp_path / "x", manifest_extra={"version": "mine"})


def flipped(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def described_again(directory, name, array):
    """Writes an array with a manifest that fits it, as somebody who edits both would."""
    from hashlib import sha256

    np.save(directory / f"{name}.npy", array)
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["arrays"][name] = {
        "shape": list(array.shape),
        "dtype": array.dtype.str,
        "sha256": sha256((directory / f"{name}.npy").read_bytes()).hexdigest(),
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda at: flipped(at / "als.factors.npy"), r"als\.factors\.npy: has another sha256"),
        (lambda at: (at / "item_ids.npy").unlink(), r"item_ids\.npy: is missing"),
        (lambda at: (at / "manifest.json").unlink(), r"manifest\.json: is missing"),
        (lambda at: (at / "manifest.json").write_text("{"), r"manifest\.json: cannot be read as JSON"),
        (lambda at: (at / "manifest.json").write_text('{"format": 99}'), "is not of layout 2"),
        (lambda at: (at / "manifest.json").write_text('{"format": 2}'), "is not a manifest of this layout"),
        (lambda at: described_again(at, "als.gram", np.full((4, 4), np.nan)), r"als\.gram\.npy: holds numbers"),
        (lambda at: described_again(at, "is_content", np.zeros(3, dtype=bool)), r"is_content\.npy: is of 3 items"),
        (lambda at: described_again(at, "is_content", np.array([object()])), r"is_content\.npy: is not a plain array"),
    ],
    ids=[
        "flipped bit",
        "lost array",
        "lost manifest",
        "torn manifest",
        "other layout",
        "empty",
        "nan",
        "size",
        "pickle",
    ],
)
def test_a_harmed_artifact_is_refused_with_file_and_reason(saved, harm, said):
    harm(saved)
    with pytest.raises(ArtifactRefused, match=said):
        load(saved)


def test_the_pointer_names_the_version_published_last(model, saved):
    models_dir = saved.parent
    assert live_version(models_dir) is None
    save(model, models_dir / "20200101T000000Z-0", manifest_extra={})
    publish(models_dir, model.version)
    publish(models_dir, "20200101T000000Z-0")
    assert live_version(models_dir) == "20200101T000000Z-0"
    assert versions(models_dir) == ["20200101T000000Z-0", model.version]
    assert sorted(path.name for path in models_dir.iterdir()) == ["20200101T000000Z-0", model.version, "live"]


def test_the_pointer_can_be_read_by_a_service_of_another_system_user(model, saved):
    before = os.umask(0o077)
    try:
        publish(saved.parent, model.version)
    finally:
        os.umask(before)
    assert stat.filemode((saved.parent / "live").stat().st_mode) == "-rw-r--r--"


def test_a_version_that_is_not_there_cannot_be_published(tmp_path):
    with pytest.raises(ArtifactRefused, match="is missing"):
        publish(tmp_path, "nothing")
    assert live_version(tmp_path) is None
