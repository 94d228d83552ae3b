import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.report.takings import FEWEST_WEEKS, Futures, weekly_futures


def futures(past, *, n_weeks=13, seed=0) -> Futures:
    return weekly_futures(np.asarray(past, dtype=np.float64), n_weeks=n_weeks, rng=np.random.default_rng(seed))


def test_a_shop_that_always_takes_the_same_goes_on_so() -> None:
    ahead = futures([2_500.0] * 20)

    assert ahead.means() == pytest.approx(np.full(13, 2_500.0), rel=1e-3)
    assert ahead.total_interval(0.9) == pytest.approx((13 * 2_500, 13 * 2_500), rel=0.01)


def test_too_few_weeks_are_refused() -> None:
    with pytest.raises(ValueError, match=f"past must hold at least {FEWEST_WEEKS} weeks, got 7"):
        futures([1.0] * 7)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 10**12), min_size=FEWEST_WEEKS, max_size=60))
def test_sales_are_never_expected_below_nothing_and_intervals_nest(past) -> None:
    ahead = futures(past)
    low_50, high_50 = ahead.interval(0.5)
    low_90, high_90 = ahead.interval(0.9)

    assert np.isfinite(ahead.weekly).all()
    assert (low_90 >= 0).all()
    assert ((low_90 <= low_50) & (low_50 <= high_50) & (high_50 <= high_90)).all()


@settings(max_examples=30)
@given(st.integers(1, 10**6))
def test_the_unit_of_money_changes_nothing(unit) -> None:
    past = np.array([3.0, 9.0, 4.0, 4.0, 7.0, 0.0, 5.0, 6.0, 8.0, 5.0])

    assert futures(past * unit).means() == pytest.approx(futures(past).means() * unit)


def test_intervals_of_the_total_cover_what_comes_where_trade_goes_on_as_it_was() -> None:
    # Weeks of Poisson orders worth about 20 each at a fixed level. 90 % of 200 is 180 +- 4 standard deviations of 4.2;
    # books of 26 weeks cannot know that the level does not drift, so more may be covered, but not less.
    rng = np.random.default_rng(11)
    covered = 0
    for shop in range(200):
        orders = rng.poisson(30, 39)
        weeks = np.array([rng.gamma(4.0, 5.0, n).sum() for n in orders])
        low, high = futures(weeks[:26], seed=shop).total_interval(0.9)
        covered += low <= weeks[26:].sum() <= high
    assert covered >= 180 - 17


def test_intervals_of_the_total_cover_a_level_that_drifts() -> None:
    # A level (as square root) that moves by a fifth of each week's surprise: the model's own kind of shop.
    rng = np.random.default_rng(12)
    covered = 0
    for shop in range(200):
        level, weeks = 40.0, []
        for surprise in rng.standard_normal(52 + 13) * 4.0:
            weeks.append((level + surprise) ** 2)
            level += 0.2 * surprise
        low, high = futures(weeks[:52], seed=shop).total_interval(0.9)
        covered += low <= sum(weeks[52:]) <= high
    assert 180 - 17 <= covered <= 180 + 17


def test_widening_keeps_what_is_expected_and_adds_its_own_variance() -> None:
    ahead = futures([100.0, 121.0, 90.0, 95.0, 110.0, 105.0, 99.0, 102.0, 97.0, 104.0])
    wide = ahead.widened(0.3, np.random.default_rng(1))

    # 4,000 futures: the mean of factors with a spread of 0.3 is known to 0.5 %.
    assert wide.totals.mean() == pytest.approx(ahead.totals.mean(), rel=0.02)
    assert np.log(wide.totals).var() == pytest.approx(np.log(ahead.totals).var() + 0.3**2, rel=0.1)
    assert ahead.widened(0.0, np.random.default_rng(1)).totals == pytest.approx(ahead.totals)
