import numpy as np
import pytest

from customers.models.maximum import maximise


def test_the_maximum_of_an_exponential_sample_is_that_of_the_textbook() -> None:
    values = np.random.default_rng(3).exponential(2.5, 400)

    def log_likelihood(logs):
        rate = np.exp(logs[0])
        return float(values.size * logs[0] - rate * values.sum()), np.array([values.size - rate * values.sum()])

    found = maximise(log_likelihood, np.zeros(1), n=400.0)

    assert found.converged
    assert np.exp(found.logs[0]) == pytest.approx(1 / values.mean(), rel=1e-8)
    # The information about the logarithm of a rate is n, so the rate's standard error is rate / sqrt(n) = rate / 20.
    assert found.standard_errors[0] == pytest.approx(np.exp(found.logs[0]) / 20, rel=1e-5)


def test_a_parameter_that_runs_away_stops_at_its_bound_with_no_variance_to_give() -> None:
    def log_likelihood(logs):
        return float(-np.exp(-logs[0]) - (logs[1] - 1) ** 2), np.array([np.exp(-logs[0]), -2 * (logs[1] - 1)])

    found = maximise(log_likelihood, np.zeros(2), n=1.0)

    assert found.converged
    assert np.isfinite(found.covariance).all()
    assert found.logs[1] == pytest.approx(1.0, abs=1e-6)
    # Curvature 2 in the second parameter, none left in the first.
    assert found.covariance[1, 1] == pytest.approx(0.5, rel=1e-6)


def test_a_slope_that_never_ends_is_held_by_the_bound() -> None:
    found = maximise(lambda logs: (float(logs.sum()), np.ones(1)), np.zeros(1), n=1.0)

    assert found.logs[0] == pytest.approx(12.0)
    assert found.covariance[0, 0] == 0
    assert found.converged


def test_a_likelihood_without_a_finite_gradient_has_not_converged() -> None:
    found = maximise(lambda logs: (float(-(logs[0] ** 2)), np.array([np.inf])), np.zeros(1), n=1.0)

    assert not found.converged


def test_a_coefficient_may_be_negative_and_has_its_own_standard_error() -> None:
    # A normal log-likelihood around (log 5, -2) with standard deviations .1 and .3: e^1.6 * .1 = .5 for the parameter.
    def log_likelihood(logs):
        away = (logs - np.array([np.log(5.0), -2.0])) / np.array([0.1, 0.3])
        return float(-(away @ away) / 2), -away / np.array([0.1, 0.3])

    found = maximise(log_likelihood, np.zeros(2), n=1.0, n_coefficients=1)

    assert found.logs == pytest.approx([np.log(5.0), -2.0])
    assert found.standard_errors == pytest.approx([0.5, 0.3], rel=1e-5)
