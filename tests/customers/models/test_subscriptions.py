import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.models.subscriptions import SubscriptionModel, fit_subscriptions


def test_a_cohort_that_is_half_gone_after_each_of_two_renewals_follows_by_hand() -> None:
    # B(1, 1 + t) / B(1, 1) = 1 / (1 + t): half are there after one renewal, a third after two, a quarter after three.
    model = SubscriptionModel(1.0, 1.0)

    assert model.survival(np.arange(4)) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert model.retention(np.arange(1, 4)) == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    # After one renewal: (1/3 + 1/4) / (1/2) in the next two periods.
    assert model.expected_renewals(np.array([1]), horizon_periods=2) == pytest.approx([(1 / 3 + 1 / 4) / (1 / 2)])


def test_a_remaining_lifetime_is_the_sum_of_survival_where_that_has_an_end() -> None:
    model = SubscriptionModel(3.0, 2.0)
    ahead = np.arange(1, 200_000)
    by_hand = (model.survival(4 + ahead) / model.survival(np.array([4]))).sum()

    assert model.expected_remaining_lifetime(np.array([4])) == pytest.approx([by_hand], rel=1e-6)
    # By hand it is (2 + 4) / (3 - 1).
    assert model.expected_remaining_lifetime(np.array([4])) == pytest.approx([3.0])
    assert SubscriptionModel(0.9, 2.0).expected_remaining_lifetime(np.array([0, 7])).tolist() == [np.inf, np.inf]


@given(alpha=st.floats(0.05, 30), beta=st.floats(0.05, 30), renewals=st.integers(0, 60), rate=st.floats(0.02, 1))
def test_a_discounted_lifetime_is_its_sum(alpha: float, beta: float, renewals: int, rate: float) -> None:
    model, k = SubscriptionModel(alpha, beta), np.arange(2_000)
    terms = model.survival(renewals + 1 + k) / model.survival(np.array([renewals])) * (1 + rate) ** -k.astype(float)

    lifetime = model.discounted_remaining_lifetime(np.array([renewals]), rate_per_period=rate)
    assert lifetime == pytest.approx([terms.sum()], rel=1e-6)


def test_cohorts_of_different_ages_recover_the_parameters_that_made_them() -> None:
    rng = np.random.default_rng(4)
    truth = {"alpha": 0.8, "beta": 2.0}
    cohorts = []
    for periods in (3, 6, 12):
        leaves = rng.geometric(rng.beta(truth["alpha"], truth["beta"], 4_000))
        cohorts.append([int((leaves > period).sum()) for period in range(periods + 1)])
    model = fit_subscriptions(cohorts)

    assert model.fit.converged
    for name, value in truth.items():
        # Four standard errors: a false alarm about once in 8,000 seeds for the two together.
        assert abs(model.parameters[name] - value) < 4 * model.standard_errors[name]


def test_one_cohort_in_two_parts_fits_as_the_whole() -> None:
    whole = fit_subscriptions([[900, 700, 600, 550]])
    parts = fit_subscriptions([[500, 400, 350, 300], [400, 300, 250, 250]])

    assert parts.parameters == pytest.approx(whole.parameters, rel=1e-5)


@pytest.mark.parametrize("survivors", [[[10, 11]], [[0, 0]], [[10, 5, -1]], [[], [5, 4]]])
def test_survivors_that_rise_or_never_were_are_refused(survivors) -> None:
    with pytest.raises(ValueError, match="survivors must start above 0 and never rise"):
        fit_subscriptions(survivors)


@pytest.mark.parametrize("survivors", [[], [[10]]])
def test_a_cohort_before_its_first_renewal_says_nothing(survivors) -> None:
    with pytest.raises(ValueError, match="at least 1 renewal date"):
        fit_subscriptions(survivors)


def test_what_has_no_end_is_refused() -> None:
    model = SubscriptionModel(1.0, 1.0)

    with pytest.raises(ValueError, match="rate_per_period must be above 0, got 0"):
        model.discounted_remaining_lifetime(np.array([1]), rate_per_period=0)
    with pytest.raises(ValueError, match="horizon_periods must be at least 0, got -1"):
        model.expected_renewals(np.array([1]), horizon_periods=-1)
