"""The live values: the published snapshot of what customers are worth, swapped between two requests."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from customers.segments import SEGMENTS
from customers.snapshots import Snapshot, SnapshotRefused, edition, live_version, load, versions
from customers.valuation import LIMITS, segmentation_in
from customers.wording import Language
from service.log.home import LOG_ID
from service.metrics import Metrics

_log = logging.getLogger(__name__)


class ValueUnknown(Exception):
    """No value is known of this user; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A number that is expected, with its intervals; those are None where only a number is known."""

    expected: float
    interval_50: tuple[float, float] | None
    interval_90: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Membership:
    """The segment that somebody is in, and why."""

    id: str
    name: str
    reason: str


class LiveValues:
    """The snapshot that values are answered from; None until the first one is published."""

    def __init__(self, folder: Path, *, log_id: str, metrics: Metrics) -> None:
        self._folder = folder
        self._log_id = log_id
        self._metrics = metrics
        self._looked_at: tuple[str, object] | None = None
        self.current: Snapshot | None = None

    def refresh(self) -> bool:
        """Brings in the published snapshot if it is another than the one last looked at; whether it did.

        One from which somebody was taken out is another, too. A snapshot that is damaged, or is of another log, is
        refused, counted, and looked at again only once it changes; the old one goes on serving.

        Raises:
            OSError: If the folder can't be read just now; the snapshot is tried again at the next look.
        """
        version = live_version(self._folder)
        if version is None:
            return False
        looked_at = (version, edition(self._folder / version))
        if looked_at == self._looked_at:
            return False
        try:
            kept = load(self._folder / version)
        except SnapshotRefused as error:
            return self._refused(looked_at, error)
        if kept.about.get(LOG_ID) != self._log_id:
            return self._refused(looked_at, "it is of another log, whose ids name other users")
        self._looked_at = looked_at
        self.current = kept
        self._metrics.values_loads.labels("loaded").inc()
        self._metrics.values_are_live(
            customers=len(kept), users=kept.about["users"], known_until_seconds=kept.about["until_seconds"]
        )
        return True

    def _refused(self, looked_at: tuple[str, object], reason: object) -> bool:
        self._looked_at = looked_at
        _log.error("values %s were refused, the old ones go on serving: %s", looked_at[0], reason)
        self._metrics.values_loads.labels("refused").inc()
        return False

    def of_user(self, user_id: int | None) -> "UserValue":
        """What the snapshot says of a user by the log's id; None is somebody the log does not know.

        Raises:
            ValueUnknown: If it says nothing.
        """
        kept = self.current
        if kept is None:
            raise ValueUnknown("no values have been published yet: run `kembang customers publish`")
        row = None if user_id is None else kept.row_of(user_id)
        if row is None:
            raise ValueUnknown(f"this user had not ordered by {kept.version}, the latest values: there is none to know")
        return UserValue(kept, row)

    def every_one_of_user(self, user_id: int) -> Iterator["UserValue"]:
        """What each snapshot that is kept says of a user, the oldest first: all that is held on her.

        Each is checked and read as a whole, which takes a second for some million customers. One that is damaged can't
        say what it holds, and is left out.
        """
        for version in versions(self._folder):
            try:
                kept = load(self._folder / version)
            except SnapshotRefused as error:
                _log.error("values %s are left out of what is handed over: %s", version, error)
                continue
            row = kept.row_of(user_id)
            if row is not None and kept.about.get(LOG_ID) == self._log_id:
                yield UserValue(kept, row)

    def segment_counts(self) -> Mapping[str, int] | None:
        """Customers in each segment by its id; None where no values were published."""
        if self.current is None:
            return None
        counts = np.bincount(self.current.columns["segment"], minlength=len(SEGMENTS)).tolist()
        return {segment.id: count for segment, count in zip(SEGMENTS, counts, strict=True)}


@dataclass(frozen=True, slots=True)
class UserValue:
    """What one row of a snapshot says."""

    kept: Snapshot
    row: int

    @property
    def has_projection(self) -> bool:
        """Whether the history carried one."""
        return self.kept.about["model"] is not None

    def number(self, column: str) -> Any:
        """A column's plain value, None where it is not to be had."""
        value = self.kept.columns[column][self.row].item()
        return None if isinstance(value, float) and np.isnan(value) else value

    def spread(self, column: str) -> Expected | None:
        """A column with its limits; None where it is not to be had."""
        expected = self.number(column)
        if expected is None:
            return None
        low_90, low_50, high_50, high_90 = (self.number(f"{column}_{limit}") for limit in LIMITS)
        if low_90 is None:
            return Expected(expected, None, None)
        return Expected(expected, (low_50, high_50), (low_90, high_90))

    def membership(self, language: Language) -> Membership:
        """The user's segment, in words."""
        segmentation = segmentation_in(self.kept, np.array([self.row]))
        segment = SEGMENTS[int(segmentation.codes[0])]
        return Membership(segment.id, segment.name[language], segmentation.reason(0, language=language))
