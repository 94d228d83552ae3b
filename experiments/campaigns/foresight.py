"""What the shop's own past says a campaign can show, before anything is sent.

Windows as long as the campaign's, in which nothing was sent, are looked at as if one had been: the customers of that
day are drawn into arms as they would be now, and what they did is read as it will be. How far the readings lie apart,
with nothing to be found, says how large an effect must be to be found.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from customers.orders import OrderDays
from experiments.campaigns.lots import drawn_lots
from experiments.campaigns.standing import Standing, standing_before, window_orders
from experiments.statistics.randomisation import blocks_of, lots_spread

MOST_WINDOWS = 4
"""Past windows looked at."""

POWER = 0.8
"""Chance of finding an effect of the smallest visible size."""

FEWEST_ORDERING = 5
"""Customers who must have ordered in a window before anything is read from it: with fewer, intervals on real shops miss
too often (CDNOW, 30 customers, 4 weeks: 9 to 11 % where they say 5 %), since one sale more would change everything."""


@dataclass(frozen=True, slots=True)
class Visible:
    """What is usual in a window, and by how much it must change to be seen, both per customer.

    Attributes:
        usual: Mean of the past windows.
        smallest: Smallest effect that is found in ``POWER`` of campaigns.
    """

    usual: float
    smallest: float

    @property
    def relative(self) -> float | None:
        """The smallest effect as a share of what is usual; None where nothing is."""
        return self.smallest / self.usual if self.usual > 0 else None


@dataclass(frozen=True, slots=True)
class Foresight:
    """What can be seen of each outcome.

    Attributes:
        n_windows: Past windows looked at; 0 if the records are too short for one.
        n_ordering: Customers, of as many as there are now, who order in a window anyway.
        ordered: Share of customers who order.
        orders: Order days per customer.
        margin_minor: Margin per customer in minor units.
    """

    n_windows: int
    n_ordering: float
    ordered: Visible | None
    orders: Visible | None
    margin_minor: Visible | None

    @property
    def is_readable(self) -> bool:
        """Whether enough customers order in a window to read anything."""
        return self.n_ordering >= FEWEST_ORDERING


def foreseen(
    orders: OrderDays,
    standing: Standing,
    *,
    until_day: int,
    n_days: int,
    holdout: float,
    rng: np.random.Generator,
) -> Foresight:
    """What a campaign of these customers can show.

    Args:
        orders: All that the shop knows.
        standing: Those who are to be drawn; in the past, the customers of the day are.
        until_day: Last day of the past: the day before the campaign, or the last one that the records cover.
        n_days: Window of the campaign.
        holdout: Share held out.
        rng: Source of the lots drawn in the past.
    """
    known = np.isin(orders.customer_ids, standing.customer_ids)
    own = orders.of(known)
    past = [
        _replayed(own, first_day=day, n_days=n_days, holdout=holdout, n_now=len(standing), rng=rng)
        for day in (until_day + 1 - n_days * back for back in range(1, MOST_WINDOWS + 1))
    ]
    windows = [window for window in past if window is not None]
    if not windows:
        return Foresight(0, 0.0, None, None, None)
    usual = np.mean([window.usual for window in windows], axis=0)
    spread = np.sqrt(np.mean([np.square(window.spread) for window in windows], axis=0))
    ordered, per_customer, margin = (
        Visible(float(mean), float(error) * _reach(standing, holdout=holdout))
        for mean, error in zip(usual, spread, strict=True)
    )
    return Foresight(len(windows), float(usual[0] * len(standing)), ordered, per_customer, margin)


@dataclass(frozen=True, slots=True)
class _Window:
    """Means and spreads of share ordering, order days and margin in one past window."""

    usual: tuple[float, ...]
    spread: tuple[float, ...]


def _replayed(
    orders: OrderDays, *, first_day: int, n_days: int, holdout: float, n_now: int, rng: np.random.Generator
) -> _Window | None:
    """One past window, its spreads scaled to the customers of now; None if there were too few customers then."""
    then = standing_before(orders, first_day=first_day)
    if len(then) < max(8, n_now // 4):
        return None
    did = window_orders(orders, then.customer_ids, first_day=first_day, n_days=n_days)
    lots = drawn_lots(then, holdout=holdout, rng=rng)
    values = (did.ordered.astype(np.float64), did.orders.astype(np.float64), did.margin_minor.astype(np.float64))
    known = (then.activity, then.activity, then.margin_activity)
    spreads = [
        lots_spread(value, lots.block, lots.is_contacted, covariates=covariate[:, None], rng=rng)
        for value, covariate in zip(values, known, strict=True)
    ]
    if any(spread is None for spread in spreads):
        return None
    scale = np.sqrt(len(then) / n_now)
    return _Window(
        tuple(float(value.mean()) for value in values),
        tuple(float(spread * scale) for spread in spreads if spread is not None),
    )


def _reach(standing: Standing, *, holdout: float) -> float:
    """Standard errors between nothing and an effect that is found in ``POWER`` of campaigns, at 5 % two-sided."""
    lots = drawn_lots(standing, holdout=holdout, rng=np.random.default_rng(0))
    df = max(1, len(standing) - 2 * blocks_of(lots.block, lots.is_contacted).sizes.size)
    return float(stats.t.isf(0.025, df) + stats.t.ppf(POWER, df))
