from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.design import Experiment
from experiments.outcomes import DAY_MICROSECONDS as DAY
from experiments.outcomes import Money
from experiments.statistics.balance import sample_ratio
from experiments.verdict import Evidence, decide, instant_text

AS_OF = 20_000 * DAY


def design(arms: int = 2, **changes: Any) -> Experiment:
    return Experiment.parse(
        {
            "key": "feed",
            "arms": [{"key": f"arm-{index}", "share": 1 / arms} for index in range(arms)],
            "control": "arm-0",
            "primary": {"outcome": "revenue", "window_days": 14},
        }
        | changes
    )


def entry(difference: float, p_value: float | None, *, half: float = 1.0, mean: float = 10.0) -> dict[str, object]:
    """One comparison as the analysis writes it."""
    return {
        "control_mean": mean,
        "arm_mean": mean + difference,
        "difference": difference,
        "interval": [difference - half, difference + half],
        "p_value": p_value,
        "reason": "nobody bought",
    }


def verdict_of(experiment: Experiment, *entries: dict[str, object], **changes: Any) -> dict[str, Any]:
    arms = [arm.key for arm in experiment.arms]
    n = changes.pop("n", 200)
    units = pd.DataFrame({"arm": np.repeat(arms, n), "mature": True, "matures_at": AS_OF - DAY})
    evidence: dict[str, Any] = {
        "status": "stopped",
        "as_of_us": AS_OF,
        "money": Money("GBP", 2),
        "units": units,
        "primary": dict(zip(arms[1:], entries, strict=True)),
        "guardrails": [],
        "skewed_arms": (),
    }
    balance = sample_ratio(dict.fromkeys(arms, n), dict.fromkeys(arms, 1 / len(arms)))
    return decide(experiment, balance, Evidence(**(evidence | changes)))


def test_an_instant_is_written_in_utc_to_the_microsecond() -> None:
    # 20,000 days after 1970-01-01 is 2024-10-04.
    assert instant_text(AS_OF) == "2024-10-04T00:00:00Z"
    assert instant_text(AS_OF + 1) == "2024-10-04T00:00:00.000001Z"


def test_the_text_gives_both_means_the_difference_its_interval_the_window_the_counts_and_the_cut_off() -> None:
    text = verdict_of(design(), entry(2.5, 0.01))["text"]

    assert text == (
        "'arm-1' did better than 'arm-0': the average revenue, net of refunds, was 12.50 GBP in 'arm-1' and 10.00 GBP "
        "in 'arm-0' (control), a difference of +2.50 GBP (95 % interval +1.50 GBP to +3.50 GBP). Counted: 200 in "
        "'arm-0' and 200 in 'arm-1', the customers this question concerns whose 14 days after first exposure had "
        "passed in the data up to 2024-10-04 00:00 UTC. It says nothing about what happens after 14 days."
    )


def test_shares_are_told_in_per_cent_and_their_difference_in_points() -> None:
    experiment = design(primary={"outcome": "repeat_in_window", "window_days": 14}, unit="visitor")
    text = verdict_of(experiment, entry(0.02, 0.01, half=0.01, mean=0.1))["text"]

    assert "was 12.00 % in 'arm-1' and 10.00 % in 'arm-0' (control), a difference of +2.00 points" in text
    assert "the visitors this question concerns" in text


def test_large_sums_of_a_currency_without_decimals_have_none() -> None:
    text = verdict_of(design(), entry(150_000.0, 0.01, half=0.5, mean=2e6), money=Money("JPY", 0))["text"]

    assert "2,150,000 JPY in 'arm-1'" in text


def test_two_arms_must_beat_holm_and_not_only_five_per_cent() -> None:
    # One in two at .03: Holm makes it .06.
    assert verdict_of(design(3), entry(2.0, 0.03), entry(0.0, 0.9))["kind"] == "no_difference"
    assert verdict_of(design(3), entry(2.0, 0.02), entry(0.0, 0.9))["kind"] == "better"


def test_the_best_arm_is_named_and_where_all_are_worse_the_worst() -> None:
    better = verdict_of(design(3), entry(2.0, 0.001), entry(3.0, 0.001))
    mixed = verdict_of(design(3), entry(-2.0, 0.001), entry(3.0, 0.001))
    worse = verdict_of(design(3), entry(-2.0, 0.001), entry(-3.0, 0.001))

    assert (better["kind"], better["arm"]) == ("better", "arm-2")
    assert (mixed["kind"], mixed["arm"]) == ("better", "arm-2")
    assert "'arm-1' did worse than 'arm-0'" in mixed["text"]
    assert (worse["kind"], worse["arm"]) == ("worse", "arm-2")


@pytest.mark.parametrize("status", ["draft", "running", "paused"])
def test_an_experiment_that_may_still_take_in_units_waits_where_a_closed_one_does_not(status) -> None:
    small = {"n": 99}

    assert verdict_of(design(), entry(2.0, 0.01), status=status, **small)["kind"] == "too_early"
    assert verdict_of(design(), entry(2.0, 0.01), status="frozen", **small)["kind"] == "better"


def test_figures_that_cannot_be_had_leave_it_undecided_with_the_reason() -> None:
    verdict = verdict_of(design(), entry(0.0, None))

    assert verdict["kind"] == "undecided"
    assert "'arm-1' cannot be compared with the control (nobody bought)" in verdict["text"]


def test_lopsided_tails_leave_it_undecided_with_what_to_do() -> None:
    verdict = verdict_of(design(), entry(2.0, 0.01), skewed_arms=("arm-1",))

    assert verdict["kind"] == "undecided"
    assert "use equal shares or follow more customers" in verdict["text"]
