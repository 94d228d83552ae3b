"""How forecasts of small shops do: 600 resamples each of three shops, whose own numbers the forecast does not know."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shops import cdnow_days, food_stall_days, online_retail_days
from small_shops import judged

from customers.forecasts.priors import SHOPS
from customers.orders import OrderDays, statistics_of

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
    # The bar is 28 and 17 % on CDNOW; on the other shops, of which no bar is known, what misses of trade alone make.
    # A median of 600 resamples has a standard error of 1.2 points (30 customers) or .8 (100): two of them may pass.
    bar = {30: 0.28, 100: 0.17 if shop == "cdnow" else 0.20}[n]
    assert result.median_error <= bar + {30: 0.024, 100: 0.016}[n]
    # Meant for 90 % of shops, not of one shop's resamples: where the other shops swing more than the one judged, it
    # holds nearly all of them.
    assert result.coverage >= 0.85
