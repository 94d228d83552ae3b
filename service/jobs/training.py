"""Training: from the log to a published model version."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from recommender.artifact import ArtifactRefused, live_version, publish, read_manifest, save
from recommender.configuration import TrainingConfig
from recommender.training import train
from service.clock import instant_text, machine_now
from service.log.database import Reader
from service.log.frames import latest_instant, training_frames
from service.log.home import LOG_ID, SIMULATED, SIMULATED_CLOCK, home_fact, log_id

_STEPS = 12
"""About as many steps as a training reports, for the progress bar."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model version that was made and published."""

    version: str
    events: int
    users: int
    items: int
    trained_until: str
    seconds: float


def train_and_publish(
    reader: Reader,
    models: Path,
    *,
    seed: int,
    on_progress: Callable[[str, float], None],
    clock: Callable[[], int] = machine_now,
) -> Trained:
    """Trains on everything that has happened by the log, saves the artifact and makes it the live version.

    Services on the same log and models folder swap it in by themselves.

    Args:
        reader: The log.
        models: Folder of the versions; it must exist.
        seed: Seed of everything random; equal logs and seeds give equal models.
        on_progress: Told what is being done and the finished share.
        clock: Now in microseconds UTC.

    Raises:
        NothingToTrain: If the log holds no interest in any item.
    """
    started = time.perf_counter()
    on_progress("reading the log", 0.0)
    until_seconds = log_until_seconds(reader, now=clock())
    frames = training_frames(reader, until_seconds=until_seconds)
    events = frames.events
    done = 0

    def step(doing: str) -> None:
        nonlocal done
        done = min(done + 1, _STEPS)
        on_progress(doing, done / (_STEPS + 1))

    model = train(
        events,
        frames.items,
        frames.segments,
        TrainingConfig(),
        until_seconds=until_seconds,
        seed=seed,
        on_step=step,
    )
    trained_on = log_id(reader)
    # Two logs may give equal arrays (the same file imported twice), and still are no models of each other.
    model = replace(model, version=f"{model.version}-{trained_on[:8]}")
    about = {LOG_ID: trained_on, "trained_at_seconds": clock() / 1_000_000, "events": len(events)}
    save(model, models / model.version, manifest_extra=about)
    publish(models, model.version)
    on_progress("published", 1.0)
    return Trained(
        version=model.version,
        events=len(events),
        users=len(set(events.user_ids.tolist())),
        items=len(model.item_ids),
        trained_until=instant_text(model.trained_until_seconds * 1_000_000),
        seconds=time.perf_counter() - started,
    )


def has_live_model(models: Path, *, of_log: str) -> bool:
    """Whether the published version was trained on the log of this id."""
    version = live_version(models)
    if version is None:
        return False
    try:
        return bool(read_manifest(models / version).get(LOG_ID) == of_log)
    except ArtifactRefused:
        return False


def log_until_seconds(reader: Reader, *, now: int) -> int:
    """The end of all that has happened by this log, Unix seconds UTC: the second after its latest instant.

    What a real log dates after ``now`` (microseconds UTC) has not happened yet. One slip of a year would otherwise
    push everything else so far into the past that nothing is left of it. A simulated shop lives ahead of the clock.
    """
    latest = latest_instant(reader) or 0
    is_simulated = any(home_fact(reader, fact) is not None for fact in (SIMULATED, SIMULATED_CLOCK))
    return (latest if is_simulated else min(latest, now)) // 1_000_000 + 1
