from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.design import Experiment
from experiments.evidence import Evidence
from experiments.outcomes import DAY_MICROSECONDS as DAY
from experiments.outcomes import Money

AS_OF = 20_000 * DAY


@pytest.fixture
def design() -> Callable[..., Experiment]:
    """A design of equal arms ``arm-0`` (the control), ``arm-1`` and so on, about revenue in 14 days unless changed."""

    def made(arms: int = 2, **changes: Any) -> Experiment:
        return Experiment.parse(
            {
                "key": "feed",
                "arms": [{"key": f"arm-{index}", "share": 1 / arms} for index in range(arms)],
                "control": "arm-0",
                "primary": {"outcome": "revenue", "window_days": 14},
            }
            | changes
        )

    return made


@pytest.fixture
def entry() -> Callable[..., dict[str, object]]:
    """One comparison as the analysis writes it."""

    def made(difference: float, p_value: float | None, *, half: float = 1.0, mean: float = 10.0) -> dict[str, object]:
        return {
            "control_mean": mean,
            "arm_mean": mean + difference,
            "difference": difference,
            "interval": [difference - half, difference + half],
            "p_value": p_value,
            "skewed": False,
            "reason": "nobody bought",
        }

    return made


@pytest.fixture
def units() -> Callable[..., pd.DataFrame]:
    """``n`` units of one arm whose windows end ``end_days`` after the data cut-off (before it, if below 0)."""

    def made(arm: str, n: int, *, end_days: float = -1, cut_off: bool = False) -> pd.DataFrame:
        ends = np.full(n, AS_OF + round(end_days * DAY), dtype=np.int64)
        mature = (ends <= AS_OF) & ~cut_off
        return pd.DataFrame({"arm": arm, "matures_at": ends, "mature": mature, "cut_off": cut_off})

    return made


@pytest.fixture
def evidence(units: Callable[..., pd.DataFrame]) -> Callable[..., Evidence]:
    """Evidence of an experiment that is over, of 200 mature units per arm unless given."""

    def made(experiment: Experiment, *entries: dict[str, object], **changes: Any) -> Evidence:
        arms = [arm.key for arm in experiment.arms]
        given: dict[str, Any] = {
            "status": "finished",
            "as_of_us": AS_OF,
            "money": Money("GBP", 2),
            "units": pd.concat([units(arm, 200) for arm in arms]),
            "primary": dict(zip(arms[1:], entries, strict=False)),
            "guardrails": [],
        }
        return Evidence(**(given | changes))

    return made
