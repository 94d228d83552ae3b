"""Promises of snapshots: whole or not at all, found by their moment, and nobody in them who must be forgotten."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

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
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*versions(tmp_path), "live"])
