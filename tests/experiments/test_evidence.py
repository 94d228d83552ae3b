import pandas as pd
import pytest

from experiments.evidence import STATUSES
from experiments.outcomes import DAY_MICROSECONDS as DAY

AS_OF = 20_000 * DAY


def test_a_status_that_the_log_does_not_know_is_refused(design, evidence) -> None:
    with pytest.raises(
        ValueError, match="status must be one of draft, running, frozen, finished, archived, got 'paused'"
    ):
        evidence(design(), status="paused")


def test_units_may_enter_a_draft_and_a_running_experiment_only(design, evidence) -> None:
    closed = {status: evidence(design(), status=status).is_closed for status in STATUSES}

    assert closed == {"draft": False, "running": False, "frozen": True, "finished": True, "archived": True}


def test_it_is_over_when_nobody_enters_and_every_window_has_passed_or_was_cut_off(design, evidence, units) -> None:
    passed, open_, cut = units("arm-0", 3), units("arm-1", 2, end_days=5), units("arm-1", 2, end_days=5, cut_off=True)

    def is_over(*frames: pd.DataFrame, status: str = "finished") -> bool:
        return evidence(design(), status=status, units=pd.concat(frames)).is_over

    assert is_over(passed)
    assert is_over(passed, cut)
    assert not is_over(passed, open_)
    assert not is_over(passed, status="running")


def test_mature_units_are_counted_per_arm_and_an_arm_without_any_is_named(design, evidence, units) -> None:
    frames = [units("arm-1", 4), units("arm-1", 3, end_days=2), units("arm-0", 5, cut_off=True)]
    found = evidence(design(), units=pd.concat(frames))

    assert found.mature_counts(design()) == {"arm-0": 0, "arm-1": 4}
    assert found.n_cut_off == 5


def test_the_ends_of_windows_are_sorted_and_leave_out_what_was_cut_off(design, evidence, units) -> None:
    frames = [
        units("arm-1", 1, end_days=3),
        units("arm-0", 1, end_days=1),
        units("arm-1", 1, end_days=-2),
        units("arm-1", 1, end_days=0, cut_off=True),
    ]
    found = evidence(design(), units=pd.concat(frames))

    assert ((found.ends_us() - AS_OF) // DAY).tolist() == [-2, 1, 3]
    assert ((found.ends_us("arm-1") - AS_OF) // DAY).tolist() == [-2, 3]
