"""Offline evaluation of what is served, on the log split in time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from recommender.configuration import TrainingConfig
from recommender.evaluation import evaluate
from recommender.events import Events
from recommender.training import NothingToTrain
from service.clock import instant_text, machine_now
from service.jobs.training import log_until_seconds
from service.log.database import Reader
from service.log.frames import training_frames

_TEST_SHARE = 0.2
"""The last part of the log's events that is the test, where no day is named.

Of the events and not of the span: one event dated years off would leave a span's last part empty.
"""


def evaluated(
    reader: Reader,
    *,
    split_at_seconds: int | None,
    seed: int,
    on_progress: Callable[[str, float], None],
    clock: Callable[[], int] = machine_now,
) -> dict[str, Any]:
    """Offline quality of every policy, in the shape of the command's JSON.

    Args:
        reader: The log.
        split_at_seconds: Train before, test from here on; None puts it after four fifths of the events.
        seed: Seed of everything random.
        on_progress: Told what is being done and the finished share.
        clock: Now in microseconds UTC.

    Raises:
        NothingToTrain: If the log holds nothing on one side of the split.
    """
    on_progress("reading the log", 0.0)
    frames = training_frames(reader, until_seconds=log_until_seconds(reader, now=clock()))
    events = frames.events
    if not len(events):
        raise NothingToTrain("the log holds no events of known users: import sales or send events first")
    first, last = int(events.at_seconds.min()), int(events.at_seconds.max())
    split = _split(events) if split_at_seconds is None else split_at_seconds
    if not first < split <= last:
        span = " to ".join(instant_text(at * 1_000_000) for at in (first, last))
        raise NothingToTrain(f"the split must leave events on both sides: the log's go from {span}")
    return evaluate(
        events,
        frames.items,
        frames.segments,
        TrainingConfig(),
        split_at_seconds=split,
        until_seconds=last + 1,
        seed=seed,
    )


def _split(events: Events) -> int:
    """The instant with four fifths of the events before it, as nearly as whole seconds allow; never their first."""
    at = int(np.quantile(events.at_seconds, 1.0 - _TEST_SHARE, method="lower"))
    return max(at, int(events.at_seconds.min()) + 1)
