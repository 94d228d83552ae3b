import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from customers.forecasts.lifetime_value import LifetimeValueModel, MeanSpend, NotEnoughHistory
from customers.models.bgnbd import BetaGeometric
from experiments.analysis import analyse
from experiments.design import Experiment
from experiments.outcomes import DAY_MICROSECONDS as DAY
from experiments.outcomes import Money, unit_outcomes
from experiments.projection import frozen_model, projected_clv, projected_entry, timing_of_effect, withheld_projection

POUNDS = Money("GBP", 2)
START, WINDOW = 280, 56


def order_lines(units: np.ndarray, days: np.ndarray, amount: int | np.ndarray = 2000) -> pd.DataFrame:
    """One purchase line per order, at noon-ish fractions of the given days."""
    at = np.rint(days * DAY).astype(np.int64)
    return pd.DataFrame(
        {
            "unit": units.astype(np.int64),
            "order": np.arange(units.size),
            "at": at,
            "day": at // DAY,
            "amount_minor": np.broadcast_to(amount, units.shape).astype(np.int64),
            "is_refund": False,
        }
    )


def exposed_at_start(arms: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"unit": np.arange(arms.size), "arm": arms, "first_exposed_at": START * DAY})


def shop(n: int, *, seed: int, treatment: str, mean_rate: float = 0.02) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Exposures and orders of customers with gamma rates per day; odd ones are treated by the named trick.

    ``none`` does nothing, ``lift`` adds a tenth of orders evenly over the window, ``pull`` moves 30 % of the orders of
    the four weeks after the window into its last week: no order more, no order less.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.2, mean_rate / 1.2, n)
    length = START + WINDOW + 28
    orders = rng.poisson(rate * length)
    unit = np.repeat(np.arange(n), orders)
    day = rng.random(unit.size) * length
    treated = unit % 2 == 1
    end = START + WINDOW
    if treatment == "pull":
        moved = treated & (day >= end) & (rng.random(unit.size) < 0.3)
        day = np.where(moved, end - 7 * rng.random(unit.size), day)
    if treatment == "lift":
        extra = rng.poisson(rate * WINDOW * 0.1) * (np.arange(n) % 2)
        unit = np.concatenate([unit, np.repeat(np.arange(n), extra)])
        day = np.concatenate([day, START + WINDOW * rng.random(int(extra.sum()))])
    values = np.rint(rng.lognormal(7.5, 0.5, unit.size)).astype(np.int64)
    arms = np.where(np.arange(n) % 2 == 1, "personal", "plain")
    return exposed_at_start(arms), order_lines(unit, day, values)


def project(n: int, *, seed: int, treatment: str, mean_rate: float = 0.02) -> dict[str, Any]:
    exposures, orders = shop(n, seed=seed, treatment=treatment, mean_rate=mean_rate)
    units = unit_outcomes(exposures, orders, window_days=WINDOW, as_of_us=(START + WINDOW) * DAY)
    model = frozen_model(orders, started_at_us=START * DAY)
    projection = projected_clv(units, orders, model, window_days=WINDOW, horizon_weeks=52)
    return projected_entry(units, projection, control="plain", arm="personal", money=POUNDS)


@pytest.fixture(scope="module")
def btyd_model() -> LifetimeValueModel:
    """The BTYD walkthrough's BG/NBD, with every order worth exactly 10.00."""
    timing = BetaGeometric("bg_nbd", r=0.2425967, alpha=4.413659, a=0.7929869, b=2.426164)
    return LifetimeValueModel(timing, MeanSpend(1000.0, 0.0), n_customers=2357, history_weeks=38.9)


def test_the_projection_is_what_was_earned_plus_the_published_expectation(btyd_model) -> None:
    # BTYD's customer 1516: 26 repeat orders, the last one 30 6/7 weeks after the first, known for 31 weeks.
    days = START + 7 - 217 + np.concatenate([[0], np.arange(1, 26) * 8, [216]])
    orders = order_lines(np.zeros(27), days.astype(float), 500)
    units = unit_outcomes(exposed_at_start(np.array(["a"])), orders, window_days=7, as_of_us=400 * DAY)
    projection = projected_clv(units, orders, btyd_model, window_days=7, horizon_weeks=53, margin_rate=0.5)

    assert units.loc[0, "revenue_minor"] == 500  # the last order only: day START + 6
    assert projection.values_minor[0] == pytest.approx(0.5 * (500 + 25.75659 * 1000), rel=1e-5)


def test_the_note_calls_margin_what_the_shop_keeps_and_names_the_refunds_it_knows(btyd_model) -> None:
    exposures, orders = shop(10, seed=1, treatment="none")
    units = unit_outcomes(exposures, orders, window_days=7, as_of_us=400 * DAY)

    def note(margin_rate: float) -> str:
        return projected_clv(units, orders, btyd_model, window_days=7, horizon_weeks=20, margin_rate=margin_rate).note

    assert "revenue, net of the refunds placed by then, in the 7 days after first exposure" in note(1.0)
    assert "margin, net of the refunds placed by then, in the 7 days after first exposure" in note(0.4)


