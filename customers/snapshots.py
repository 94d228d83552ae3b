"""What customers were worth at one moment, on disk: a manifest and plain arrays, one directory per snapshot.

A pointer names the live one. Older ones are kept, so that whoever asks later what was known of a customer before
something happened gets what was known then. Rows can be taken out of all of them, for people who must be forgotten.
Processes that change the folder take turns; who reads what is published waits for nobody.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]

FORMAT = 1
"""The layout of the directory; a later layout gets a later number."""

CUSTOMER_IDS = "customer_ids"
"""The column by which rows are found."""

KEPT_ALL_DAYS = 14
KEPT_WEEKLY_DAYS = 400
"""Every snapshot of the last fortnight is kept, then the first of each week, as far back as an experiment may ask."""

_MANIFEST, _POINTER, _LOCK = "manifest.json", "live", ".lock"
_SHOP = "shop."
_DAY_SECONDS = 86_400


class SnapshotRefused(Exception):
    """A snapshot is not what its manifest says, or not one of ours; names the file and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What customers were worth at one moment.

    Attributes:
        version: Its name.
        about: Plain values: what was known until when (``until_seconds``, Unix seconds), by which model, in which
            currency.
        columns: By name, each of shape ``(n_customers,)``; ``CUSTOMER_IDS`` among them, rising.
        shop: Arrays about the shop as a whole, by name.
    """

    version: str
    about: Mapping[str, Any]
    columns: Mapping[str, Array]
    shop: Mapping[str, Array]

    def __len__(self) -> int:
        """Customers."""
        return int(self.columns[CUSTOMER_IDS].size)

    def row_of(self, customer_id: int) -> int | None:
        """Where the customer stands; None if she is not in it."""
        ids = self.columns[CUSTOMER_IDS]
        row = int(np.searchsorted(ids, customer_id))
        return row if row < ids.size and ids[row] == customer_id else None

    def rows_of(self, customer_ids: IntArray) -> IntArray:
        """Where each customer stands, -1 for those who are not in it; same shape as given."""
        ids = self.columns[CUSTOMER_IDS]
        rows = np.searchsorted(ids, customer_ids)
        found = rows < ids.size
        found[found] = ids[rows[found]] == customer_ids[found]
        return np.where(found, rows, -1).astype(np.int64)


def snapshot(about: Mapping[str, Any], columns: Mapping[str, Array], shop: Mapping[str, Array]) -> Snapshot:
    """A snapshot named after its moment and what it says.

    Args:
        about: With ``until_seconds``.
        columns: As in ``Snapshot``, in any order of customers.
        shop: Likewise.

    Raises:
        ValueError: If columns differ in length, or a customer stands in two rows.
    """
    ids = columns[CUSTOMER_IDS]
    if any(column.shape != ids.shape for column in columns.values()):
        raise ValueError(f"columns must have one value for each of {ids.size} customers")
    order = np.argsort(ids, kind="stable")
    ordered = {name: np.ascontiguousarray(column[order]) for name, column in columns.items()}
    if (np.diff(ordered[CUSTOMER_IDS]) == 0).any():
        raise ValueError("a customer must stand in one row only")
    digest = hashlib.sha256(json.dumps(dict(about), sort_keys=True).encode())
    for name, array in {**ordered, **shop}.items():
        digest.update(name.encode() + array.tobytes())
    moment = datetime.fromtimestamp(about["until_seconds"], tz=UTC)
    return Snapshot(f"{moment:%Y%m%dT%H%M%SZ}-{digest.hexdigest()[:8]}", dict(about), ordered, dict(shop))


def publish(made: Snapshot, folder: Path) -> None:
    """Writes a snapshot, which appears as a whole or not at all, and makes it the live one in one step.

    Snapshots that need not be kept any longer are removed, and old ones whose manifest can't be read. Waits while
    another process publishes or forgets.

    Args:
        made: What to write; one of the same name is written over.
        folder: Of all snapshots; made if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _write(made, folder)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as writing:
            pointer = Path(writing) / _POINTER
            _write_through(pointer, made.version + "\n")
            # A service of another system user reads it too, whatever the mask of who published.
            pointer.chmod(0o644)
            pointer.replace(folder / _POINTER)
        for version in _outlived(folder, live=made.version):
            _remove(folder / version)


