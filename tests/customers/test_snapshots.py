"""Promises of snapshots: whole or not at all, found by their moment, and nobody in them who must be forgotten."""

import fcntl
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from customers import snapshots
from customers.snapshots import (
    Snapshot,
    SnapshotRefused,
    edition,
    forget,
    live_version,
    load,
    publish,
    read_about,
    rows_about,
    snapshot,
    version_as_of,
    versions,
)

DAY = 86_400
NOON = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())


def made(ids: Sequence[int] = (7, 3, 11), *, seconds: int = NOON) -> Snapshot:
    columns = {"customer_ids": np.array(ids), "worth": np.array(ids) * 100.5}
    return snapshot({"until_seconds": seconds, "currency": "GBP"}, columns, {"n_cases": np.array([1, 2])})


def test_what_was_published_is_what_is_read(tmp_path: Path) -> None:
    publish(made(), tmp_path)
    version = live_version(tmp_path)
    assert version is not None
    assert version.startswith("20260302T120000Z-")
    kept = load(tmp_path / version)
    assert kept.columns["customer_ids"].tolist() == [3, 7, 11]
    assert kept.columns["worth"].tolist() == [301.5, 703.5, 1105.5]
    assert kept.shop["n_cases"].tolist() == [1, 2]
    assert kept.about == {"until_seconds": NOON, "currency": "GBP"}
    assert [kept.row_of(id_) for id_ in (3, 7, 11, 5, 99)] == [0, 1, 2, None, None]
    assert kept.rows_of(np.array([11, 5, 3, 99])).tolist() == [2, -1, 0, -1]


def test_equal_values_have_one_name_whatever_the_order_of_customers() -> None:
    assert made((7, 3)).version == made((3, 7)).version != made((3, 8)).version


def test_a_customer_stands_in_one_row() -> None:
    with pytest.raises(ValueError, match="one row only"):
        made((3, 3))


def test_the_state_of_an_earlier_instant_can_be_asked_for(tmp_path: Path) -> None:
    """An experiment looks at what was known before the first exposure, never after."""
    early, late = made(seconds=NOON), made((7,), seconds=NOON + DAY)
    publish(early, tmp_path)
    publish(late, tmp_path)
    assert version_as_of(tmp_path, seconds=NOON - 1) is None
    assert version_as_of(tmp_path, seconds=NOON + DAY - 1) == early.version
    assert version_as_of(tmp_path, seconds=NOON + DAY) == late.version == live_version(tmp_path)


def test_a_fortnight_is_kept_whole_and_then_the_first_of_each_week(tmp_path: Path) -> None:
    for day in range(60):
        publish(made((day + 1,), seconds=NOON + day * DAY), tmp_path)
    days = [(read_about(tmp_path / version)["about"]["until_seconds"] - NOON) // DAY for version in versions(tmp_path)]
    assert days[-15:] == list(range(45, 60))
    older = days[:-15]
    # 1970-01-01 began a week of this count: 2026-03-05, day 3, is a Thursday too.
    assert older == [0, *range(3, 45, 7)]


def test_the_forgotten_leave_every_snapshot_and_the_rest_stays(tmp_path: Path) -> None:
    publish(made(), tmp_path)
    publish(made((7, 8), seconds=NOON + DAY), tmp_path)
    live = live_version(tmp_path)
    assert live is not None
    before = edition(tmp_path / live)
    assert rows_about(tmp_path, np.array([7])) == 2
    assert forget(tmp_path, np.array([7, 99])) == 2
    assert rows_about(tmp_path, np.array([7])) == 0
    assert [load(tmp_path / version).columns["customer_ids"].tolist() for version in versions(tmp_path)] == [
        [3, 11],
        [8],
    ]
    assert live_version(tmp_path) == live
    assert edition(tmp_path / live) != before
    assert forget(tmp_path, np.array([8])) == 1
    assert len(load(tmp_path / live)) == 0


def test_a_damaged_snapshot_is_refused_and_goes_when_somebody_must_be_forgotten(tmp_path: Path) -> None:
    publish(made(), tmp_path)
    version = live_version(tmp_path)
    assert version is not None
    file = tmp_path / version / "worth.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    with pytest.raises(SnapshotRefused, match="another sha256"):
        load(tmp_path / version)
    forget(tmp_path, np.array([3]))
    assert versions(tmp_path) == []


def test_nothing_half_written_is_left_behind(tmp_path: Path) -> None:
    publish(made(), tmp_path)
    forget(tmp_path, np.array([3]))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*versions(tmp_path), "live", ".lock"])


