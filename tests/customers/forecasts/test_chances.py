import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.forecasts.backtest import FEWEST_RETURNS, backtest, ranking_quality
from customers.forecasts.chances import OWN, Chances, learnt_chances
from customers.forecasts.lifetime_value import fit_lifetime_value
from customers.models.pareto_nbd import ParetoNBD
from customers.orders import order_days, statistics_of

weights = st.floats(0, 3)


def cases(n: int, *, seed: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chances and expected orders that do not say the same, and uniform numbers to decide who came."""
    rng = np.random.default_rng(seed)
    return rng.beta(1, 3, n), rng.gamma(0.7, 1.0, n) + 1e-3, rng.random(n)


def test_the_models_own_chances_are_left_as_they_are() -> None:
    chance = np.array([0.0, 1e-9, 0.3, 1.0])

    assert OWN.corrected(chance, np.array([0.0, 1e-9, 0.5, 4.0])) == pytest.approx(chance)


def test_a_chance_from_expected_orders_alone_is_that_of_a_poisson_customer() -> None:
    # 1 - exp(-2 x .5 ** .8), the level being log 2.
    chance = Chances(np.log(2), 0.0, 0.8).corrected(np.array([0.1]), np.array([0.5]))

    assert chance == pytest.approx([1 - np.exp(-2 * 0.5**0.8)])


@given(level=st.floats(-3, 3), of_chance=weights, of_orders=weights)
def test_a_chance_is_a_probability_and_never_falls_with_the_horizon(
    level: float, of_chance: float, of_orders: float
) -> None:
    model, chances = ParetoNBD(0.553, 10.578, 0.606, 11.669), Chances(level, of_chance, of_orders)
    one = statistics_of(order_days(np.zeros(3, int), np.array([0, 30, 90]), np.full(3, 100)), until_day=120).histories
    said = [
        chances.corrected(
            model.probability_of_order(one, horizon_weeks=weeks), model.expected_orders(one, horizon_weeks=weeks)
        )[0]
        for weeks in (0, 1e-6, 1, 13, 104)
    ]

    assert said[0] == 0
    assert all(0 <= chance <= 1 for chance in said)
    assert (np.diff(said) >= 0).all()


def test_a_model_that_is_right_is_left_nearly_alone() -> None:
    chance, expected, luck = cases(40_000)
    learnt = learnt_chances(chance, expected, luck < chance)

    assert learnt.corrected(chance, expected) == pytest.approx(chance, abs=0.03)


def test_customers_who_come_by_what_they_used_to_order_are_found_out() -> None:
    chance, expected, luck = cases(40_000)
    truth = Chances(-0.4, 0.3, 0.6).corrected(chance, expected)
    learnt = learnt_chances(chance, expected, luck < truth)

    assert learnt.corrected(chance, expected) == pytest.approx(truth, abs=0.03)


def test_few_customers_move_chances_a_little_and_many_all_the_way() -> None:
    said = []
    for n in (10, 100, 10_000):
        # Chances of .1, of which .3 came true.
        chance, came = np.full(n, 0.1), np.arange(n) < 0.3 * n
        said.append(learnt_chances(chance, chance, came).corrected(chance, chance)[0])

    assert 0.1 < said[0] < said[1] < said[2]
    assert said[2] == pytest.approx(0.3, abs=0.005)


def test_too_few_returns_correct_nothing(data_folder, cdnow_days) -> None:
    until = int(np.datetime64("1997-09-30").astype(int))
    few = cdnow_days.customer_ids % 40 == 0
    small = order_days(cdnow_days.customer_ids[few], cdnow_days.days[few], cdnow_days.values_minor[few])
    choice = backtest(small, until_day=until, horizon_weeks=13)

    assert 0 < sum((check.actual > 0).sum() for check in choice.of(choice.timing)) < FEWEST_RETURNS
    assert choice.chances_of(choice.timing) == OWN
    assert choice.chances_of("own_rate") == OWN


def test_the_past_of_cdnow_makes_its_chances_better_in_the_weeks_to_come(cdnow, cdnow_days) -> None:
    until = int(np.datetime64("1997-09-30").astype(int))
    choice = backtest(cdnow_days, until_day=until, horizon_weeks=13)
    model = fit_lifetime_value(cdnow, choice=choice)
    later = statistics_of(cdnow_days, until_day=until + 7 * 39)
    came = later.frequency > cdnow.frequency
    own = model.timing.probability_of_order(cdnow.histories, horizon_weeks=39)
    said = model.chance_of_order(cdnow.histories, horizon_weeks=39)

    assert np.mean((said - came) ** 2) < np.mean((own - came) ** 2)
    assert abs(said.mean() - came.mean()) < abs(own.mean() - came.mean())
    assert (ranking_quality(said, came) or 0) > (ranking_quality(own, came) or 0)
