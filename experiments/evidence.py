"""What a verdict rests on, and what follows from it by counting alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.design import Experiment
from experiments.outcomes import Money

STATUSES = ("draft", "running", "frozen", "finished", "archived")
"""Where an experiment may stand, in the order of its life."""

_TAKING_IN = frozenset({"draft", "running"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Units that the primary question concerns, and the results about them.

    Attributes:
        status: One of ``STATUSES``.
        as_of_us: Data cut-off, microseconds UTC.
        money: How money is read.
        units: Columns ``arm``, ``matures_at``, ``mature`` and ``cut_off``, as ``unit_outcomes`` gives them.
        primary: The primary outcome's entry of each treatment.
        guardrails: ``outcome``, ``arm``, ``margin``, ``skewed`` and ``state`` of each guardrail in each treatment.

    Raises:
        ValueError: If ``status`` is none of ``STATUSES``.
    """

    status: str
    as_of_us: int
    money: Money
    units: pd.DataFrame
    primary: Mapping[str, Mapping[str, object]]
    guardrails: Sequence[Mapping[str, object]]

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}, got {self.status!r}")

    @property
    def is_closed(self) -> bool:
        """Whether no further unit can enter."""
        return self.status not in _TAKING_IN

    @property
    def is_over(self) -> bool:
        """Whether no further unit can enter and every window has passed or was cut off."""
        return self.is_closed and bool((self.ends_us() <= self.as_of_us).all())

    @property
    def n_cut_off(self) -> int:
        """Units whose window was cut off when the experiment was stopped."""
        return int(self.units["cut_off"].sum())

    def mature_counts(self, experiment: Experiment) -> dict[str, int]:
        """Units per arm whose whole window has passed."""
        counts = self.units.loc[self.units["mature"].to_numpy(dtype=bool), "arm"].value_counts()
        return {arm.key: int(counts.get(arm.key, 0)) for arm in experiment.arms}

    def ends_us(self, arm: str | None = None) -> npt.NDArray[np.int64]:
        """Sorted ends of the windows, of all arms or one, that were not cut off: each unit matures at its own."""
        is_followed = ~self.units["cut_off"].to_numpy(dtype=bool)
        if arm is not None:
            is_followed &= self.units["arm"].to_numpy() == arm
        return np.sort(self.units["matures_at"].to_numpy(dtype=np.int64)[is_followed])