def test_a_unit_cut_off_by_a_stop_is_not_projected(btyd_model) -> None:
    exposures = exposed_at_start(np.array(["a", "a"])).assign(first_exposed_at=[START * DAY, (START + 1) * DAY])
    orders = order_lines(np.array([0, 1]), np.array([3.0, 3.0]))
    units = unit_outcomes(exposures, orders, window_days=7, as_of_us=400 * DAY, served_until_us=(START + 7) * DAY)
    projection = projected_clv(units, orders, btyd_model, window_days=7, horizon_weeks=53)

    # The windows end on days START + 7 and START + 8; the arms were served until the first.
    assert np.isnan(projection.values_minor).tolist() == [False, True]


def test_a_unit_that_never_ordered_is_projected_to_order_nothing_and_an_immature_one_not_at_all(btyd_model) -> None:
    exposures = exposed_at_start(np.array(["a", "a"])).assign(first_exposed_at=[START * DAY, (START + 1) * DAY])
    orders = order_lines(np.array([7]), np.array([3.0]))
    units = unit_outcomes(exposures, orders, window_days=7, as_of_us=(START + 7) * DAY)
    projection = projected_clv(units, orders, btyd_model, window_days=7, horizon_weeks=53)

    assert projection.values_minor == pytest.approx([0.0, np.nan], nan_ok=True)


def test_orders_after_a_units_window_do_not_enter_its_projection(btyd_model) -> None:
    before = order_lines(np.zeros(3), np.array([100.0, 200.0, 284.0]))
    after = pd.concat([before, order_lines(np.zeros(5), START + 8 + np.arange(5.0)).assign(order=range(10, 15))])
    exposures = exposed_at_start(np.array(["a"]))

    def value(orders: pd.DataFrame) -> float:
        units = unit_outcomes(exposures, orders, window_days=7, as_of_us=400 * DAY)
        return float(projected_clv(units, orders, btyd_model, window_days=7, horizon_weeks=30).values_minor[0])

    assert value(after) == value(before) > 0


def test_the_model_is_frozen_before_the_start() -> None:
    orders = shop(600, seed=1, treatment="none")[1]
    later = orders.assign(amount_minor=np.where(orders["at"] >= START * DAY, 10**7, orders["amount_minor"]))
    model, same = (frozen_model(lines, started_at_us=START * DAY) for lines in (orders, later))

    assert model.logs.tolist() == same.logs.tolist()


def test_without_enough_history_the_reason_is_told() -> None:
    orders = shop(40, seed=1, treatment="none")[1]

    with pytest.raises(NotEnoughHistory, match="at least 100 customers"):
        frozen_model(orders, started_at_us=START * DAY)
    with pytest.raises(NotEnoughHistory, match="there are none"):
        frozen_model(orders, started_at_us=0)


@pytest.mark.parametrize("mean_rate", [0.02, 0.1])
def test_purchases_merely_moved_into_the_last_week_are_withheld(mean_rate) -> None:
    for seed in range(4):
        entry = project(6000, seed=seed, treatment="pull", mean_rate=mean_rate)
        assert entry["withheld"].startswith("the data do not show that the effect on orders was steady")
        assert entry["difference"] is None
        assert entry["interval"] is None


def test_a_steady_lift_and_no_effect_are_projected_and_labelled() -> None:
    shown = [project(6000, seed=seed, treatment="lift") for seed in range(3)]
    none = [project(6000, seed=seed, treatment="none") for seed in range(3)]

    for entry in shown + none:
        assert entry["withheld"] is None
        assert entry["projection"] is True
        assert entry["skewed"] is False
        assert entry["horizon_weeks"] == 52
        assert entry["p_value"] is None
        assert "A projection, not a measurement" in entry["note"]
        low, high = entry["interval"]
        assert low < entry["difference"] < high


def test_too_little_data_leaves_the_timing_unresolved() -> None:
    assert project(400, seed=0, treatment="none")["withheld"] is not None


def test_the_timing_contrast_is_the_paired_difference_of_the_halves() -> None:
    units = pd.DataFrame(
        {
            "arm": ["plain"] * 4 + ["personal"] * 4,
            "mature": True,
            "orders": [2, 2, 0, 0, 4, 2, 2, 0],
            "orders_early": [1, 1, 0, 0, 3, 1, 2, 0],
        }
    )
    timing = timing_of_effect(units, control="plain", arm="personal")

    # Late: plain 1 1 0 0, personal 1 1 0 0. Late less early: plain 0 0 0 0, personal -2 0 -2 0.
    assert timing["late_effect"] == 0
    assert timing["late_minus_early"] == -1
    # A fifth of the control's orders in half a window: it has one order per unit in the whole.
    assert timing["tolerance"] == pytest.approx(0.2 * 1 / 2)
    assert timing["steady"] is False


