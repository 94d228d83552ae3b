import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.statistics.moments import Moments, is_lopsided, moments, skewness_of_difference


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=50))
def test_moments_equal_numpys(values) -> None:
    array = np.array(values)
    found = moments(array)

    assert found.n == len(values)
    assert found.mean == pytest.approx(array.mean(), abs=1e-9)
    assert found.variance == pytest.approx(array.var(ddof=1), abs=1e-6)
    assert found.third_central == pytest.approx(((array - array.mean()) ** 3).mean(), rel=1e-6, abs=1e-3)


def test_a_small_spread_on_a_large_mean_keeps_its_digits() -> None:
    # 1e9 + {0, 1, 2}: the sum of squares holds 27 digits, more than a float; the variance is (1 + 0 + 1) / 2.
    assert moments(1e9 + np.array([0.0, 1.0, 2.0])).variance == 1.0


def test_equal_values_have_no_spread_at_all() -> None:
    # 0.1 added up three times and divided by 3 is not 0.1, which would leave a spread of rounding errors.
    found = moments(np.full(3, 0.1))

    assert (found.mean, found.variance, found.third_central) == (0.1, 0.0, 0.0)


def test_one_value_has_no_variance_and_none_has_no_mean() -> None:
    assert np.isnan(moments(np.array([3.0])).variance)
    assert np.isnan(moments(np.array([])).mean)


def test_equal_arms_cancel_their_skewness_and_unequal_ones_keep_it() -> None:
    skewed = Moments(500, 1.0, 4.0, 40.0)

    assert skewness_of_difference(skewed, skewed) == 0
    # By hand, 4,500 against 500: 40 (1/500^2 - 1/4500^2) / (4/500 + 4/4500)^1.5.
    kept = skewness_of_difference(Moments(4500, 1.0, 4.0, 40.0), skewed)
    assert kept == pytest.approx(40 * (1 / 500**2 - 1 / 4500**2) / (4 / 500 + 4 / 4500) ** 1.5)
    assert skewness_of_difference(Moments(9, 1.0, 0.0), Moments(5, 1.0, 0.0)) == 0


def test_tails_are_lopsided_when_skewness_moves_either_by_more_than_a_hundredth() -> None:
    # The first-order shift of a 2.5 % tail is (2 z^2 + 1) phi(z) / 6 per unit of skewness (z = 1.96).
    z = stats.norm.isf(0.025)
    limit = 0.01 / ((2 * z**2 + 1) * stats.norm.pdf(z) / 6)

    def groups(skewness: float) -> tuple[Moments, Moments]:
        """Sizes 100 and 400 of variance 1: skewness m3 (1 / 400^2 - 1 / 100^2) / (1 / 100 + 1 / 400)^1.5."""
        third = skewness * (1 / 100 + 1 / 400) ** 1.5 / (1 / 400**2 - 1 / 100**2)
        return Moments(100, 0.0, 1.0, third), Moments(400, 0.0, 1.0, third)

    assert not is_lopsided(*groups(0.9995 * limit))
    assert is_lopsided(*groups(1.0005 * limit))
    assert is_lopsided(*groups(-1.0005 * limit))
