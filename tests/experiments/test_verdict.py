from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from experiments.design import Experiment
from experiments.evidence import Evidence
from experiments.statistics.balance import sample_ratio
from experiments.verdict import FEWEST_AT_ALL, FEWEST_PER_ARM, decide


@pytest.fixture
def verdict_of(evidence: Callable[..., Evidence]) -> Callable[..., dict[str, Any]]:
    """The verdict on a well-balanced experiment."""

    def made(experiment: Experiment, *entries: dict[str, object], **changes: Any) -> dict[str, Any]:
        arms = [arm.key for arm in experiment.arms]
        balance = sample_ratio(dict.fromkeys(arms, 1000), dict.fromkeys(arms, 1 / len(arms)))
        return decide(experiment, balance, evidence(experiment, *entries, **changes))

    return made


def test_two_arms_must_beat_holm_and_not_only_five_per_cent(design, entry, verdict_of) -> None:
    # One in two at .03: Holm makes it .06.
    missed = verdict_of(design(3), entry(2.0, 0.03), entry(0.0, 0.9))
    assert missed["kind"] == "no_difference"
    assert "as one of 2 arms compared with the control it does not (adjusted p = 0.060)" in missed["text"]
    assert verdict_of(design(3), entry(2.0, 0.02), entry(0.0, 0.9))["kind"] == "better"


def test_the_best_arm_is_named_and_where_all_are_worse_the_worst(design, entry, verdict_of) -> None:
    better = verdict_of(design(3), entry(2.0, 0.001), entry(3.0, 0.001))
    mixed = verdict_of(design(3), entry(-2.0, 0.001), entry(3.0, 0.001))
    worse = verdict_of(design(3), entry(-2.0, 0.001), entry(-3.0, 0.001))

    assert (better["kind"], better["arm"]) == ("better", "arm-2")
    assert (mixed["kind"], mixed["arm"]) == ("better", "arm-2")
    assert "'arm-1' did worse than 'arm-0'" in mixed["text"]
    assert (worse["kind"], worse["arm"]) == ("worse", "arm-2")


@pytest.mark.parametrize("status", ["draft", "running"])
def test_an_experiment_that_may_still_take_in_units_waits_where_a_closed_one_does_not(
    design, entry, verdict_of, units, status
) -> None:
    frame = pd.concat([units("arm-0", FEWEST_PER_ARM), units("arm-1", FEWEST_PER_ARM - 1)])

    assert verdict_of(design(), entry(2.0, 0.01), status=status, units=frame)["kind"] == "too_early"
    assert verdict_of(design(), entry(2.0, 0.01), status="frozen", units=frame)["kind"] == "better"


def test_an_experiment_that_is_over_with_too_few_is_undecided_and_never_too_early(
    design, entry, verdict_of, units
) -> None:
    few = pd.concat([units("arm-0", 50), units("arm-1", FEWEST_AT_ALL - 1)])
    just = pd.concat([units("arm-0", 50), units("arm-1", FEWEST_AT_ALL)])
    verdict = verdict_of(design(planned_units=1000), entry(2.0, 0.01), units=few)

    assert verdict["kind"] == "undecided"
    assert (
        "only 9 customers in 'arm-1' that this question concerns were followed for their full 14 days"
        in (verdict["text"])
    )
    assert "decision_date" not in verdict
    assert verdict_of(design(planned_units=1000), entry(2.0, 0.01), units=just)["kind"] == "better"


def test_nobody_at_all_is_undecided_once_it_is_over(design, entry, verdict_of, units) -> None:
    nobody = units("arm-0", 0)

    for status in ("frozen", "finished", "archived"):
        assert verdict_of(design(), entry(0.0, None), status=status, units=nobody)["kind"] == "undecided"


def test_an_experiment_stopped_before_any_window_passed_is_undecided_because_of_the_stop(
    design, entry, verdict_of, units
) -> None:
    cut = pd.concat([units(arm, 300, end_days=5, cut_off=True) for arm in ("arm-0", "arm-1")])
    verdict = verdict_of(design(), entry(0.0, None), units=cut)

    assert verdict["kind"] == "undecided"
    assert "only 0 customers" in verdict["text"]
    assert "Left out: 600 customers whose 14 days were cut off" in verdict["text"]


