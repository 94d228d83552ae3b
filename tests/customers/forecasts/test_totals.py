import numpy as np
import pytest

from customers.forecasts.totals import total_forecast
from customers.forecasts.trade import Trade
from customers.models.bgnbd import BetaGeometric
from customers.models.histories import Histories

STEADY = Trade(0.0, 3)
MODEL = BetaGeometric("mbg_nbd", 0.5, 6.0, 0.9, 1.6)


def histories(n: int) -> Histories:
    return Histories(np.full(n, 3), np.full(n, 20.0), np.full(n, 25.0))


def test_a_total_is_the_sum_over_customers_each_by_her_worth() -> None:
    each = MODEL.expected_orders(histories(1), horizon_weeks=13)[0]
    worth = np.array([2.0, -1.0, 4.0])
    forecast = total_forecast(MODEL, histories(3), horizon_weeks=13, rng=np.random.default_rng(1), worth=worth)

    assert forecast.expected == pytest.approx(5 * each)


def test_many_customers_make_a_total_narrower_by_the_root_of_their_number() -> None:
    widths = {}
    for n in (100, 10_000):
        forecast = total_forecast(MODEL, histories(n), horizon_weeks=13, rng=np.random.default_rng(1), trade=STEADY)
        widths[n] = (forecast.high_90 - forecast.low_90) / forecast.expected

    assert widths[100] / widths[10_000] == pytest.approx(10, rel=0.1)


def test_known_parameters_and_steady_trade_leave_the_chance_of_simulated_futures() -> None:
    rng, many = np.random.default_rng(5), histories(200)
    totals = [MODEL.simulated_orders(many, horizon_weeks=13, rng=rng).sum() for _ in range(4000)]
    forecast = total_forecast(MODEL, many, horizon_weeks=13, rng=rng, trade=STEADY)

    spread = forecast.high_90 - forecast.low_90
    assert forecast.low_90 == pytest.approx(np.quantile(totals, 0.05), abs=0.06 * spread)
    assert forecast.high_90 == pytest.approx(np.quantile(totals, 0.95), abs=0.06 * spread)


def test_in_a_large_shop_the_ups_and_downs_of_trade_are_what_remains() -> None:
    forecast = total_forecast(
        MODEL, histories(1_000_000), horizon_weeks=13, rng=np.random.default_rng(1), trade=Trade(0.2, 1e9)
    )

    # Lognormal limits: exp(-+1.645 x 0.2) of the median; 2,000 draws know them to 2 %.
    assert forecast.low_90 / forecast.expected == pytest.approx(0.720, rel=0.03)
    assert forecast.high_90 / forecast.expected == pytest.approx(1.390, rel=0.03)


def test_trade_known_from_three_misses_has_limits_farther_away_than_its_deviation_says() -> None:
    forecast = total_forecast(
        MODEL, histories(1_000_000), horizon_weeks=13, rng=np.random.default_rng(1), trade=Trade(0.2, 3)
    )

    # Student's t with 3 degrees: exp(-+2.353 x 0.2); 2,000 draws know the 5th percentile to half a degree or so.
    assert forecast.low_90 / forecast.expected == pytest.approx(0.625, rel=0.06)
    assert forecast.high_90 / forecast.expected == pytest.approx(1.601, rel=0.06)
    assert (
        total_forecast(
            MODEL, histories(4), horizon_weeks=13, rng=np.random.default_rng(1), trade=Trade(0.5, 0.01)
        ).high_90
        < np.inf
    )


def test_a_formula_can_stand_in_for_the_expectation_and_nothing_ahead_is_nothing() -> None:
    rng = np.random.default_rng(1)
    by_formula = total_forecast(MODEL, histories(4), horizon_weeks=13, rng=rng, expected=np.array([1.0, 2, 3, 4]))
    assert by_formula.expected == 10
    assert 0 <= by_formula.low_90 <= by_formula.low_50 <= by_formula.high_50 <= by_formula.high_90

    nothing = total_forecast(MODEL, histories(4), horizon_weeks=0, rng=rng)
    assert (nothing.expected, nothing.low_90, nothing.high_90) == (0, 0, 0)
