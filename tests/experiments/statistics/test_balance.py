import json
from pathlib import Path

import pytest
from scipy import stats

from experiments.statistics.balance import sample_ratio

PUBLISHED = json.loads((Path(__file__).parents[2] / "reference" / "statistics.json").read_text())["sample_ratio"]


@pytest.mark.parametrize("case", PUBLISHED["cases"], ids=lambda case: str(case["counts"]))
def test_the_p_value_equals_the_published_one(case) -> None:
    balance = sample_ratio(dict(zip("ab", case["counts"], strict=True)), {"a": 0.5, "b": 0.5})

    assert balance.p_value == pytest.approx(case["p_value"], rel=PUBLISHED["tolerance_rel"])
    assert balance.ok == (case["p_value"] >= 0.001)


def test_an_arm_without_a_share_does_not_soften_the_test() -> None:
    # The leaders' bug: keeping its degree of freedom turns .0291 into .0925.
    balance = sample_ratio({"a": 1000, "b": 1100, "off": 0}, {"a": 0.5, "b": 0.5, "off": 0.0})

    assert balance.p_value == pytest.approx(0.0290963, rel=1e-5)
    assert balance.expected == {"a": 1050.0, "b": 1050.0, "off": 0.0}


def test_units_in_an_arm_without_a_share_raise_the_alarm_alone() -> None:
    balance = sample_ratio({"a": 500, "b": 500, "off": 3}, {"a": 0.5, "b": 0.5, "off": 0.0})

    assert balance.p_value == 1.0
    assert not balance.ok


def test_unequal_shares_are_expected_unequally() -> None:
    balance = sample_ratio({"a": 130, "b": 270}, {"a": 0.3, "b": 0.7})

    assert balance.expected == pytest.approx({"a": 120.0, "b": 280.0})
    assert balance.p_value == pytest.approx(stats.chisquare([130, 270], [120, 280]).pvalue)


def test_a_huge_imbalance_has_a_p_value_above_zero() -> None:
    balance = sample_ratio({"a": 6000, "b": 4000}, {"a": 0.5, "b": 0.5})

    # Chi-square 400 on one degree of freedom.
    assert balance.p_value == pytest.approx(float(stats.chi2.sf(400, 1)))
    assert balance.p_value > 0
    assert not balance.ok


def test_nobody_seen_is_no_alarm() -> None:
    balance = sample_ratio({}, {"a": 0.5, "b": 0.5})

    assert balance.p_value is None
    assert balance.ok


def test_a_count_in_no_arm_is_refused() -> None:
    with pytest.raises(ValueError, match="must belong to an arm of the experiment, got ghost"):
        sample_ratio({"ghost": 3}, {"a": 0.5, "b": 0.5})
    with pytest.raises(ValueError, match="at least two shares must be above 0, got 1"):
        sample_ratio({"a": 3}, {"a": 0.5, "b": 0.0})
