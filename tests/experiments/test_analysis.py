import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.analysis import analyse
from experiments.design import Experiment
from experiments.outcomes import DAY_MICROSECONDS as DAY
from experiments.outcomes import OUTCOMES
from experiments.projection import withheld_projection

AS_OF = 20_000 * DAY


def experiment(arms: tuple[str, ...] = ("plain", "personal"), *, shares: Any = None, **changes: Any) -> Experiment:
    """A design, of equal shares unless given, whose first arm is the control."""
    shares = shares or [1 / len(arms)] * len(arms)
    return Experiment.parse(
        {
            "key": "feed",
            "arms": [{"key": arm, "share": share} for arm, share in zip(arms, shares, strict=True)],
            "control": arms[0],
            "primary": {"outcome": "orders", "window_days": 28},
        }
        | changes
    )


def units(n: int, *, orders: dict[str, float], seed: int = 0, mature: bool = True) -> pd.DataFrame:
    """n units per arm with Poisson orders of the given mean, worth 10.00 each, all mature or none."""
    rng = np.random.default_rng(seed)
    frames = []
    for arm, mean in orders.items():
        count = rng.poisson(mean, n)
        before = rng.poisson(1.0, n)
        bought = (count > 0).astype(float)
        frames.append(
            pd.DataFrame(
                {
                    "arm": arm,
                    "matures_at": AS_OF if mature else AS_OF + 3 * DAY,
                    "mature": mature,
                    "cut_off": False,
                    "orders_before": before,
                    "repeat_in_window": (count >= 2).astype(float),
                    "second_purchase": np.where(before == 1, bought, np.nan),
                    "another_purchase": np.where(before >= 1, bought, np.nan),
                    "orders": count,
                    "orders_early": rng.binomial(count, 0.5),
                    "revenue_minor": 1000 * count,
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(unit=np.arange(len(frame)))


def read(design: Experiment, frame: pd.DataFrame, **changes: Any) -> dict[str, Any]:
    """Results, checked to be JSON that any reader can parse."""
    exposed = frame["arm"].value_counts().to_dict()
    settings = {"as_of_us": AS_OF, "currency": "GBP", "currency_exponent": 2, "status": "finished"} | changes
    results = analyse(design, frame, settings.pop("exposed", exposed), **settings)
    assert json.loads(json.dumps(results, allow_nan=False)) == results
    return results


def test_every_observed_outcome_is_compared_and_equals_scipy() -> None:
    frame = units(400, orders={"plain": 0.8, "personal": 0.9})
    results = read(experiment(), frame)
    by_arm = {arm: frame.loc[frame["arm"] == arm] for arm in ("plain", "personal")}

    assert list(results["outcomes"]) == [name for name, outcome in OUTCOMES.items() if not outcome.is_projection]
    oracle = stats.ttest_ind(by_arm["personal"]["orders"], by_arm["plain"]["orders"], equal_var=False)
    entry = results["outcomes"]["orders"]["personal"]
    assert entry["p_value"] == pytest.approx(oracle.pvalue)
    assert entry["interval"] == pytest.approx(list(oracle.confidence_interval()))
    assert entry["relative"] == pytest.approx(
        by_arm["personal"]["orders"].mean() / by_arm["plain"]["orders"].mean() - 1
    )
    assert (entry["control_units"], entry["arm_units"]) == (400, 400)


def test_money_is_reported_in_major_units_of_its_currency() -> None:
    frame = units(300, orders={"plain": 1.0, "personal": 1.0})
    mean = frame.loc[frame["arm"] == "plain", "revenue_minor"].mean()
    pounds = read(experiment(), frame)["outcomes"]["revenue"]["personal"]
    yen = read(experiment(), frame, currency="JPY", currency_exponent=0)["outcomes"]["revenue"]["personal"]

    assert pounds["control_mean"] == pytest.approx(mean / 100)
    assert pounds["unit"] == "GBP"
    assert yen["control_mean"] == pytest.approx(mean)
    assert yen["p_value"] == pytest.approx(pounds["p_value"])


def test_observed_value_is_the_stated_margin_of_revenue() -> None:
    results = read(experiment(), units(300, orders={"plain": 1.0, "personal": 1.2}), margin_rate=0.4)
    revenue, value = (results["outcomes"][name]["personal"] for name in ("revenue", "observed_clv"))

    assert results["margin_rate"] == 0.4
    assert value["difference"] == pytest.approx(0.4 * revenue["difference"])
    assert value["interval"] == pytest.approx([0.4 * limit for limit in revenue["interval"]])


def test_immature_units_are_exposed_and_decide_nothing() -> None:
    old = units(200, orders={"plain": 1.0, "personal": 1.0})
    young = units(500, orders={"plain": 0.0, "personal": 9.0}, mature=False)
    both = pd.concat([old, young.assign(unit=young["unit"] + 10_000)], ignore_index=True)
    results = read(experiment(), both, status="running")

    counts = {"exposed": 700, "mature": 200, "cut_off": 0, "erased": 0}
    assert results["arms"] == {"plain": counts, "personal": counts}
    assert results["outcomes"] == read(experiment(), old)["outcomes"]


def test_a_lift_reads_better_and_its_opposite_reads_worse() -> None:
    lifted = read(experiment(), units(2000, orders={"plain": 1.0, "personal": 1.3}))["verdict"]
    lowered = read(experiment(), units(2000, orders={"plain": 1.3, "personal": 1.0}))["verdict"]

    assert (lifted["kind"], lifted["arm"]) == ("better", "personal")
    assert (lowered["kind"], lowered["arm"]) == ("worse", "personal")
    for part in ("28 days", "2,000 in 'plain'", "2,000 in 'personal'", "2024-10-04 00:00 UTC", "95 % interval"):
        assert part in lifted["text"]


def test_no_effect_reads_as_no_difference_found_and_claims_no_equality() -> None:
    frame = units(1000, orders={"plain": 1.0, "personal": 1.0})
    verdict = read(experiment(), frame)["verdict"]

    assert verdict["kind"] == "no_difference"
    assert verdict["text"].startswith("No difference was found between 'personal' and 'plain'")
    assert "That does not show that there is none" in verdict["text"]


def test_the_smallest_effect_worth_acting_on_is_ruled_out_left_open_or_exceeded() -> None:
    same = units(2000, orders={"plain": 1.0, "personal": 1.0})
    more = units(2000, orders={"plain": 1.0, "personal": 2.0})

    def text(frame: pd.DataFrame, minimal_effect: float) -> str:
        primary = {"outcome": "orders", "window_days": 28, "minimal_effect": minimal_effect}
        return str(read(experiment(primary=primary), frame)["verdict"]["text"])

    # The standard error is sqrt(2 / 2000) = 0.03: half an order is far out, a hundredth is within.
    assert "is ruled out for 'personal'" in text(same, 0.5)
    assert "stays open" in text(same, 0.01)
    assert "the whole interval lies at or above 0.500" in text(more, 0.5)


def test_a_broken_split_withholds_the_verdict_and_still_prints_the_outcomes() -> None:
    frame = units(2000, orders={"plain": 1.0, "personal": 1.5})
    results = read(experiment(), frame, exposed={"plain": 2000, "personal": 2400})

    # Chi-square (200^2 + 200^2) / 2200 = 36.4 on one degree of freedom.
    assert results["balance"]["p_value"] == pytest.approx(float(stats.chi2.sf(400 / 11, 1)))
    assert not results["balance"]["ok"]
    assert results["verdict"]["kind"] == "unbalanced"
    assert "Do not use these results" in results["verdict"]["text"]
    assert results["outcomes"]["orders"]["personal"]["difference"] is not None


def test_a_running_experiment_waits_for_a_hundred_mature_units_per_arm_and_says_until_when() -> None:
    few = units(60, orders={"plain": 1.0, "personal": 3.0})
    coming = units(60, orders={"plain": 1.0, "personal": 3.0}, mature=False)
    both = pd.concat([few, coming.assign(unit=coming["unit"] + 10_000)], ignore_index=True)
    soon, unknown = (read(experiment(), frame, status="running")["verdict"] for frame in (both, few))

    assert soon["kind"] == unknown["kind"] == "too_early"
    # Day 20,003 since 1970.
    assert soon["decision_date"] == "2024-10-07"
    assert "decision_date" not in unknown
    assert "60 customers in 'plain'" in unknown["text"]


def test_a_planned_size_is_waited_for_and_then_decides_without_a_warning_about_peeking() -> None:
    frame = units(300, orders={"plain": 1.0, "personal": 2.0})
    waiting = read(experiment(planned_units=1000), frame, status="running")["verdict"]
    reached = read(experiment(planned_units=600), frame, status="running")["verdict"]
    unplanned = read(experiment(), frame, status="running")["verdict"]

    assert (waiting["kind"], reached["kind"], unplanned["kind"]) == ("too_early", "better", "better")
    assert "600 of the 1,000 planned customers" in waiting["text"]
    assert "raises false alarms" in unplanned["text"]
    assert "raises false alarms" not in reached["text"]


def test_a_frozen_experiment_waits_for_its_last_window_and_then_decides_however_small() -> None:
    small = units(30, orders={"plain": 1.0, "personal": 4.0})
    open_windows = small.assign(mature=[*[True] * 59, False], matures_at=[*[AS_OF] * 59, AS_OF + DAY])

    waiting = read(experiment(), open_windows, status="frozen")["verdict"]
    assert (waiting["kind"], waiting["decision_date"]) == ("too_early", "2024-10-05")
    assert read(experiment(), small, status="frozen")["verdict"]["kind"] == "better"


def test_a_stopped_experiment_decides_at_once_by_the_windows_that_were_served_to_their_end() -> None:
    served = units(300, orders={"plain": 1.0, "personal": 1.6})
    cut = units(500, orders={"plain": 1.0, "personal": 1.0}, mature=False).assign(cut_off=True)
    both = pd.concat([served, cut.assign(unit=cut["unit"] + 10_000)], ignore_index=True)
    results = read(experiment(), both)

    counts = {"exposed": 800, "mature": 300, "cut_off": 500, "erased": 0}
    assert results["arms"] == {"plain": counts, "personal": counts}
    assert results["outcomes"] == read(experiment(), served)["outcomes"]
    assert results["verdict"]["kind"] == "better"
    assert "Left out: 1,000 customers whose 28 days were cut off" in results["verdict"]["text"]


def test_a_status_that_the_log_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="status must be one of draft, running, frozen, finished, archived"):
        read(experiment(), units(10, orders={"plain": 1.0, "personal": 1.0}), status="stopped")


def test_nobody_exposed_is_too_early_and_not_an_error() -> None:
    frame = units(5, orders={"plain": 1.0, "personal": 1.0}).iloc[:0]
    results = read(experiment(), frame, status="running", exposed={})

    assert results["balance"]["p_value"] is None
    assert results["verdict"]["kind"] == "too_early"
    entry = results["outcomes"]["revenue"]["personal"]
    assert entry["control_mean"] is None
    assert entry["interval"] is None
    assert "fewer than two units" in entry["reason"]


def test_a_shop_in_which_nobody_buys_is_undecided_with_the_reason() -> None:
    results = read(experiment(), units(200, orders={"plain": 0.0, "personal": 0.0}))

    assert results["verdict"]["kind"] == "undecided"
    assert results["outcomes"]["orders"]["personal"]["interval"] is None
    assert "no spread" in results["outcomes"]["orders"]["personal"]["reason"]
    assert results["outcomes"]["repeat_in_window"]["personal"]["p_value"] == 1.0


def test_a_few_huge_orders_in_unequal_arms_are_undecided_and_in_equal_arms_are_not() -> None:
    revenue = {"outcome": "revenue", "window_days": 28}
    rng = np.random.default_rng(3)

    def verdict(n_control: int, n_arm: int, shares: tuple[float, float]) -> str:
        design = experiment(primary=revenue, shares=shares)
        frame = units(n_control, orders={"plain": 1.0, "personal": 1.0})
        frame = pd.concat([frame.loc[frame["arm"] == "plain"], frame.loc[frame["arm"] == "personal"].iloc[:n_arm]])
        buys = rng.random(len(frame)) < 0.08
        frame = frame.assign(revenue_minor=np.rint(100 * buys * rng.lognormal(3.5, 1.5, len(frame))).astype(int))
        return str(read(design, frame)["verdict"]["kind"])

    # The anchored case: plain Welch raises 13 % false alarms at 500 against 4,500.
    assert verdict(4500, 500, (0.9, 0.1)) == "undecided"
    assert verdict(4500, 4500, (0.5, 0.5)) != "undecided"


def test_every_mean_and_sum_of_money_says_whether_its_tails_are_skewed_and_its_guardrail_is_then_unclear() -> None:
    rails = [{"outcome": name, "margin": 1e6} for name in ("revenue", "orders", "repeat_in_window")]
    design = experiment(primary={"outcome": "second_purchase", "window_days": 28}, shares=(0.9, 0.1), guardrails=rails)
    frame = units(4500, orders={"plain": 1.0, "personal": 1.0})
    frame = pd.concat([frame.loc[frame["arm"] == "plain"], frame.loc[frame["arm"] == "personal"].iloc[:500]])
    spent = np.random.default_rng(3).lognormal(3.5, 2.5, len(frame))
    results = read(design, frame.assign(revenue_minor=np.rint(100 * spent).astype(int)))

    skewed = {name: arms["personal"].get("skewed") for name, arms in results["outcomes"].items()}
    # A few lognormal(3.5, 2.5) baskets are worth thousands of the median; Poisson orders of mean 1 have skewness 1.
    assert (skewed["revenue"], skewed["observed_clv"], skewed["orders"]) == (True, True, False)
    assert skewed["repeat_in_window"] is None
    # A margin that no interval of either can reach.
    assert {rail["outcome"]: rail["state"] for rail in results["guardrails"]} == {
        "revenue": "unclear",
        "orders": "kept",
        "repeat_in_window": "kept",
    }
    assert "is not clear: a few very large orders decide it" in results["verdict"]["text"]


def test_every_entry_carries_its_label() -> None:
    frame = units(20, orders={"plain": 1.0, "personal": 1.0})
    labels = {name: arms["personal"]["label"] for name, arms in read(experiment(), frame)["outcomes"].items()}

    assert labels["revenue"] == "average revenue, net of refunds placed in the window"
    assert labels["observed_clv"].startswith("average revenue earned in the window")
    assert read(experiment(), frame, margin_rate=0.3)["outcomes"]["observed_clv"]["personal"]["label"].startswith(
        "average margin earned in the window"
    )


def test_a_guardrail_is_kept_broken_or_unclear_by_its_whole_interval() -> None:
    frame = units(2000, orders={"plain": 1.5, "personal": 1.0})

    def state(margin: float) -> dict[str, Any]:
        design = experiment(
            primary={"outcome": "repeat_in_window", "window_days": 28},
            guardrails=[{"outcome": "orders", "margin": margin}],
        )
        return read(design, frame)

    # Half an order is lost, give or take 0.07.
    assert [state(margin)["guardrails"][0]["state"] for margin in (0.7, 0.5, 0.1)] == ["kept", "unclear", "broken"]
    assert "Careful: the average number of days with an order fell" in state(0.1)["verdict"]["text"]
    assert state(0.1)["verdict"]["broken_guardrails"] == [{"outcome": "orders", "arm": "personal"}]


def test_holm_runs_over_the_declared_outcomes_and_apart_from_the_rest() -> None:
    results = read(experiment(secondary=["revenue"]), units(500, orders={"plain": 1.0, "personal": 1.2}))
    entries = {name: arms["personal"] for name, arms in results["outcomes"].items()}

    # Orders and revenue are proportional here, so both have the same p-value and Holm doubles it.
    assert entries["orders"]["role"] == "primary"
    assert entries["revenue"]["role"] == "secondary"
    assert entries["orders"]["p_value_holm"] == pytest.approx(2 * entries["orders"]["p_value"])
    rest = [entries[name] for name in ("repeat_in_window", "second_purchase", "another_purchase")]
    assert {entry["role"] for entry in rest} == {"unplanned"}
    assert min(entry["p_value_holm"] for entry in rest) == pytest.approx(3 * min(entry["p_value"] for entry in rest))


@pytest.mark.parametrize("secondary", [["revenue", "observed_clv"], ["revenue"], ["observed_clv"]])
def test_revenue_and_the_margin_on_it_are_one_question_and_are_paid_for_once(secondary) -> None:
    frame = units(500, orders={"plain": 1.0, "personal": 1.2})
    entries = {
        name: arms["personal"]
        for name, arms in read(experiment(secondary=secondary), frame, margin_rate=0.4)["outcomes"].items()
    }

    # The declared family is orders and money, whichever name money goes by: the smaller p-value counts twice.
    assert entries["orders"]["p_value_holm"] == pytest.approx(2 * entries["orders"]["p_value"])
    assert entries["revenue"]["p_value_holm"] == entries["observed_clv"]["p_value_holm"]
    assert entries["revenue"]["p_value_holm"] == pytest.approx(2 * entries["revenue"]["p_value"])


def test_with_several_arms_each_is_compared_with_the_control_and_the_best_is_named() -> None:
    arms = ("plain", "mixed", "personal")
    frame = units(1500, orders={"plain": 1.0, "mixed": 1.0, "personal": 1.4})
    results = read(experiment(arms=arms), frame)

    assert set(results["outcomes"]["orders"]) == {"mixed", "personal"}
    assert (results["verdict"]["kind"], results["verdict"]["arm"]) == ("better", "personal")
    assert "'mixed'" in results["verdict"]["text"]


def test_a_withheld_projection_has_its_reason_and_no_number() -> None:
    projected = withheld_projection("a projection needs at least 100 customers", horizon_weeks=52)
    results = read(experiment(), units(300, orders={"plain": 1.0, "personal": 1.0}), projected=projected)
    entry = results["outcomes"]["projected_clv"]["personal"]

    assert entry["projection"] is True
    assert entry["withheld"] == "a projection needs at least 100 customers"
    assert entry["difference"] is entry["interval"] is entry["control_mean"] is entry["p_value"] is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"margin_rate": 0.0}, "margin_rate must be above 0 and at most 1, got 0.0"),
        ({"currency_exponent": -1}, "currency_exponent must be 0 to 6, got -1"),
        ({"exposed": {"ghost": 1}}, "counts must belong to an arm of the experiment, got ghost"),
    ],
)
def test_an_argument_out_of_range_is_refused(changes, problem) -> None:
    with pytest.raises(ValueError, match=problem):
        read(experiment(), units(10, orders={"plain": 1.0, "personal": 1.0}), **changes)


def test_a_unit_in_no_arm_is_refused() -> None:
    with pytest.raises(ValueError, match="units must be in an arm of the experiment, got ghost"):
        read(experiment(), units(10, orders={"plain": 1.0, "ghost": 1.0}), exposed={})
