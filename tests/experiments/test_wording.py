import pandas as pd

from experiments.outcomes import DAY_MICROSECONDS as DAY
from experiments.outcomes import Money
from experiments.statistics.balance import sample_ratio
from experiments.wording import (
    arm_sentence,
    basis,
    date_text,
    guardrail_sentences,
    instant_text,
    left_out,
    minimal_sentence,
    peeking_sentences,
    unbalanced_text,
)

AS_OF = 20_000 * DAY


def test_an_instant_is_written_in_utc_to_the_microsecond() -> None:
    # 20,000 days after 1970-01-01 is 2024-10-04.
    assert instant_text(AS_OF) == "2024-10-04T00:00:00Z"
    assert instant_text(AS_OF + 1) == "2024-10-04T00:00:00.000001Z"
    assert date_text(AS_OF - 1) == "2024-10-03"


def test_a_found_difference_is_told_with_both_means_and_its_interval(design, entry, evidence) -> None:
    experiment = design()
    found = arm_sentence(
        experiment, evidence(experiment, entry(2.5, 0.01)), "arm-1", is_found=True, adjusted_p_value=0.01
    )

    assert found == (
        "'arm-1' did better than 'arm-0': the average revenue, net of refunds placed in the window, was 12.50 GBP in "
        "'arm-1' and 10.00 GBP in 'arm-0' (control), a difference of +2.50 GBP (95 % interval +1.50 GBP to +3.50 GBP)."
    )


def test_shares_are_told_in_per_cent_and_their_difference_in_points(design, entry, evidence) -> None:
    experiment = design(primary={"outcome": "repeat_in_window", "window_days": 14})
    given = evidence(experiment, entry(0.02, 0.01, half=0.01, mean=0.1))
    text = arm_sentence(experiment, given, "arm-1", is_found=True, adjusted_p_value=0.01)

    assert "was 12.00 % in 'arm-1' and 10.00 % in 'arm-0' (control), a difference of +2.00 points" in text


def test_large_sums_of_a_currency_without_decimals_have_none(design, entry, evidence) -> None:
    given = evidence(design(), entry(150_000.0, 0.01, half=0.5, mean=2e6), money=Money("JPY", 0))
    text = arm_sentence(design(), given, "arm-1", is_found=True, adjusted_p_value=0.01)

    assert "2,150,000 JPY in 'arm-1'" in text


def test_value_is_worded_by_what_the_shop_says_it_keeps(design, entry, evidence) -> None:
    experiment = design(primary={"outcome": "observed_clv", "window_days": 14})

    def text(margin_rate: float) -> str:
        given = evidence(experiment, entry(2.0, 0.01), money=Money("GBP", 2, margin_rate))
        return arm_sentence(experiment, given, "arm-1", is_found=True, adjusted_p_value=0.01)

    assert "the average margin earned in the window" in text(0.4)
    assert "the average revenue earned in the window" in text(1.0)


def test_an_interval_beyond_zero_that_does_not_count_says_why(design, entry, evidence) -> None:
    experiment = design(3)
    given = evidence(experiment, entry(2.0, 0.04), entry(0.5, 0.9))
    beyond, across = (
        arm_sentence(experiment, given, arm, is_found=False, adjusted_p_value=p_value)
        for arm, p_value in (("arm-1", 0.08), ("arm-2", 0.9))
    )

    # 2.0 give or take 1.0 excludes 0; 0.5 give or take 1.0 does not.
    assert "No difference was found between 'arm-1' and 'arm-0'" in beyond
    assert "as one of 2 arms compared with the control it does not (adjusted p = 0.080)" in beyond
    assert "On its own" not in across
    assert "effects inside the interval cannot be ruled out" in across