def test_a_plan_smaller_than_the_usual_least_decides_when_it_is_reached(design, entry, verdict_of, units) -> None:
    frame = pd.concat([units("arm-0", 30), units("arm-1", 30)])
    reached = verdict_of(design(planned_units=60), entry(2.0, 0.01), status="running", units=frame)
    unplanned = verdict_of(design(), entry(2.0, 0.01), status="running", units=frame)

    assert (reached["kind"], unplanned["kind"]) == ("better", "too_early")


def test_the_date_of_a_plan_is_the_later_of_its_size_and_the_least_in_each_arm(
    design, entry, verdict_of, units
) -> None:
    # Mature today, 2024-10-04: 11 and 9. On the 6th 5 more of the control, on the 8th the tenth of the other arm (26 in
    # all), on the 10th the last.
    frame = pd.concat(
        [
            units("arm-0", 11),
            units("arm-1", 9),
            units("arm-0", 5, end_days=2),
            units("arm-1", 1, end_days=4),
            units("arm-0", 1, end_days=6),
        ]
    )
    dates = {}
    for planned in (20, 22, 26, 27, 28):
        verdict = verdict_of(design(planned_units=planned), entry(2.0, 0.01), status="running", units=frame)
        assert verdict["kind"] == "too_early"
        dates[planned] = verdict.get("decision_date")

    assert dates == {20: "2024-10-08", 22: "2024-10-08", 26: "2024-10-08", 27: "2024-10-10", 28: None}


def test_a_frozen_experiment_decides_at_its_plan_or_when_its_last_window_has_passed(
    design, entry, verdict_of, units
) -> None:
    frame = pd.concat([units("arm-0", 30), units("arm-1", 30), units("arm-1", 5, end_days=3)])

    def read(planned_units: int | None) -> dict[str, Any]:
        return verdict_of(design(planned_units=planned_units), entry(2.0, 0.01), status="frozen", units=frame)

    assert read(60)["kind"] == "better"
    assert (read(None)["kind"], read(None)["decision_date"]) == ("too_early", "2024-10-07")
    # 70 will never come: the last of the 65 ends it.
    assert (read(70)["kind"], read(70)["decision_date"]) == ("too_early", "2024-10-07")
    assert "5 customers have not yet been followed" in read(None)["text"]


def test_figures_that_cannot_be_had_leave_it_undecided_with_the_reason(design, entry, verdict_of) -> None:
    verdict = verdict_of(design(), entry(0.0, None))

    assert verdict["kind"] == "undecided"
    assert "'arm-1' cannot be compared with the control (nobody bought)" in verdict["text"]


@pytest.mark.parametrize(
    ("outcome", "who"), [("revenue", "a few very large orders decide"), ("orders", "a few who order very often decide")]
)
def test_lopsided_tails_leave_it_undecided_with_who_makes_them_and_what_to_do(
    design, entry, verdict_of, outcome, who
) -> None:
    experiment = design(primary={"outcome": outcome, "window_days": 14})
    verdict = verdict_of(experiment, entry(2.0, 0.01) | {"skewed": True})

    assert verdict["kind"] == "undecided"
    assert f"{who} the figures of 'arm-1'" in verdict["text"]
    assert "use equal shares or follow more customers" in verdict["text"]


def test_a_broken_guardrail_stands_in_the_verdict_whatever_its_kind(design, entry, verdict_of) -> None:
    rail = {"outcome": "orders", "arm": "arm-1", "margin": 0.1, "skewed": False, "state": "broken"}
    rails = [rail, rail | {"outcome": "another_purchase", "state": "unclear"}]
    broken = [{"outcome": "orders", "arm": "arm-1"}]

    for given, kind in (
        (entry(2.0, 0.01), "better"),
        (entry(0.1, 0.8), "no_difference"),
        (entry(2.0, 0.01) | {"skewed": True}, "undecided"),
    ):
        verdict = verdict_of(design(), given, guardrails=rails)
        assert (verdict["kind"], verdict["broken_guardrails"]) == (kind, broken)
        assert "Careful:" in verdict["text"]
    assert verdict_of(design(), entry(2.0, 0.01))["broken_guardrails"] == []
