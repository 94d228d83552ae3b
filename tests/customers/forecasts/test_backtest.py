import numpy as np
import pytest

from customers.forecasts.backtest import FEWEST_RETURNS, backtest, calibration, every_nth_customer, ranking_quality
from customers.forecasts.heuristics import heuristic_orders
from customers.forecasts.trade import believed_trade
from customers.orders import OrderDays, order_days


def orders_on(days_by_customer: list[list[int]]) -> OrderDays:
    ids = np.repeat(np.arange(len(days_by_customer)), [len(days) for days in days_by_customer])
    days = np.array([day for days in days_by_customer for day in days], dtype=np.int64)
    return order_days(ids, days, np.full(days.size, 1000))


def shop(n: int = 400, *, k: int = 1, weeks: int = 52, seed: int = 2, slack_from: int | None = None) -> OrderDays:
    """Customers who arrive over the first half of the time, order about every four weeks and leave after 1 order in 8.

    From the day ``slack_from`` on, all gaps are three times as long.
    """
    rng = np.random.default_rng(seed)
    ids, days = [], []
    for customer in range(n):
        day, gap, leaving = rng.uniform(0, weeks * 3.5), 28 / rng.gamma(4, 1 / 4), rng.beta(1, 7)
        while day < weeks * 7:
            ids.append(customer)
            days.append(int(day))
            if rng.random() < leaving:
                break
            slow = 3 if slack_from is not None and day > slack_from else 1
            day += rng.gamma(k, slow * gap / k)
    return order_days(np.array(ids), np.array(days), np.full(len(ids), 1000))


def test_formulas_are_what_a_spreadsheet_would_say() -> None:
    # Day 28 ends the history; periods of two weeks are days 1-14 and 15-28.
    orders = orders_on([[0, 7, 21], [14], [1, 20, 27], [0]])

    # 8 orders of 4 customers in 4 weeks: half an order each a week.
    spreadsheet = heuristic_orders(orders, "spreadsheet", until_day=28, horizon_weeks=2)
    assert spreadsheet == pytest.approx([1, 1, 1, 1])
    # Repeats per week of age: 2 in 4, none in 2, 2 in 27/7, none in 4.
    own = heuristic_orders(orders, "own_rate", until_day=28, horizon_weeks=2)
    assert own == pytest.approx([1, 0, 2 * 2 / (27 / 7), 0])
    # Active in days 1-14: customers 0, 1, 2; of them 0 and 2 were active again, with 1 and 2 orders.
    retained = heuristic_orders(orders, "gupta_lehmann", until_day=28, horizon_weeks=2)
    assert retained == pytest.approx([2 / 3, 0, 4 / 3, 0])


def test_ranking_quality_is_the_share_of_pairs_in_the_right_order() -> None:
    scores, came = np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, True, False, True])

    # Pairs (came, did not): .4-.1 right, .4-.4 a tie, .9-.1 and .9-.4 right.
    assert ranking_quality(scores, came) == pytest.approx(3.5 / 4)
    assert ranking_quality(scores, np.ones(4, bool)) is None


def test_calibration_never_splits_customers_of_equal_chance() -> None:
    chance = np.array([0.1] * 6 + [0.5] * 2 + [0.9] * 2)
    groups = calibration(chance, np.array([True] * 3 + [False] * 4 + [True] * 3), groups=5)

    assert groups.customers == [6, 2, 2]
    assert groups.said == pytest.approx([0.1, 0.5, 0.9])
    assert groups.came == pytest.approx([3 / 6, 1 / 2, 1])


def test_a_forecast_of_the_past_knows_nothing_of_what_came() -> None:
    whole, horizon = shop(), 8
    result = backtest(whole, until_day=364, horizon_weeks=horizon, candidates=("mbg_nbd",))
    first = result.of("mbg_nbd")[0]
    cut = backtest(whole.until(364 - 28), until_day=364 - 28, horizon_weeks=4, candidates=("mbg_nbd",))

    assert [check.origin_day for check in result.of("mbg_nbd")] == [364 - 56 * back for back in (1, 2, 3, 4)]
    assert first.origin_day == cut.of("mbg_nbd")[0].origin_day
    # The same customers, the same history: twice the weeks, but the expectations of one and the same fit.
    assert np.corrcoef(first.expected, cut.of("mbg_nbd")[0].expected)[0, 1] > 0.999
    assert first.actual.sum() > cut.of("mbg_nbd")[0].actual.sum()


