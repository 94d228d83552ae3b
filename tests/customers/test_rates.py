import numpy as np
import pytest

from customers.rates import rate_regression


def test_of_two_groups_the_coefficient_is_the_log_ratio_of_their_means_and_the_error_that_of_the_means() -> None:
    # Group A: 1, 3, 2 (mean 2); group B: 4, 8 (mean 6). HC3: each residual over 1 - leverage, which is 1/3 and 1/2.
    # Var log mean A = sum((1, 1, 0) / (2/3)^2) / (3 x 2)^2 = 4.5 / 36; B = (2 x 4 / (1/2)^2) / (2 x 6)^2 = 32 / 144.
    orders = np.array([1, 3, 2, 4, 8])
    columns = np.column_stack([np.ones(5), [0, 0, 0, 1, 1]])

    found = rate_regression(columns, orders)

    assert found is not None
    assert found.coefficients == pytest.approx([np.log(2), np.log(3)])
    assert found.expected == pytest.approx([2, 2, 2, 6, 6])
    assert found.covariance[0, 0] == pytest.approx(4.5 / 36)
    assert found.covariance[1, 1] == pytest.approx(4.5 / 36 + 32 / 144)
    # Squares 1 + 1 + 0 + 4 + 4 = 10 on 5 - 2 degrees, less 18 expected: below a Poisson count's.
    assert found.overdispersion == 0


def test_the_spread_beyond_poisson_is_that_of_the_customers_rates() -> None:
    # A Gamma rate of shape 2 has variance = mean^2 / 2.
    rng = np.random.default_rng(6)
    orders = rng.poisson(3 * rng.gamma(2.0, 0.5, 50_000))

    found = rate_regression(np.ones((50_000, 1)), orders)

    assert found is not None
    assert found.overdispersion == pytest.approx(0.5, abs=0.02)


def test_what_no_finite_ratio_is_likeliest_for_is_not_estimated() -> None:
    ones = np.ones(6)
    only_with = np.array([0, 0, 0, 1, 2, 3])
    indicator = np.array([0, 0, 0, 1, 1, 1])

    assert rate_regression(np.column_stack([ones, indicator]), only_with) is None
    assert rate_regression(np.column_stack([ones, ones]), only_with) is None
    assert rate_regression(ones[:, None], np.zeros(6, dtype=np.int64)) is None
    assert rate_regression(np.ones((1, 1)), np.array([3])) is None


def test_customers_of_very_different_rates_are_fitted_too() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(0, 9, 4_000)
    orders = rng.poisson(np.exp(-3 + x))

    found = rate_regression(np.column_stack([np.ones(x.size), x]), orders)

    assert found is not None
    errors = np.sqrt(np.diag(found.covariance))
    # Four standard errors: a false alarm about once in 16,000 seeds.
    assert (np.abs(found.coefficients - [-3, 1]) < 4 * errors).all()
