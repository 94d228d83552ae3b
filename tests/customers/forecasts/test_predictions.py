import numpy as np
import pytest

from customers.forecasts.lifetime_value import LifetimeValueModel, MeanSpend
from customers.forecasts.lookalikes import MOST_OF_THEIR_OWN
from customers.forecasts.predictions import EVER_WEEKS, LEAST_RETURN, Spread, new_customer_value, predictions
from customers.models.bgnbd import BetaGeometric
from customers.models.gamma_gamma import SpendModel
from customers.models.histories import TimingModel, distinct_histories
from customers.models.pareto_nbd import ParetoNBD
from customers.models.regular import RegularGeometric
from customers.orders import OrderStatistics

PARETO = ParetoNBD(0.553, 10.578, 0.606, 11.669)
SPEND = SpendModel(6.25, 3.74, 1544.0)


def customers() -> OrderStatistics:
    return OrderStatistics(
        customer_ids=np.arange(5),
        frequency=np.array([0, 2, 26, 4, 2]),
        recency_weeks=np.array([0.0, 30.43, 30.86, 6.0, 30.43]),
        age_weeks=np.array([38.86, 38.86, 31.0, 38.86, 38.86]),
        mean_value_minor=np.array([np.nan, 2235.0, 1800.0, 3500.0, 9000.0]),
        valued_repeats=np.array([0, 2, 26, 4, 2]),
        log_gaps=np.array([0.0, 5.4, 4.4, 1.6, 5.4]),
    )


def model(spend: SpendModel | MeanSpend = SPEND) -> LifetimeValueModel:
    return LifetimeValueModel(PARETO, spend, n_customers=5, history_weeks=38.86)


def nested(spread: Spread) -> bool:
    known = ~np.isnan(spread.expected)
    rising = np.stack([spread.low_90, spread.low_50, spread.high_50, spread.high_90])[:, known]
    return bool((np.diff(rising, axis=0) >= 0).all())


def test_each_number_is_the_models_own_and_intervals_nest() -> None:
    statistics = customers()
    result = predictions(model(), statistics, horizon_weeks=39, rng=np.random.default_rng(1))

    histories = statistics.histories
    assert result.alive == pytest.approx(PARETO.probability_alive(histories))
    assert result.orders.expected == pytest.approx(PARETO.expected_orders(histories, horizon_weeks=39))
    assert result.chance_of_order == pytest.approx(PARETO.probability_of_order(histories, horizon_weeks=39))
    assert result.margin_minor.expected == pytest.approx(result.orders.expected * result.spend_minor.expected)
    assert all(nested(s) for s in (result.orders, result.next_order_weeks, result.spend_minor, result.margin_minor))


def test_the_orders_interval_holds_nine_in_ten_simulated_futures() -> None:
    statistics = customers()
    result = predictions(model(), statistics, horizon_weeks=39, rng=np.random.default_rng(1))
    rng, n = np.random.default_rng(2), 4000
    futures = PARETO.simulated_orders(statistics.histories.of(np.full(n, 2)), horizon_weeks=39, rng=rng)

    # 200 draws know a limit to a few percent of the customers beyond it; whole orders add as much again.
    within = ((futures >= result.orders.low_90[2]) & (futures <= result.orders.high_90[2])).mean()
    assert 0.86 < within < 0.97


def test_the_next_order_is_due_when_its_chance_is_half_of_ever() -> None:
    statistics = customers()
    result = predictions(model(), statistics, horizon_weeks=39, rng=np.random.default_rng(1))
    ever = PARETO.probability_of_order(statistics.histories, horizon_weeks=EVER_WEEKS)

    assert (np.isnan(result.next_order_weeks.expected) == (ever < LEAST_RETURN)).all()
    regular = statistics.histories.of(np.array([2]))
    due = PARETO.probability_of_order(regular, horizon_weeks=float(result.next_order_weeks.expected[2]))
    assert due == pytest.approx(ever[2] / 2, abs=0.02)


def test_a_margin_can_be_a_loss_and_then_its_interval_turns_round() -> None:
    statistics, rng = customers(), np.random.default_rng(1)
    rate = np.array([0.5, 0.5, -0.1, 0.5, 0.5])
    result = predictions(model(), statistics, horizon_weeks=39, rng=rng, margin_rate=rate)

    assert result.margin_minor.expected[2] < 0
    assert result.margin_minor.low_90[2] < result.margin_minor.high_90[2] <= 0
    assert result.residual_minor[2] < 0
    assert nested(result.margin_minor)


def test_spend_rests_on_more_the_more_orders_there_are() -> None:
    spend = predictions(model(), customers(), horizon_weeks=1, rng=np.random.default_rng(1)).spend_minor
    width = (spend.high_90 - spend.low_90) / spend.expected

    assert width[2] < width[3] < width[1] < width[0]


