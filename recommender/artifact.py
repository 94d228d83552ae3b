"""A model on disk: a manifest and plain arrays, one directory per version, and the pointer to the live one."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.configuration import TrainingConfig
from recommender.model import Model, Sources
from recommender.models.als import AlsSource
from recommender.models.base import read_only
from recommender.models.neighbours import NeighboursSource
from recommender.models.popularity import PopularitySource, SegmentSource
from recommender.models.repurchase import RepurchaseSource
from recommender.ranking import Weights

FORMAT = 2
"""The layout of the directory; a later layout gets a later number."""

_MANIFEST = "manifest.json"
_POINTER = "live"


class ArtifactRefused(Exception):
    """An artifact is not what its manifest says, or not one of ours; names the file and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def save(model: Model, directory: Path, *, manifest_extra: Mapping[str, Any]) -> None:
    """Writes a model to a directory that appears as a whole or not at all.

    Where the directory already holds this version, whole, it stays as it is: readers may have it open, and what it
    serves is the same. Anything else in its place is written over.

    Args:
        model: What to write.
        directory: Where; its parent is made if it is missing.
        manifest_extra: Further plain values for the manifest, such as offline scores.

    Raises:
        ValueError: If ``manifest_extra`` would overwrite an entry of the manifest itself.
    """
    manifest = _manifest(model)
    if taken := sorted(set(manifest_extra) & {*manifest, "arrays"}):
        raise ValueError(f"manifest_extra must not hold the manifest's own entries, got {', '.join(taken)}")
    if _holds(directory, model.version):
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=directory.parent) as writing:
        made = Path(writing) / "artifact"
        made.mkdir()
        described = {name: _written(array, made / f"{name}.npy") for name, array in model.arrays().items()}
        text = json.dumps(manifest | dict(manifest_extra) | {"arrays": described}, indent=2, sort_keys=True)
        _write_through(made / _MANIFEST, text + "\n")
        if directory.exists():
            directory.rename(Path(writing) / "replaced")
        made.rename(directory)


def load(directory: Path) -> Model:
    """The model in a directory, after every check: layout, digests, shapes, types, finite numbers.

    Raises:
        ArtifactRefused: If anything is missing or is not what the manifest says.
    """
    manifest = read_manifest(directory)
    try:
        described = dict(manifest["arrays"])
        arrays = {name: _array(directory / f"{name}.npy", entry) for name, entry in described.items()}
        model = _model(manifest, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactRefused(directory / _MANIFEST, f"is not a manifest of this layout ({error!r})") from error
    _check_sizes(model, directory)
    return model


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of an artifact, without its arrays.

    Raises:
        ArtifactRefused: If it is missing, not JSON, or of another layout.
    """
    path = directory / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactRefused(path, "is missing") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ArtifactRefused(path, f"cannot be read as JSON ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtifactRefused(path, f"is not of layout {FORMAT}")
    return manifest


def publish(models_dir: Path, version: str) -> None:
    """Names a version as the live one, in one step that a reader sees before or after, never between.

    Raises:
        ArtifactRefused: If the version has no readable manifest.
    """
    read_manifest(models_dir / version)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=models_dir) as writing:
        pointer = Path(writing) / _POINTER
        _write_through(pointer, version + "\n")
        # A service of another system user reads it too, whatever the mask of who published.
        pointer.chmod(0o644)
        pointer.replace(models_dir / _POINTER)


def live_version(models_dir: Path) -> str | None:
    """The version that was published last, `None` where none was."""
    try:
        return (models_dir / _POINTER).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def versions(models_dir: Path) -> list[str]:
    """All versions in the folder, sorted: the oldest training window first."""
    return sorted(
        path.parent.name for path in models_dir.glob(f"*/{_MANIFEST}") if not path.parent.name.startswith(".")
    )


def _manifest(model: Model) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": model.version,
        "code_version": _code_version(),
        "trained_until_seconds": model.trained_until_seconds,
        "trained_from_seconds": model.trained_from_seconds,
        "items": len(model.item_ids),
        "hyper_parameters": model.config.to_mapping(),
        "weights": {"products": dict(model.weights.products), "content": dict(model.weights.content)},
        "weights_record": dict(model.weights_record),
    }


def _holds(directory: Path, version: str) -> bool:
    """Whether this version is there already and passes every check."""
    try:
        return load(directory).version == version
    except ArtifactRefused:
        return False


def _written(array: npt.NDArray[Any], path: Path) -> dict[str, Any]:
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


def _model(manifest: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Model:
    def of(source: str) -> dict[str, npt.NDArray[Any]]:
        return {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith(f"{source}.")}

    return Model(
        version=manifest["version"],
        trained_from_seconds=manifest["trained_from_seconds"],
        trained_until_seconds=manifest["trained_until_seconds"],
        item_ids=read_only(arrays["item_ids"]),
        is_content=read_only(arrays["is_content"]),
        sources=Sources(
            repurchase=RepurchaseSource.from_arrays(of("repurchase")),
            als=AlsSource.from_arrays(of("als")),
            neighbours=NeighboursSource.from_arrays(of("neighbours")),
            popularity=PopularitySource.from_arrays(of("popularity")),
            segment=SegmentSource.from_arrays(of("segment")),
        ),
        weights=Weights(**manifest["weights"]),
        weights_record=manifest["weights_record"],
        config=TrainingConfig.from_mapping(manifest["hyper_parameters"]),
    )


def _array(path: Path, entry: Mapping[str, Any]) -> npt.NDArray[Any]:
    """One array, as described."""
    if not path.is_file():
        raise ArtifactRefused(path, "is missing")
    if _digest(path) != entry["sha256"]:
        raise ArtifactRefused(path, "has another sha256 than the manifest says")
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ArtifactRefused(path, f"is not a plain array ({error})") from error
    if list(array.shape) != entry["shape"] or array.dtype.str != entry["dtype"]:
        raise ArtifactRefused(path, f"is {array.dtype.str}{array.shape}, not as the manifest says")
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        raise ArtifactRefused(path, "holds numbers that are not finite")
    return np.asarray(array)


def _check_sizes(model: Model, directory: Path) -> None:
    """Refuses arrays that do not belong to one catalogue: one entry per item in each."""
    n_items = len(model.item_ids)
    sizes = {
        "is_content": len(model.is_content),
        "als.factors": len(model.sources.als.factors),
        "neighbours.neighbour_rows": len(model.sources.neighbours.neighbour_rows),
        "neighbours.similarities": len(model.sources.neighbours.similarities),
        "popularity.interest": len(model.sources.popularity.interest),
        "segment.interest": model.sources.segment.interest.shape[1],
        "segment.prior": len(model.sources.segment.prior),
        "repurchase.n_items": model.sources.repurchase.n_items,
    }
    for name, size in sizes.items():
        if size != n_items:
            raise ArtifactRefused(directory / f"{name}.npy", f"is of {size} items, the catalogue of {n_items}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _code_version() -> str:
    try:
        return version("kembang")
    except PackageNotFoundError:
        return "unknown"
