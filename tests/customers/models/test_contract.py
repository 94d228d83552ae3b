"""What holds for every model of timing, whatever it believes."""

import numpy as np
import pytest
from scipy import integrate

from customers.models.bgnbd import BetaGeometric
from customers.models.histories import Histories, TimingModel, new_customer
from customers.models.pareto_nbd import ParetoNBD
from customers.models.regular import RegularGeometric
from customers.models.residual import discounted_expected_orders

MODELS: list[TimingModel] = [
    BetaGeometric("bg_nbd", 0.25, 4.4, 0.8, 2.4),
    BetaGeometric("mbg_nbd", 0.52, 6.2, 0.9, 1.6),
    ParetoNBD(0.55, 10.6, 0.61, 11.7),
    RegularGeometric("bg_nbd", 2, 0.25, 1.5, 0.9, 2.1),
    RegularGeometric("mbg_nbd", 3, 0.8, 1.4, 0.9, 9.0),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
# Regular timing sums order by order, too slow for a quadrature of thousands of points; at k = 1 it is held to MBG/NBD.
every_closed_model = pytest.mark.parametrize("model", MODELS[:3], ids=lambda model: model.name)

HISTORIES = Histories(
    frequency=np.array([0, 0, 1, 2, 5, 26, 60]),
    recency_weeks=np.array([0.0, 0.0, 3.0, 30.4, 20.0, 30.9, 51.0]),
    age_weeks=np.array([0.0, 30.0, 38.9, 38.9, 40.0, 31.0, 52.0]),
    log_gaps=np.array([0.0, 0.0, np.log(3.0), 2 * np.log(15.2), 5 * np.log(4.0), 26 * np.log(1.18), 60 * np.log(0.85)]),
)


@every_model
def test_no_time_ahead_brings_no_orders(model: TimingModel) -> None:
    assert model.expected_orders(HISTORIES, horizon_weeks=0) == pytest.approx(np.zeros(7), abs=1e-12)
    assert model.probability_of_order(HISTORIES, horizon_weeks=0) == pytest.approx(np.zeros(7), abs=1e-12)
    assert not model.simulated_orders(HISTORIES, horizon_weeks=0, rng=np.random.default_rng(1)).any()


@every_model
def test_an_order_is_never_likelier_than_being_alive_nor_than_orders_are_many(model: TimingModel) -> None:
    for weeks in (1, 13, 52):
        chance = model.probability_of_order(HISTORIES, horizon_weeks=weeks)
        assert (chance <= model.probability_alive(HISTORIES) + 1e-9).all()
        assert (chance <= model.expected_orders(HISTORIES, horizon_weeks=weeks) + 1e-9).all()


@every_model
def test_simulated_futures_have_the_expected_mean_and_chance(model: TimingModel) -> None:
    rng, n = np.random.default_rng(11), 40_000
    many = HISTORIES.of(np.repeat(np.arange(len(HISTORIES)), n))
    orders = model.simulated_orders(many, horizon_weeks=13, rng=rng).reshape(len(HISTORIES), n)

    # Five standard errors: a false alarm once in 60,000 or so, for the 14 comparisons of a model together.
    error = 5 * orders.std(axis=1) / n**0.5 + 1e-9
    assert (abs(orders.mean(axis=1) - model.expected_orders(HISTORIES, horizon_weeks=13)) < error).all()
    chance = model.probability_of_order(HISTORIES, horizon_weeks=13)
    assert (abs((orders > 0).mean(axis=1) - chance) < 5 * (chance * (1 - chance) / n) ** 0.5 + 1e-9).all()


@every_model
def test_a_model_at_its_own_logs_is_the_same_model(model: TimingModel) -> None:
    again = model.at(model.logs)

    assert again.name == model.name
    assert again.parameters == pytest.approx(model.parameters)
    assert again.log_likelihood(HISTORIES) == pytest.approx(model.log_likelihood(HISTORIES))


@every_model
def test_a_new_customer_orders_more_the_longer_one_waits(model: TimingModel) -> None:
    expected = [model.expected_orders(new_customer(), horizon_weeks=weeks)[0] for weeks in (1, 4, 13, 52, 104)]

    assert np.all(np.diff(expected) > 0)


@every_model
def test_a_horizon_below_0_is_refused(model: TimingModel) -> None:
    for ask in (model.expected_orders, model.probability_of_order):
        with pytest.raises(ValueError, match="horizon_weeks must be at least 0, got -1"):
            ask(HISTORIES, horizon_weeks=-1)


@every_closed_model
@pytest.mark.parametrize("rate_per_week", [0.0005, 0.02])
def test_residual_orders_are_the_mean_over_an_exponential_horizon(model: TimingModel, rate_per_week: float) -> None:
    residual = discounted_expected_orders(model, HISTORIES, rate_per_week=rate_per_week)

    for row in range(len(HISTORIES)):
        one = HISTORIES.of(np.array([row]))

        def expected(quantile: float, one: Histories = one) -> float:
            return float(model.expected_orders(one, horizon_weeks=-np.log(quantile) / rate_per_week)[0])

        assert residual[row] == pytest.approx(integrate.quad(expected, 0, 1, limit=400)[0], rel=1e-5)


@every_model
def test_undiscounted_residual_orders_are_refused(model: TimingModel) -> None:
    with pytest.raises(ValueError, match="rate_per_week must be above 0, got 0"):
        discounted_expected_orders(model, HISTORIES, rate_per_week=0)