def test_the_smallest_gain_worth_acting_on_is_reached_ruled_out_or_open(design, entry, evidence) -> None:
    def text(minimal_effect: float | None) -> str | None:
        primary = {"outcome": "revenue", "window_days": 14, "minimal_effect": minimal_effect}
        experiment = design(primary=primary)
        return minimal_sentence(experiment, evidence(experiment, entry(2.0, 0.01)), "arm-1")

    # The interval is 1.00 to 3.00.
    assert text(None) is None
    assert "the whole interval lies at or above 0.50 GBP" in str(text(0.5))
    assert "'arm-1' gains 2.00 GBP or more" in str(text(2.0))
    assert "A gain of 4.00 GBP or more, the smallest called worth acting on, is ruled out" in str(text(4.0))


def test_a_guardrail_is_told_where_it_is_broken_or_unclear_and_why(design, evidence) -> None:
    rail = {"outcome": "orders", "arm": "arm-1", "margin": 0.1, "skewed": False, "state": "broken"}
    rails = [rail, rail | {"state": "unclear"}, rail | {"state": "kept"}, rail | {"state": "unclear", "skewed": True}]
    said = guardrail_sentences(evidence(design(), guardrails=rails))

    fell = "the average number of days with an order fell by more than the 0.100 allowed in 'arm-1'"
    assert said == [
        f"Careful: {fell}.",
        f"Whether {fell} is not clear.",
        f"Whether {fell} is not clear: a few who order very often decide it.",
    ]


def test_the_basis_gives_the_counts_the_window_the_cut_off_and_the_refunds_not_counted(design, evidence) -> None:
    assert basis(design(), evidence(design())) == (
        "Counted: 200 in 'arm-0' and 200 in 'arm-1', the customers this question concerns whose 14 days after first "
        "exposure had passed in the data up to 2024-10-04 00:00 UTC. It says nothing about what happens after 14 days. "
        "Refunds placed after a customer's 14 days are not counted."
    )


def test_refunds_are_spoken_of_where_money_is(design, evidence) -> None:
    experiment = design(primary={"outcome": "orders", "window_days": 14}, unit="visitor")
    text = basis(experiment, evidence(experiment))

    assert "Refunds" not in text
    assert "the visitors this question concerns" in text


def test_units_cut_off_by_a_stop_are_told_with_how_to_keep_them(design, evidence, units) -> None:
    cut = pd.concat([units("arm-0", 50), units("arm-1", 50), units("arm-1", 7, end_days=3, cut_off=True)])

    assert left_out(design(), evidence(design())) == []
    (sentence,) = left_out(design(), evidence(design(), units=cut))
    assert sentence.startswith("Left out: 7 customers whose 14 days were cut off when the experiment was stopped")
    assert "freeze an experiment first" in sentence
    assert sentence in basis(design(), evidence(design(), units=cut))


def test_looking_again_at_a_running_experiment_is_warned_of(design, evidence) -> None:
    def said(status: str, planned_units: int | None) -> list[str]:
        experiment = design(planned_units=planned_units)
        return peeking_sentences(experiment, evidence(experiment, status=status))

    # 400 are mature: those of a plan of 400 have just been reached, those of a plan of 300 were passed before.
    (unplanned,) = said("running", None)
    (passed,) = said("running", 300)
    assert "no number of customers was planned" in unplanned
    assert passed.startswith("The 300 planned customers were reached on 2024-10-03 and more have been counted since")
    assert said("running", 400) == said("finished", None) == said("finished", 300) == []


def test_windows_still_open_after_the_plan_was_passed_are_a_second_look_too(design, evidence, units) -> None:
    experiment = design(planned_units=300)
    frame = pd.concat([units("arm-0", 200), units("arm-1", 200), units("arm-1", 5, end_days=3)])

    assert len(peeking_sentences(experiment, evidence(experiment, status="frozen", units=frame))) == 1


def test_a_broken_split_says_what_came_where_what_was_planned(design) -> None:
    text = unbalanced_text(design(), sample_ratio({"arm-0": 700, "arm-1": 500}, {"arm-0": 0.5, "arm-1": 0.5}))

    assert "'arm-0' 700 where about 600 were planned, 'arm-1' 500 where about 600 were planned" in text