def test_regular_customers_choose_the_model_of_regular_timing() -> None:
    result = backtest(shop(600, k=6), until_day=364, horizon_weeks=4)

    assert result.timing == "mbg_cnbd_k"
    assert result.fallback is None
    assert "told best who would come back" in result.reason


def test_a_short_history_chooses_nothing_and_says_so() -> None:
    result = backtest(shop(weeks=10), until_day=70, horizon_weeks=26)
    assert (result.timing, result.checks, result.mean_miss) == ("bg_nbd", (), None)
    assert result.trade == believed_trade()
    assert "too short to check a forecast of 26 weeks" in result.reason

    small = backtest(shop(25), until_day=364, horizon_weeks=3)
    assert sum((check.actual > 0).sum() for check in small.of("own_rate")) < FEWEST_RETURNS
    assert small.timing == "bg_nbd"
    assert "too few to choose a model by" in small.reason


def test_a_formula_that_misses_by_less_takes_over_and_the_reason_names_it() -> None:
    # Every Monday since they came, without exception: her own rate so far foretells each customer exactly.
    everyone = orders_on([list(range(day, 300, 7)) for day in range(60)])
    result = backtest(everyone, until_day=299, horizon_weeks=4, candidates=("bg_nbd",))

    assert result.fallback is not None
    assert "is used instead" in result.reason
    assert result.mean_miss == pytest.approx(np.mean([abs(check.total_error) for check in result.of(result.fallback)]))


def test_trade_that_swings_widens_what_later_totals_may_be() -> None:
    steady = backtest(shop(1500), until_day=364, horizon_weeks=8, candidates=("mbg_nbd",))
    slack = backtest(shop(1500, slack_from=280), until_day=364, horizon_weeks=8, candidates=("mbg_nbd",))

    assert slack.trade.deviation > believed_trade().deviation > steady.trade.deviation
    assert steady.trade.degrees == believed_trade().degrees + len(steady.of("mbg_nbd"))


@pytest.mark.parametrize("days", [[[5]], [[5]] * 40, [[5, 5]] * 40, [[]]])
def test_books_without_a_past_are_answered_in_words(days: list[list[int]]) -> None:
    result = backtest(orders_on(days), until_day=200, horizon_weeks=4)

    assert result.checks == ()
    assert result.reason
    with pytest.raises(ValueError, match="horizon_weeks must be above 0, got 0"):
        backtest(orders_on(days), until_day=200, horizon_weeks=0)


def test_of_a_large_shop_every_nth_customer_is_looked_at_with_all_her_orders() -> None:
    orders = order_days(np.array([1, 1, 4, 5, 5, 5, 9]), np.arange(7), np.full(7, 100))

    # Four customers, at most three: every second of them.
    some, every = every_nth_customer(orders, most=3)
    assert (some.customer_ids.tolist(), some.days.tolist(), every) == ([1, 1, 5, 5, 5], [0, 1, 3, 4, 5], 2)
    assert every_nth_customer(orders, most=4) == (orders, 1)
    with pytest.raises(ValueError, match="most must be at least 1 customer, got 0"):
        every_nth_customer(orders, most=0)


def test_a_back_test_of_some_customers_is_that_of_a_shop_with_these_alone_and_says_so() -> None:
    orders = shop()
    some = backtest(orders, until_day=364, horizon_weeks=13, most_customers=200)
    alone = backtest(every_nth_customer(orders, most=200)[0], until_day=364, horizon_weeks=13)

    assert (some.every, alone.every) == (2, 1)
    assert [check.total_error for check in some.checks] == [check.total_error for check in alone.checks]
    assert some.reason == alone.reason + " Forecasts were checked on every n-th customer only, n being 2."