@pytest.mark.parametrize(
    ("first", "left"),
    [
        (lambda folder: publish(made(), folder), [7, 11]),
        (lambda folder: forget(folder, np.array([7])), [11]),
    ],
    ids=["publish", "forget"],
)
def test_who_is_forgotten_while_another_writes_is_not_written_back(
    first: Callable[[Path], Any], left: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes when the first knows what it will write and has not written it: the second has to wait."""
    publish(made(), tmp_path)
    write, lock, comes = snapshots._write, fcntl.flock, Event()
    seconds: list[Future[int]] = []

    def locked(file: Any, operation: int) -> None:
        if seconds:
            comes.set()
        lock(file, operation)

    with ThreadPoolExecutor(1) as other:

        def written(snapshot: Snapshot, folder: Path) -> None:
            if not seconds:
                seconds.append(Future())
                seconds[0] = other.submit(forget, tmp_path, np.array([3]))
                assert comes.wait(timeout=20)
                assert not seconds[0].done()
            write(snapshot, folder)

        monkeypatch.setattr(fcntl, "flock", locked)
        monkeypatch.setattr(snapshots, "_write", written)
        first(tmp_path)
        assert seconds[0].result(timeout=20) == 1
    assert [load(tmp_path / version).columns["customer_ids"].tolist() for version in versions(tmp_path)] == [left]


def test_a_damaged_old_manifest_keeps_nobody_from_publishing_and_goes(tmp_path: Path) -> None:
    old, fresh = made(), made((7,), seconds=NOON + DAY)
    for damage in ("{", "[]", '{"format": 1}', '{"format": 1, "about": {"until_seconds": "noon"}}'):
        publish(old, tmp_path)
        (tmp_path / old.version / "manifest.json").write_text(damage)
        publish(fresh, tmp_path)
        assert versions(tmp_path) == [fresh.version] == [live_version(tmp_path)]


def test_a_snapshot_is_read_and_written_only_if_somebody_to_forget_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without, with_her = made((7, 11)), made((3, 7), seconds=NOON + DAY)
    publish(without, tmp_path)
    publish(with_her, tmp_path)
    before, loaded = edition(tmp_path / without.version), []

    def noted(directory: Path) -> Snapshot:
        loaded.append(directory.name)
        return load(directory)

    monkeypatch.setattr(snapshots, "load", noted)
    assert rows_about(tmp_path, np.array([3])) == 1
    assert loaded == []
    assert forget(tmp_path, np.array([3])) == 1
    assert loaded == [with_her.version]
    assert edition(tmp_path / without.version) == before


@pytest.mark.parametrize("damaged", ["missing", "cut", "out of order"])
def test_a_snapshot_that_cannot_say_whom_it_holds_goes(tmp_path: Path, damaged: str) -> None:
    publish(made(), tmp_path)
    file = tmp_path / str(live_version(tmp_path)) / "customer_ids.npy"
    if damaged == "missing":
        file.unlink()
    elif damaged == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    else:
        np.save(file, np.array([7, 3, 11]))
    with pytest.raises(SnapshotRefused):
        rows_about(tmp_path, np.array([99]))
    assert forget(tmp_path, np.array([99])) == 0
    assert versions(tmp_path) == []


def test_where_no_snapshot_ever_was_nobody_is_in_one(tmp_path: Path) -> None:
    assert forget(tmp_path / "none", np.array([3])) == rows_about(tmp_path / "none", np.array([3])) == 0
    assert not (tmp_path / "none").exists()
