import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.models.gamma_gamma import SpendModel, expected_spend, fit_spend


def test_the_currency_changes_only_the_scale() -> None:
    rng = np.random.default_rng(2)
    orders = rng.integers(1, 9, 400)
    means = rng.gamma(3.0, 1.0, 400) * rng.gamma(9.0, 1 / 9, 400)
    pounds, rupiah = fit_spend(orders, means), fit_spend(orders, means * 20_000)

    assert rupiah.p == pytest.approx(pounds.p, rel=1e-4)
    assert rupiah.q == pytest.approx(pounds.q, rel=1e-4)
    assert rupiah.gamma == pytest.approx(pounds.gamma * 20_000, rel=1e-4)


@given(x=st.integers(0, 200), mean=st.floats(0.01, 1e6), p=st.floats(0.1, 20), q=st.floats(1.01, 20))
def test_expected_spend_lies_between_the_customers_own_mean_and_everyones(x, mean, p, q) -> None:
    model = SpendModel(p, q, gamma=15.0)
    spend = expected_spend(model, np.array([x]), mean_value=np.array([mean]))[0]
    own = mean if x else model.population_mean

    assert min(own, model.population_mean) * (1 - 1e-9) <= spend <= max(own, model.population_mean) * (1 + 1e-9)


def test_nothing_is_expected_of_strangers_by_a_model_without_a_mean() -> None:
    model = SpendModel(p=2.0, q=0.9, gamma=10.0)

    assert model.population_mean == np.inf
    with pytest.raises(ValueError, match="q must be above 1 for every customer"):
        expected_spend(model, np.array([0]), mean_value=np.array([np.nan]))


def test_a_spend_without_an_end_is_refused_and_never_negative() -> None:
    model = SpendModel(p=0.2, q=0.7, gamma=10.0)

    # 0.2 * 1 + 0.7 = 0.9: (10 + 5) * 0.2 / (0.9 - 1) would be -30. With two orders it is 0.2 * (10 + 2 * 5) / 0.1 = 40.
    with pytest.raises(ValueError, match=r"p \* orders \+ q must be above 1 for every customer, got 0.9"):
        expected_spend(model, np.array([2, 1]), mean_value=np.array([5.0, 5.0]))
    assert expected_spend(model, np.array([2]), mean_value=np.array([5.0])) == pytest.approx([40.0])


def test_a_customer_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="mean value above 0"):
        fit_spend(np.array([1, 2]), np.array([3.0, 0.0]))
