import numpy as np
import pytest

from customers.bgnbd import TimingModel
from customers.gamma_gamma import SpendModel
from customers.lifetime_value import (
    FEWEST_CUSTOMERS,
    LifetimeValueModel,
    MeanSpend,
    NotEnoughHistory,
    fit_lifetime_value,
)
from customers.orders import OrderStatistics, order_statistics


def shop(n: int, *, seed: int = 1, value_spread: float = 0.4, until_day: int = 280) -> OrderStatistics:
    """Histories of n customers who order at rates of their own and never leave."""
    rng = np.random.default_rng(seed)
    orders = 1 + rng.poisson(rng.gamma(1.0, 3.0, n))
    ids = np.repeat(np.arange(n), orders)
    values = np.rint(2000 * np.exp(value_spread * rng.standard_normal(ids.size)))
    return order_statistics(ids, rng.integers(0, until_day, ids.size), values.astype(np.int64), until_day=until_day)


def test_value_is_expected_orders_times_expected_spend(published) -> None:
    timing = TimingModel("bg_nbd", **published["expected_orders"][1]["parameters"])
    model = LifetimeValueModel(timing, MeanSpend(1000.0, 10.0), n_customers=1, history_weeks=31.0)
    customer = OrderStatistics(
        customer_ids=np.array([1516]),
        frequency=np.array([26]),
        recency_weeks=np.array([30 + 6 / 7]),
        age_weeks=np.array([31.0]),
        mean_value_minor=np.array([950.0]),
        valued_repeats=np.array([26]),
        first_value_minor=np.array([900.0]),
    )

    # BTYD's 25.75659 orders in 52 weeks, 10.00 each.
    assert model.projected_value_minor(customer, 52) == pytest.approx([25756.59], rel=4e-6)


def test_a_discount_lowers_value_by_no_more_than_its_last_week_would() -> None:
    statistics = shop(300)
    model = fit_lifetime_value(statistics)
    plain = model.projected_value_minor(statistics, 26)
    discounted = model.projected_value_minor(statistics, 26, weekly_discount=0.002)

    assert (discounted <= plain).all()
    assert (discounted >= plain / 1.002**26).all()
    assert model.projected_value_minor(statistics, 26, weekly_discount=1e-12) == pytest.approx(plain)


def test_projected_values_are_finite_and_never_negative_for_resampled_small_shops() -> None:
    for seed in range(12):
        statistics = shop(FEWEST_CUSTOMERS, seed=seed, value_spread=1.5)
        model = fit_lifetime_value(statistics)
        values = model.projected_value_minor(statistics, 52)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        assert np.isfinite(model.covariance).all()


def test_no_horizon_is_worth_nothing() -> None:
    statistics = shop(200)

    assert not fit_lifetime_value(statistics).projected_value_minor(statistics, 0).any()


def test_the_likelier_timing_model_is_chosen_on_cdnow(cdnow) -> None:
    # MBG/NBD -9582.136 against BG/NBD -9582.429, both published.
    model = fit_lifetime_value(cdnow)

    assert model.name == "mbg_nbd x gamma_gamma"
    assert model.n_customers == 2357


def test_the_model_at_its_own_parameters_is_the_same_model() -> None:
    statistics = shop(300)
    model = fit_lifetime_value(statistics)

    assert model.at(model.logs).projected_value_minor(statistics, 20) == pytest.approx(
        model.projected_value_minor(statistics, 20)
    )


def test_equal_baskets_fall_back_to_the_mean_order() -> None:
    statistics = shop(200, value_spread=0.0)
    model = fit_lifetime_value(statistics)
    values = model.projected_value_minor(statistics, 10)
    orders = LifetimeValueModel(model.timing, MeanSpend(1.0, 0.0), 1, 1.0).projected_value_minor(statistics, 10)

    # Several baskets on one day are one order of several times 2,000, so the mean lies at or a little above it.
    spend = values / orders
    assert ((spend >= 1900) & (spend <= 4100)).all()


@pytest.mark.parametrize(
    ("statistics", "missing"),
    [
        (shop(20), "at least 100 customers who ordered, and there are 20"),
        (shop(150, until_day=14), "at least 4 weeks of history"),
        (
            order_statistics(np.arange(200), np.arange(200), np.full(200, 500), until_day=250),
            "at least 30 customers who ordered again, and there are 0",
        ),
        (
            order_statistics(np.tile(np.arange(200), 2), np.repeat([0, 90], 200), np.zeros(400, int), until_day=250),
            "repeat orders with a value above 0",
        ),
    ],
)
def test_a_history_that_carries_no_model_is_refused_with_what_is_missing(statistics, missing) -> None:
    with pytest.raises(NotEnoughHistory, match=missing):
        fit_lifetime_value(statistics)


def test_the_mean_order_carries_its_own_standard_error() -> None:
    spend = MeanSpend(2000.0, 50.0)
    model = LifetimeValueModel(TimingModel("bg_nbd", 1, 5, 1, 3), spend, 100, 30.0)

    # In logarithms, by the delta method: (50 / 2000)^2.
    assert model.covariance[-1, -1] == pytest.approx(0.000625)
    assert model.at(model.logs + np.array([0, 0, 0, 0, np.log(2)])).spend == MeanSpend(pytest.approx(4000.0), 50.0)


def test_a_negative_discount_is_refused() -> None:
    model = LifetimeValueModel(TimingModel("bg_nbd", 1, 5, 1, 3), SpendModel(6, 4, 15), 100, 30.0)

    with pytest.raises(ValueError, match="weekly_discount must be at least 0"):
        model.projected_value_minor(shop(5), 10, weekly_discount=-0.1)
