"""Training: from the log to a published model version."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recommender.artifact import publish, save
from recommender.configuration import TrainingConfig
from recommender.training import train
from service.clock import instant_text
from service.log.database import Reader
from service.log.frames import latest_instant, training_frames

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


def train_and_publish(reader: Reader, models: Path, *, seed: int, on_progress: Callable[[str, float], None]) -> Trained:
    """Trains on everything in the log, saves the artifact and makes it the live version.

    Services on the same models folder swap it in by themselves.

    Raises:
        NothingToTrain: If the log holds no interest in any item.
    """
    started = time.perf_counter()
    on_progress("reading the log", 0.0)
    frames = training_frames(reader)
    done = 0

    def step(doing: str) -> None:
        nonlocal done
        done = min(done + 1, _STEPS)
        on_progress(doing, done / (_STEPS + 1))

    model = train(
        frames.events,
        frames.items,
        frames.segments,
        TrainingConfig(),
        until_seconds=(latest_instant(reader) or 0) // 1_000_000 + 1,
        seed=seed,
        on_step=step,
    )
    save(
        model, models / model.version, manifest_extra={"trained_at_seconds": time.time(), "events": len(frames.events)}
    )
    publish(models, model.version)
    on_progress("published", 1.0)
    return Trained(
        version=model.version,
        events=len(frames.events),
        users=len(set(frames.events.user_ids.tolist())),
        items=len(model.item_ids),
        trained_until=instant_text(model.trained_until_seconds * 1_000_000),
        seconds=time.perf_counter() - started,
    )
