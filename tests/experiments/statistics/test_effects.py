import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.statistics.effects import (
    Counts,
    Estimate,
    fieller,
    newcombe,
    newcombe_p_value,
    relative_newcombe,
    welch,
    wilson,
)
from experiments.statistics.moments import Moments, moments

PUBLISHED = json.loads((Path(__file__).parents[2] / "reference" / "statistics.json").read_text())


@pytest.fixture
def groups() -> tuple[Moments, Moments]:
    """The published groups, from their sizes, sums and sums of squares."""

    def of_sums(*, n: int, total: float, total_of_squares: float) -> Moments:
        return Moments(n, total / n, (total_of_squares - total**2 / n) / (n - 1))

    case = PUBLISHED["welch"]
    return of_sums(**case["control"]), of_sums(**case["treatment"])


def test_welch_equals_the_published_difference(groups) -> None:
    case = PUBLISHED["welch"]
    difference = welch(*groups)

    assert difference.estimate == pytest.approx(case["difference"], abs=case["tolerance_abs"])
    assert difference.standard_error == pytest.approx(case["standard_error"], abs=case["tolerance_abs"])
    assert difference.interval() == pytest.approx(case["interval"], abs=case["tolerance_abs"])
    assert difference.p_value == pytest.approx(case["p_value"], abs=1e-9)


def test_fieller_equals_the_reference_interval(groups) -> None:
    case = PUBLISHED["fieller"]

    assert fieller(*groups) == pytest.approx(case["interval"], abs=case["tolerance_abs"])


def test_welch_equals_scipy_on_raw_values() -> None:
    rng = np.random.default_rng(4)
    control, treatment = rng.gamma(0.5, 2.0, 40), rng.gamma(0.7, 2.0, 25)
    difference = welch(moments(control), moments(treatment))
    oracle = stats.ttest_ind(treatment, control, equal_var=False)

    assert difference.p_value == pytest.approx(oracle.pvalue, rel=1e-10)
    assert difference.interval() == pytest.approx(tuple(oracle.confidence_interval()), rel=1e-10)


def test_a_p_value_far_out_does_not_underflow_to_zero() -> None:
    # 2 * (1 - cdf) is exactly 0 from about eight standard errors on.
    assert 0 < Estimate(12.0, 1.0, 9998.0).p_value < 1e-30


group = st.builds(
    Moments,
    n=st.integers(2, 10_000),
    mean=st.floats(0.01, 100),
    variance=st.floats(0.001, 1000),
    third_central=st.just(0),
)


@given(group, group, st.sampled_from([0.01, 0.05, 0.2]))
def test_fieller_excludes_zero_exactly_when_welch_does(control, treatment, alpha) -> None:
    interval = fieller(control, treatment, alpha=alpha)
    low, high = welch(control, treatment).interval(alpha)

    if interval is not None and min(abs(low), abs(high)) > 1e-9:
        assert (interval[0] > 0) == (low > 0)
        assert (interval[1] < 0) == (high < 0)


def test_a_control_that_may_be_zero_has_no_relative_interval() -> None:
    # Mean 1, standard error 1: within two standard errors of 0.
    assert fieller(Moments(100, 1.0, 100.0), Moments(100, 2.0, 1.0)) is None
    assert fieller(Moments(100, 0.0, 0.0), Moments(100, 2.0, 1.0)) is None


def test_groups_of_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 values, got 1 and 5"):
        welch(Moments(1, 1.0, float("nan")), Moments(5, 1.0, 1.0))


def test_newcombe_equals_the_published_interval() -> None:
    case = PUBLISHED["newcombe"]
    interval = newcombe(Counts(*case["control"]), Counts(*case["treatment"]))

    assert interval == pytest.approx(case["interval"], abs=case["tolerance_abs"])


def test_newcombe_combines_the_two_wilson_intervals_as_the_paper_writes() -> None:
    control, treatment = Counts(48, 80), Counts(56, 70)
    z = float(stats.norm.isf(0.025))
    (l0, u0), (l1, u1) = wilson(control, z=z), wilson(treatment, z=z)
    p0, p1 = 48 / 80, 56 / 70
    by_hand = (
        p1 - p0 - ((p1 - l1) ** 2 + (u0 - p0) ** 2) ** 0.5,
        p1 - p0 + ((u1 - p1) ** 2 + (p0 - l0) ** 2) ** 0.5,
    )

    assert newcombe(control, treatment) == pytest.approx(by_hand, abs=1e-12)


counts = st.integers(1, 3000).flatmap(lambda n: st.builds(Counts, successes=st.integers(0, n), n=st.just(n)))


@given(counts, counts)
def test_the_p_value_and_both_intervals_of_proportions_agree_about_zero(control, treatment) -> None:
    low, high = newcombe(control, treatment)
    relative = relative_newcombe(control, treatment)
    p_value = newcombe_p_value(control, treatment)

    assert 0 <= p_value <= 1
    assert low - 1e-12 <= treatment.rate - control.rate <= high + 1e-12
    if min(abs(low), abs(high)) > 1e-9:
        assert (p_value < 0.05) == (low > 0 or high < 0)
        if relative is not None:
            assert (relative[0] > 0) == (low > 0)
            assert (relative[1] < 0) == (high < 0)


@given(counts, counts)
def test_the_relative_interval_of_proportions_holds_the_estimate(control, treatment) -> None:
    interval = relative_newcombe(control, treatment)

    if control.successes == 0:
        assert interval is None
    else:
        assert interval is not None
        relative = treatment.rate / control.rate - 1
        assert -1 <= interval[0] <= relative + 1e-9
        assert interval[1] >= relative - 1e-9


def test_nothing_against_nothing_is_no_difference() -> None:
    assert newcombe_p_value(Counts(0, 50), Counts(0, 80)) == 1.0
    assert newcombe_p_value(Counts(0, 50), Counts(50, 50)) < 1e-10
