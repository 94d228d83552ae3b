import numpy as np
import pytest

from customers.forecasts.season import EVEN, Season, fitted_season, winning_season
from customers.models.bgnbd import fit_bgnbd
from customers.orders import OrderDays, order_days, statistics_of

YEAR_BEGINS = int(np.datetime64("2024-01-01").astype(np.int64))
CHRISTMAS = np.array([0.7, 0.7, 0.8, 0.8, 0.9, 0.9, 0.9, 0.9, 1.0, 1.1, 1.5, 1.8])


def shop(factors: np.ndarray, *, days: int = 1000, n: int = 900, seed: int = 4) -> OrderDays:
    """Customers who arrive all along and order by the day with the factor of its month, each at a rate of her own."""
    rng = np.random.default_rng(seed)
    season = Season(factors)
    start, rate = rng.integers(0, days - 30, n), rng.gamma(1.5, 0.02, n)
    stays = rng.exponential(500, n)
    at = np.arange(days)
    chance = rate[:, None] * season.factors_on(YEAR_BEGINS + at)
    ordered = rng.random((n, days)) < chance
    ordered &= (at > start[:, None]) & (at < (start + stays)[:, None])
    ordered[np.arange(n), start] = True
    who, when = np.nonzero(ordered)
    return order_days(who, YEAR_BEGINS + when, np.full(who.size, 500))


def test_the_clock_adds_up_the_days_by_their_months_factor() -> None:
    season = Season(np.array([2.0, 0.5, *[1.0] * 10]))
    january_30 = int(np.datetime64("2024-01-30").astype(np.int64))

    # The 31st of January counts 2, the first two days of February a half each.
    assert season.weeks_between(january_30, january_30 + 3) == pytest.approx((2 + 0.5 + 0.5) / 7)
    assert season.weeks_between(january_30 + 3, january_30) == pytest.approx(-3 / 7)


def test_without_a_season_histories_are_those_of_plain_weeks() -> None:
    orders = shop(np.ones(12), n=100)
    until = YEAR_BEGINS + 900
    plain, even = statistics_of(orders, until_day=until).histories, EVEN.histories(orders, until_day=until)

    assert (even.frequency == plain.frequency).all()
    assert even.recency_weeks == pytest.approx(plain.recency_weeks)
    assert even.age_weeks == pytest.approx(plain.age_weeks)
    assert plain.log_gaps is not None
    assert even.log_gaps == pytest.approx(plain.log_gaps)
    assert EVEN.log_jacobian(orders, until_day=until) == 0


def test_a_faster_year_is_the_same_year_to_the_likelihood() -> None:
    # Twice the factor all year is another unit of time: parameters differ, the comparable likelihood does not.
    orders, until, double = shop(CHRISTMAS, n=200), YEAR_BEGINS + 900, Season(np.full(12, 2.0))
    plain = fit_bgnbd(EVEN.histories(orders, until_day=until), name="mbg_nbd").fit
    fast = fit_bgnbd(double.histories(orders, until_day=until), name="mbg_nbd").fit

    assert plain is not None
    assert fast is not None
    assert fast.log_likelihood + double.log_jacobian(orders, until_day=until) == pytest.approx(plain.log_likelihood)


def test_the_season_of_simulated_years_is_found_and_wins() -> None:
    orders, until = shop(CHRISTMAS), YEAR_BEGINS + 999
    found = fitted_season(orders, until_day=until)

    # Some 500 orders a month and factor: errors of 5 %, and a fifth of that again by shrinkage.
    assert found.factors / found.factors.mean() == pytest.approx(CHRISTMAS / CHRISTMAS.mean(), abs=0.2)


def test_a_season_wins_by_foretelling_the_next_christmas() -> None:
    orders, new_year = shop(CHRISTMAS), YEAR_BEGINS + 730
    season = winning_season(orders, until_day=new_year, horizon_weeks=13)

    assert season is not EVEN
    assert season.factors[11] > 1.3 * season.factors[8]


def test_less_than_a_year_shows_no_season_and_nothing_ahead_is_refused() -> None:
    orders = shop(CHRISTMAS, n=200)
    assert fitted_season(orders, until_day=YEAR_BEGINS + 300) is EVEN
    assert winning_season(orders, until_day=YEAR_BEGINS + 420, horizon_weeks=13) is EVEN
    with pytest.raises(ValueError, match="horizon_weeks must be above 0, got 0"):
        winning_season(orders, until_day=YEAR_BEGINS + 420, horizon_weeks=0)
    with pytest.raises(ValueError, match="factors must be 12 numbers above 0"):
        Season(np.zeros(12))
