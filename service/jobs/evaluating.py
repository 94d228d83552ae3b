"""Offline evaluation of what is served, on the log split in time."""

from collections.abc import Callable
from typing import Any

from recommender.configuration import TrainingConfig
from recommender.evaluation import evaluate
from recommender.training import NothingToTrain
from service.log.database import Reader
from service.log.frames import training_frames

_TEST_SHARE = 0.2
"""The last part of the log's span that is the test, where no day is named."""


def evaluated(
    reader: Reader, *, split_at_seconds: int | None, seed: int, on_progress: Callable[[str, float], None]
) -> dict[str, Any]:
    """Offline quality of every policy, in the shape of the command's JSON.

    Args:
        reader: The log.
        split_at_seconds: Train before, test from here on; None puts it at four fifths of the log's span.
        seed: Seed of everything random.
        on_progress: Told what is being done and the finished share.

    Raises:
        NothingToTrain: If the log holds nothing on one side of the split.
    """
    on_progress("reading the log", 0.0)
    frames = training_frames(reader)
    if not len(frames.events):
        raise NothingToTrain("the log holds no events of known users: import sales or send events first")
    first, last = int(frames.events.at_seconds.min()), int(frames.events.at_seconds.max())
    split = split_at_seconds or round(last - _TEST_SHARE * (last - first))
    return evaluate(
        frames.events,
        frames.items,
        frames.segments,
        TrainingConfig(),
        split_at_seconds=split,
        until_seconds=last + 1,
        seed=seed,
    )
