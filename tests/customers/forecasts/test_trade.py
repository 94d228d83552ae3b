from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shops import cdnow_days, food_stall_days, online_retail_days

from customers.forecasts.priors import SHOPS
from customers.forecasts.timing import UNTESTED, fitted_timing
from customers.forecasts.trade import MISSES, Trade, believed_trade
from customers.orders import OrderDays, statistics_of

ORDERS_OF: dict[str, Callable[[Path], OrderDays]] = {
    "cdnow": cdnow_days,
    "online_retail": online_retail_days,
    "food_stall": lambda _: food_stall_days(3000, seed=5),
}


@pytest.mark.parametrize("shop", SHOPS)
def test_the_misses_are_those_at_a_quarter_and_at_half_of_each_record(data_folder: Path, shop: str) -> None:
    orders = ORDERS_OF[shop](data_folder)
    first, days = int(orders.days.min()), int(orders.days.max() - orders.days.min())
    others = tuple(name for name in SHOPS if name != shop)

    missed = []
    for share in (0.25, 0.5):
        ahead = int(days * share)
        before = statistics_of(orders, until_day=first + ahead)
        after = statistics_of(orders, until_day=first + 2 * ahead)
        came = after.frequency[np.isin(after.customer_ids, before.customer_ids)].sum() - before.frequency.sum()
        model = fitted_timing(before.histories, UNTESTED, shops=others)
        expected = model.expected_orders(before.histories, horizon_weeks=ahead / 7).sum()
        missed.append(float(np.log(expected / came)))
    assert missed == pytest.approx(MISSES[shop], abs=0.005)


def test_a_shop_counts_as_one_miss_however_many_windows_it_has() -> None:
    trade = believed_trade(("online_retail", "food_stall"))

    # Root mean square of .026, .144, .146 and .123.
    assert trade.deviation == pytest.approx(((0.026**2 + 0.144**2 + 0.146**2 + 0.123**2) / 4) ** 0.5)
    assert trade.degrees == 2


def test_own_misses_outvote_what_is_believed() -> None:
    # Three degrees of .1 and one of .3: (3 x .01 + .09) / 4 = .03.
    informed = Trade(0.1, 3).informed(np.array([0.09]))
    assert informed.deviation == pytest.approx(0.03**0.5)
    assert informed.degrees == 4
    assert Trade(0.1, 3).informed(np.array([])).deviation == pytest.approx(0.1)


def test_trade_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="deviation of trade must be at least 0, got -1"):
        Trade(-1, 3)
    with pytest.raises(ValueError, match="degrees of trade must be above 0, got 0"):
        Trade(0.1, 0)
    with pytest.raises(ValueError, match="shops must name at least 1 shop, got 0"):
        believed_trade(())
