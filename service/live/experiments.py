"""The running experiments in memory, and the arms a request falls in."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from experiments.assignment import arm_of
from experiments.design import Arm, Experiment
from service.log.database import Reader
from service.log.experiments import all_experiments
from service.log.names import UserKey


class PreviewRefused(ValueError):
    """``preview_arm`` names no arm of a living experiment."""


@dataclass(frozen=True, slots=True)
class LivingExperiment:
    """An experiment whose arms are served: running, or frozen (then only to units it has already met)."""

    id: int
    design: Experiment
    takes_new_units: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arm of one experiment that one request is served."""

    experiment_id: int
    experiment: str
    arm: Arm
    counts: bool
    """Whether the exposure counts in the experiment; a preview does not."""


class LiveExperiments:
    """The experiments being served, brought up to date from the log."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._looking = Lock()  # two looks at once could put an older state over a newer one
        self.current: tuple[LivingExperiment, ...] = ()

    def refresh(self) -> None:
        """Reads which experiments live now."""
        with self._looking:
            with self._reader.connect() as connection:
                stored = all_experiments(connection)
            self.current = tuple(
                LivingExperiment(
                    entry.id, Experiment.parse(entry.definition), takes_new_units=entry.status == "running"
                )
                for entry in stored
                if entry.status in ("running", "frozen")
            )

    def arms(self, user: UserKey, lasting: Mapping[int, str], *, preview: str | None) -> list[Assigned]:
        """The arms that this user or visitor is served now.

        Args:
            user: Whose request it is; a user is met by experiments on users, a visitor by those on visitors.
            lasting: Experiment id to the arm that an earlier exposure made lasting.
            preview: ``experiment:arm`` to look at, or None. A preview is served in place of every other experiment.

        Raises:
            PreviewRefused: If ``preview`` names no arm of a living experiment.
        """
        if preview is not None:
            return [self._previewed(preview)]
        unit = "visitor" if user.is_visitor else "user"
        found = []
        for living in self.current:
            if living.design.unit != unit:
                continue
            arm = self._arm(living, user.external_id, lasting.get(living.id))
            if arm is not None:
                found.append(Assigned(living.id, living.design.key, arm, counts=True))
        return found

    def _arm(self, living: LivingExperiment, unit_id: str, lasting: str | None) -> Arm | None:
        design = living.design
        if lasting is not None:
            return next(arm for arm in design.arms if arm.key == lasting)
        if not living.takes_new_units:
            return None
        return arm_of(design, unit_id)

    def _previewed(self, preview: str) -> Assigned:
        key, _, arm_key = preview.partition(":")
        for living in self.current:
            for arm in living.design.arms:
                if (living.design.key, arm.key) == (key, arm_key):
                    return Assigned(living.id, key, arm, counts=False)
        raise PreviewRefused(f"preview_arm must be EXPERIMENT:ARM of a running experiment, got {preview!r}")
