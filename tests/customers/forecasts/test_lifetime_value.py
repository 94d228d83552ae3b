import numpy as np
import pytest

from customers.forecasts.backtest import BackTest
from customers.forecasts.lifetime_value import (
    FEWEST_CUSTOMERS,
    LifetimeValueModel,
    MeanSpend,
    NotEnoughHistory,
    fit_lifetime_value,
)
from customers.models.bgnbd import BetaGeometric
from customers.orders import OrderStatistics, order_statistics


def shop(n: int, *, seed: int = 1, value_spread: float = 0.4, until_day: int = 280) -> OrderStatistics:
    """Histories of n customers who order at rates of their own and never leave."""
    rng = np.random.default_rng(seed)
    orders = 1 + rng.poisson(rng.gamma(1.0, 3.0, n))
    ids = np.repeat(np.arange(n), orders)
    values = np.rint(2000 * np.exp(value_spread * rng.standard_normal(ids.size)))
    return order_statistics(ids, rng.integers(0, until_day, ids.size), values.astype(np.int64), until_day=until_day)


def test_value_is_expected_orders_times_expected_spend() -> None:
    # Parameters and orders of customer 1516 as printed in the BTYD walkthrough (cran/BTYD 2.4.3).
    timing = BetaGeometric("bg_nbd", 0.2425967, 4.413659, 0.7929869, 2.426164)
    model = LifetimeValueModel(timing, MeanSpend(1000.0, 10.0), n_customers=1, history_weeks=31.0)
    customer = OrderStatistics(
        customer_ids=np.array([1516]),
        frequency=np.array([26]),
        recency_weeks=np.array([30 + 6 / 7]),
        age_weeks=np.array([31.0]),
        mean_value_minor=np.array([950.0]),
        valued_repeats=np.array([26]),
        log_gaps=np.zeros(1),
    )

    # BTYD's 25.75659 orders in 52 weeks, 10.00 each.
    assert model.projected_value_minor(customer, 52) == pytest.approx([25756.59], rel=4e-6)


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


def test_a_back_test_chooses_the_model_and_lets_a_small_shop_have_one() -> None:
    statistics = shop(30)
    untested = BackTest(13, (), "mbg_nbd", None, "", 0.13)

    model = fit_lifetime_value(statistics, choice=untested)
    assert model.name.startswith("mbg_nbd")
    assert np.isfinite(model.projected_value_minor(statistics, 52)).all()
    with pytest.raises(NotEnoughHistory, match="at least 10 customers who ordered, and there are 9"):
        fit_lifetime_value(shop(9), choice=untested)


def test_the_model_at_its_own_parameters_is_the_same_model() -> None:
    statistics = shop(300)
    model = fit_lifetime_value(statistics)

    assert model.at(model.logs).projected_value_minor(statistics, 20) == pytest.approx(
        model.projected_value_minor(statistics, 20)
    )


def expected_spend_of(model: LifetimeValueModel, statistics: OrderStatistics) -> np.ndarray:
    """What the model expects each customer to spend per order: value over the number of orders, each worth 1."""
    orders = LifetimeValueModel(model.timing, MeanSpend(1.0, 0.0), 1, 1.0).projected_value_minor(statistics, 10)
    return model.projected_value_minor(statistics, 10) / orders


def orders_every_nine_days(values: np.ndarray) -> OrderStatistics:
    """Customer ``i`` orders on one to six days, each time for ``values[i]``."""
    n_orders = 1 + np.arange(values.size) % 6
    ids = np.repeat(np.arange(values.size), n_orders)
    nth = np.arange(ids.size) - np.repeat(np.cumsum(n_orders) - n_orders, n_orders)
    return order_statistics(ids, ids % 97 + 9 * nth, values[ids], until_day=200)


def test_where_every_order_is_worth_the_same_that_is_what_everyone_is_expected_to_spend() -> None:
    statistics = orders_every_nine_days(np.full(300, 2000))
    spend = expected_spend_of(fit_lifetime_value(statistics), statistics)

    assert spend == pytest.approx(np.full(300, 2000.0), rel=1e-3)


def test_where_spend_has_no_finite_mean_over_customers_everyone_is_expected_to_spend_the_mean_order() -> None:
    # u^-2: the share above a level falls with the square root of the level, and a mean needs more than its first power.
    values = np.rint(1000 * np.random.default_rng(6).random(300) ** -2).astype(np.int64)
    statistics = orders_every_nine_days(values)
    model = fit_lifetime_value(statistics)

    repeats = np.arange(300) % 6
    mean = (repeats * values).sum() / repeats.sum()
    error = np.sqrt(((repeats * (values - mean)) ** 2).sum()) / repeats.sum()
    assert model.name.endswith("x mean_spend")
    assert model.spend == MeanSpend(pytest.approx(mean), pytest.approx(error))
    assert expected_spend_of(model, statistics) == pytest.approx(np.full(300, mean))


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
    model = LifetimeValueModel(BetaGeometric("bg_nbd", 1, 5, 1, 3), spend, 100, 30.0)

    # In logarithms, by the delta method: (50 / 2000)^2.
    assert model.covariance[-1, -1] == pytest.approx(0.000625)
    assert model.at(model.logs + np.array([0, 0, 0, 0, np.log(2)])).spend == MeanSpend(pytest.approx(4000.0), 50.0)
