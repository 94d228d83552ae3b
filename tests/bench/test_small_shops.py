"""How forecasts of small shops do: 600 resamples each of three shops, whose own numbers the forecast does not know."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shops import cdnow_days, food_stall_days, online_retail_days
from small_shops import judged

from customers.orders import OrderDays, statistics_of
from customers.priors import SHOPS

pytestmark = pytest.mark.bench

SHOPS_SEEN: dict[str, tuple[Callable[[Path], OrderDays], int, int]] = {
    "cdnow": (cdnow_days, int(np.datetime64("1997-09-30").astype(np.int64)), 39),
    "online_retail": (online_retail_days, int(np.datetime64("2011-06-01").astype(np.int64)), 26),
    "food_stall": (lambda _: food_stall_days(3000, seed=5), 182, 13),
}


@pytest.mark.parametrize("n", [30, 100])
@pytest.mark.parametrize("shop", SHOPS_SEEN)
def test_small_shops_are_forecast_within_reach_and_with_honest_intervals(
    data_folder: Path, shop: str, n: int, capsys: pytest.CaptureFixture[str]
) -> None:
    orders_of, until_day, weeks = SHOPS_SEEN[shop]
    orders = orders_of(data_folder)
    before = statistics_of(orders, until_day=until_day)
    after = statistics_of(orders, until_day=until_day + 7 * weeks)
    actual = after.frequency[np.isin(after.customer_ids, before.customer_ids)] - before.frequency
    others = tuple(name for name in SHOPS if name != shop)

    result = judged(before, actual, horizon_weeks=weeks, n=n, resamples=600, shops=others)
    with capsys.disabled():
        print(f"\n{shop}, {n} customers: {result}")  # noqa: T201
    # What leave-one-shop-out reaches on the hardest of the three (31 and 18 %), and two standard errors of a median.
    assert result.median_error <= {30: 0.36, 100: 0.22}[n]
    # 200 resamples of a coverage of 85 to 95 % lie within 4 points of it 9 times in 10.
    assert 0.81 <= result.coverage <= 0.99