def test_the_same_generator_gives_the_same_predictions() -> None:
    first, again = (
        predictions(model(MeanSpend(2000.0, 50.0)), customers(), horizon_weeks=13, rng=np.random.default_rng(7))
        for _ in range(2)
    )

    assert (first.margin_minor.high_90 == again.margin_minor.high_90).all()
    # 1.645 standard errors of 50 on either side.
    assert first.spend_minor.low_90[0] == pytest.approx(2000 - 1.645 * 50, abs=0.1)


def test_a_new_customers_orders_are_those_published_for_cdnow() -> None:
    value = new_customer_value(model(MeanSpend(1000.0, 0.0)), horizon_weeks=52, margin_rate=0.3)

    # BTYD's walkthrough: E[X(52)] = 1.473434 (parameters printed to three decimals).
    assert value.orders == pytest.approx(1.473434, rel=1e-3)
    assert value.margin_minor == pytest.approx(300 * 1.473434, rel=1e-3)
    assert value.residual_minor > value.margin_minor


def test_bg_nbd_is_not_asked_who_is_alive() -> None:
    timing = BetaGeometric("bg_nbd", 0.243, 4.414, 0.793, 2.426)
    value, statistics = LifetimeValueModel(timing, SPEND, 5, 38.86), customers()
    with pytest.raises(ValueError, match="one-time customers can leave, got bg_nbd"):
        predictions(value, statistics, horizon_weeks=13, rng=np.random.default_rng(1))

    churn = BetaGeometric("mbg_nbd", 0.525, 6.183, 0.891, 1.614)
    result = predictions(value, statistics, horizon_weeks=13, rng=np.random.default_rng(1), churn=churn)
    assert result.alive == pytest.approx(churn.probability_alive(statistics.histories))


@pytest.fixture(scope="module")
def many() -> OrderStatistics:
    """Customers of a year with more different histories than ``MOST_OF_THEIR_OWN``, who spend differently."""
    rng, n = np.random.default_rng(3), 40_000
    age = rng.integers(7, 365, n)
    frequency = np.minimum(rng.geometric(0.3, n) - 1, age)
    recency = np.where(frequency > 0, np.maximum(rng.integers(0, age + 1), frequency), 0)
    means = np.where(frequency > 0, 1544 * 6.25 / rng.gamma(3.74, size=n), np.nan)
    shop = OrderStatistics(np.arange(n), frequency, recency / 7, age / 7, means, frequency, np.zeros(n))
    assert len(distinct_histories(shop.histories).rows) > MOST_OF_THEIR_OWN
    return shop


@pytest.mark.parametrize("timing", [PARETO, RegularGeometric("mbg_nbd", 2, 0.6, 3.0, 0.8, 3.0)])
def test_the_intervals_of_a_large_shop_hold_what_was_simulated_customer_by_customer(
    timing: TimingModel, many: OrderStatistics
) -> None:
    rng = np.random.default_rng(4)
    value = LifetimeValueModel(timing, SPEND, n_customers=len(many), history_weeks=52)
    result = predictions(value, many, horizon_weeks=26, rng=rng)

    orders, x = timing.simulated_orders(many.histories, horizon_weeks=26, rng=rng), many.valued_repeats
    came, scale = orders > 0, SPEND.gamma + x * np.nan_to_num(many.mean_value_minor)
    worth = np.zeros(orders.size)
    worth[came] = rng.gamma(SPEND.p * orders[came]) / rng.gamma(SPEND.p * x + SPEND.q)[came] * scale[came]
    # Whole orders hold a limit's chance or more. Money exceeds it with just that chance where anything is likely enough
    # to come; customers by the thousand know it to half a point, and 200 draws of each kind shift it by as much.
    assert (orders < result.orders.low_90).mean() <= 0.05
    assert (orders > result.orders.high_90).mean() <= 0.055
    for limit, chance in ((result.margin_minor.high_90, 0.05), (result.margin_minor.high_50, 0.25)):
        likely = result.chance_of_order > 1.5 * chance
        assert (worth > limit)[likely].mean() == pytest.approx(chance, abs=0.01)


def test_a_large_shop_keeps_each_customers_own_expectations(many: OrderStatistics) -> None:
    result = predictions(model(), many, horizon_weeks=26, rng=np.random.default_rng(1))
    some = np.arange(0, len(many), 200)
    few = OrderStatistics(*(getattr(many, name)[some] for name in OrderStatistics.__slots__))
    alone = predictions(model(), few, horizon_weeks=26, rng=np.random.default_rng(1))

    assert result.orders.expected[some] == pytest.approx(alone.orders.expected)
    assert result.chance_of_order[some] == pytest.approx(alone.chance_of_order)
    assert result.spend_minor.high_90[some] == pytest.approx(alone.spend_minor.high_90)
    # What is found once for a kind, whose members differ by up to 5 % in age and orders.
    assert result.residual_minor[some] == pytest.approx(alone.residual_minor, rel=0.02)
    due, known = result.next_order_weeks.expected[some], ~np.isnan(alone.next_order_weeks.expected)
    assert (np.isnan(due) == ~known).all()
    assert due[known] == pytest.approx(alone.next_order_weeks.expected[known], rel=0.06)