def live_version(folder: Path) -> str | None:
    """The snapshot that was published last, None where none was."""
    try:
        return (folder / _POINTER).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def versions(folder: Path) -> list[str]:
    """All snapshots in the folder, the oldest first."""
    return sorted(path.parent.name for path in folder.glob(f"*/{_MANIFEST}") if not path.parent.name.startswith("."))


def version_as_of(folder: Path, *, seconds: float) -> str | None:
    """The latest snapshot of what was known by then, and nothing later; None if none is as old.

    Args:
        folder: Of all snapshots.
        seconds: Unix seconds UTC.

    Raises:
        SnapshotRefused: If a manifest can't be read.
    """
    known = [
        version for version in versions(folder) if read_about(folder / version)["about"]["until_seconds"] <= seconds
    ]
    return known[-1] if known else None


def edition(directory: Path) -> tuple[int, int] | None:
    """Something that is another whenever the snapshot in the directory is; None while none is there."""
    try:
        found = (directory / _MANIFEST).stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def read_about(directory: Path) -> dict[str, Any]:
    """The manifest of a snapshot, without its arrays.

    Raises:
        SnapshotRefused: If it is missing, not JSON, or of another layout.
    """
    path = directory / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SnapshotRefused(path, "is missing") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SnapshotRefused(path, f"cannot be read as JSON ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise SnapshotRefused(path, f"is not of layout {FORMAT}")
    return manifest


def load(directory: Path) -> Snapshot:
    """The snapshot in a directory, after every check; its arrays stay on disk until they are looked at.

    Raises:
        SnapshotRefused: If anything is missing or is not what the manifest says.
    """
    manifest = read_about(directory)
    try:
        version, about = manifest["version"], manifest["about"]
        arrays = {name: _array(directory / f"{name}.npy", entry) for name, entry in manifest["arrays"].items()}
        columns = {name: array for name, array in arrays.items() if not name.startswith(_SHOP)}
        ids = columns[CUSTOMER_IDS]
    except (AttributeError, KeyError, TypeError) as error:
        raise SnapshotRefused(directory / _MANIFEST, f"is not a manifest of this layout ({error!r})") from error
    if any(column.shape != ids.shape for column in columns.values()) or (np.diff(ids) <= 0).any():
        raise SnapshotRefused(directory, "has columns that do not belong to the same customers")
    shop = {name.removeprefix(_SHOP): array for name, array in arrays.items() if name.startswith(_SHOP)}
    return Snapshot(version, about, columns, shop)


def forget(folder: Path, customer_ids: IntArray) -> int:
    """Takes customers out of every snapshot; how many rows that were.

    Each snapshot that somebody is found in is replaced as a whole, so that a reader sees it with them or without. One
    that is found damaged can't say whom it holds, and is removed. Waits while another process publishes or forgets.

    Args:
        folder: Of all snapshots; it need not be there.
        customer_ids: Whom to take out.
    """
    if not folder.is_dir():
        return 0
    with _alone(folder):
        return sum(_rows_taken_out(folder, version, customer_ids) for version in versions(folder))


def rows_about(folder: Path, customer_ids: IntArray) -> int:
    """How many rows of all snapshots are about these customers; waits as ``forget`` does.

    Raises:
        SnapshotRefused: If a snapshot can't say whom it holds.
    """
    if not folder.is_dir():
        return 0
    with _alone(folder):
        return sum(int(np.isin(_ids(folder / version), customer_ids).sum()) for version in versions(folder))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps others from changing the folder meanwhile: one would write back whom another has just taken out."""
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _rows_taken_out(folder: Path, version: str, customer_ids: IntArray) -> int:
    """Rows that one snapshot has lost; it is read and written only if somebody is in it."""
    try:
        if not np.isin(_ids(folder / version), customer_ids).any():
            return 0
        kept = load(folder / version)
    except SnapshotRefused:
        _remove(folder / version)
        return 0
    stays = ~np.isin(kept.columns[CUSTOMER_IDS], customer_ids)
    columns = {name: column[stays] for name, column in kept.columns.items()}
    _write(Snapshot(kept.version, kept.about, columns, kept.shop), folder)
    return int(np.count_nonzero(~stays))


def _ids(directory: Path) -> IntArray:
    """Whom a snapshot holds; no other column is looked at and no digest taken."""
    manifest = read_about(directory)
    try:
        ids: IntArray = _plain_array(directory / f"{CUSTOMER_IDS}.npy", manifest["arrays"][CUSTOMER_IDS])
    except (KeyError, TypeError) as error:
        raise SnapshotRefused(directory / _MANIFEST, f"is not a manifest of this layout ({error!r})") from error
    if (np.diff(ids) <= 0).any():
        raise SnapshotRefused(directory, "has customers out of order")
    return ids


def _outlived(folder: Path, *, live: str) -> list[str]:
    """Snapshots that need not be kept, seen from the live one's moment; nor those that can't tell their own."""
    untils, gone = {}, []
    for version in versions(folder):
        try:
            untils[version] = int(read_about(folder / version)["about"]["until_seconds"])
        except (SnapshotRefused, KeyError, TypeError, ValueError):
            gone.append(version)
    now, weeks = untils[live], set()
    for version, until in sorted(untils.items(), key=lambda entry: (entry[1], entry[0])):
        age, week = now - until, until // (7 * _DAY_SECONDS)
        is_first = week not in weeks
        weeks.add(week)
        is_kept = age <= KEPT_ALL_DAYS * _DAY_SECONDS or (is_first and age <= KEPT_WEEKLY_DAYS * _DAY_SECONDS)
        if version != live and not is_kept:
            gone.append(version)
    return gone


def _write(made: Snapshot, folder: Path) -> None:
    named = {**made.columns, **{f"{_SHOP}{name}": array for name, array in made.shop.items()}}
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as writing:
        fresh = Path(writing) / "snapshot"
        fresh.mkdir()
        described = {name: _written(array, fresh / f"{name}.npy") for name, array in named.items()}
        manifest = {"format": FORMAT, "version": made.version, "about": dict(made.about), "arrays": described}
        _write_through(fresh / _MANIFEST, json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        directory = folder / made.version
        if directory.exists():
            directory.rename(Path(writing) / "replaced")
        fresh.rename(directory)


def _remove(directory: Path) -> None:
    """Takes a snapshot away in one step, and then its files."""
    with tempfile.TemporaryDirectory(prefix=".removing-", dir=directory.parent) as removing:
        directory.rename(Path(removing) / "removed")


def _written(array: Array, path: Path) -> dict[str, Any]:
    """Writes one array through to the disk; its entry in the manifest."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return {"shape": list(array.shape), "dtype": array.dtype.str, "sha256": _digest(path)}


def _write_through(path: Path, text: str) -> None:
    """Writes text through to the disk: a rename may outlive a power cut that its file's contents do not."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _array(path: Path, entry: Mapping[str, Any]) -> Array:
    if not path.is_file():
        raise SnapshotRefused(path, "is missing")
    if _digest(path) != entry["sha256"]:
        raise SnapshotRefused(path, "has another sha256 than the manifest says")
    return _plain_array(path, entry)


def _plain_array(path: Path, entry: Mapping[str, Any]) -> Array:
    """The array in a file, which stays on disk until it is looked at; its digest is not taken."""
    try:
        array: Array = np.load(path, mmap_mode="r" if entry["shape"][0] else None, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise SnapshotRefused(path, f"is not a plain array ({error})") from error
    if list(array.shape) != entry["shape"] or array.dtype.str != entry["dtype"]:
        raise SnapshotRefused(path, f"is {array.dtype.str}{array.shape}, not as the manifest says")
    return array


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