def test_the_models_error_is_carried_into_the_interval() -> None:
    exposures, orders = shop(6000, seed=2, treatment="lift")
    units = unit_outcomes(exposures, orders, window_days=WINDOW, as_of_us=(START + WINDOW) * DAY)
    model = frozen_model(orders, started_at_us=START * DAY)
    projection = projected_clv(units, orders, model, window_days=WINDOW, horizon_weeks=52)
    entry = projected_entry(units, projection, control="plain", arm="personal", money=POUNDS)

    treated = units["arm"].to_numpy() == "personal"
    slope = (projection.gradients_minor[treated].mean(0) - projection.gradients_minor[~treated].mean(0)) / 100
    assert entry["standard_error_model"] == pytest.approx(float(np.sqrt(slope @ projection.covariance @ slope)))
    assert entry["standard_error_model"] > 0
    half = (entry["interval"][1] - entry["interval"][0]) / 2
    total = (entry["standard_error_model"] ** 2 + entry["standard_error_sampling"] ** 2) ** 0.5
    # 1.96 for thousands of units.
    assert half / total == pytest.approx(1.96, abs=0.01)


def test_the_gradients_predict_what_another_parameter_would_have_given(btyd_model) -> None:
    exposures, orders = shop(300, seed=4, treatment="none")
    units = unit_outcomes(exposures, orders, window_days=WINDOW, as_of_us=(START + WINDOW) * DAY)
    step = np.array([0.01, -0.02, 0.01, 0.02, 0.015])

    def at(model: LifetimeValueModel) -> Any:
        return projected_clv(units, orders, model, window_days=WINDOW, horizon_weeks=40)

    here, there = at(btyd_model), at(btyd_model.at(btyd_model.logs + step))
    predicted = here.values_minor + here.gradients_minor @ step
    assert predicted == pytest.approx(there.values_minor, rel=0.005, abs=1.0)


def test_a_projection_travels_through_the_results_as_json() -> None:
    exposures, orders = shop(6000, seed=1, treatment="lift")
    units = unit_outcomes(exposures, orders, window_days=WINDOW, as_of_us=(START + WINDOW) * DAY)
    model = frozen_model(orders, started_at_us=START * DAY)
    design = Experiment.parse(
        {
            "key": "feed",
            "arms": [{"key": "plain", "share": 0.5}, {"key": "personal", "share": 0.5}],
            "control": "plain",
            "primary": {"outcome": "orders", "window_days": WINDOW},
            "secondary": ["projected_clv"],
        }
    )
    results = analyse(
        design,
        units,
        {"plain": 3000, "personal": 3000},
        as_of_us=(START + WINDOW) * DAY,
        currency="GBP",
        currency_exponent=2,
        status="finished",
        projected=projected_clv(units, orders, model, window_days=WINDOW, horizon_weeks=52),
    )

    assert json.loads(json.dumps(results, allow_nan=False)) == results
    assert results["outcomes"]["projected_clv"]["personal"]["control_mean"] > 0


def test_a_window_beyond_the_horizon_leaves_nothing_to_project(btyd_model) -> None:
    exposures, orders = shop(10, seed=1, treatment="none")
    units = unit_outcomes(exposures, orders, window_days=WINDOW, as_of_us=400 * DAY)
    projection = projected_clv(units, orders, btyd_model, window_days=WINDOW, horizon_weeks=8)

    assert projection.withheld is not None
    assert "the window of 56 days reaches beyond the horizon of 8 weeks" in projection.withheld


def test_a_projection_of_other_units_is_refused(btyd_model) -> None:
    exposures, orders = shop(6000, seed=1, treatment="none")
    units = unit_outcomes(exposures, orders, window_days=WINDOW, as_of_us=(START + WINDOW) * DAY)
    projection = projected_clv(units, orders, btyd_model, window_days=WINDOW, horizon_weeks=52)

    with pytest.raises(ValueError, match="must be of the 5999 units given, got 6000"):
        projected_entry(units.iloc[1:], projection, control="plain", arm="personal", money=POUNDS)


def test_a_withheld_projection_keeps_the_reason_it_was_given() -> None:
    units = unit_outcomes(*shop(50, seed=1, treatment="none"), window_days=WINDOW, as_of_us=(START + WINDOW) * DAY)
    projection = withheld_projection("not enough history", horizon_weeks=52)

    entry = projected_entry(units, projection, control="plain", arm="personal", money=POUNDS)
    assert entry["withheld"] == "not enough history"
