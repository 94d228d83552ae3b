"""What an experiment measures: exposures and order lines in, one row of outcomes per unit out."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from customers.books.netting import numbered_orders

IntArray = npt.NDArray[np.int64]
DAY_MICROSECONDS = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an outcome is read: what it is called, how it is compared, and which column of the units holds it.

    ``label`` goes between "the" and "was" in a sentence; ``{value}`` in it is margin or revenue (see
    ``outcome_label``). A projection has no column: its values come beside the units. Outcomes of one column are one
    question asked in different units.
    """

    label: str
    kind: Literal["proportion", "mean", "money"]
    column: str | None
    is_projection: bool = False


OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "repeat_in_window": Outcome("share who ordered on two or more days", "proportion", "repeat_in_window"),
        "second_purchase": Outcome(
            "share who ordered a second time, of those who had ordered on one day before,",
            "proportion",
            "second_purchase",
        ),
        "another_purchase": Outcome(
            "share who ordered again, of those who had ordered before,", "proportion", "another_purchase"
        ),
        "orders": Outcome("average number of days with an order", "mean", "orders"),
        "revenue": Outcome("average revenue, net of refunds placed in the window,", "money", "revenue_minor"),
        "observed_clv": Outcome(
            "average {value} earned in the window, net of refunds placed in it,", "money", "revenue_minor"
        ),
        "projected_clv": Outcome("average {value}, projected beyond the window,", "money", None, is_projection=True),
    }
)
"""Every outcome by its name on the wire, in the order in which results list them."""


@dataclass(frozen=True, slots=True)
class Money:
    """How minor units become what a reader sees.

    ``margin_rate`` is the share of net revenue that the shop keeps (1.0: value is revenue itself).
    """

    currency: str
    currency_exponent: int
    margin_rate: float = 1.0

    @property
    def minor_per_major(self) -> int:
        """Minor units in one major unit (100 for a pound, 1 for a yen)."""
        return int(10**self.currency_exponent)


def value_word(margin_rate: float) -> str:
    """What customer value consists of: margin only where the shop has said that it does not keep the whole revenue."""
    return "margin" if margin_rate < 1 else "revenue"


def outcome_label(name: str, *, margin_rate: float) -> str:
    """What the outcome is called between "the" and "was" in a sentence."""
    return OUTCOMES[name].label.format(value=value_word(margin_rate))


def observed_values(units: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """The named outcome of each unit as it stands in the frame (money in minor units), ``nan`` where it has none.

    Raises:
        ValueError: If the outcome is a projection.
    """
    column = OUTCOMES[name].column
    if column is None:
        raise ValueError(f"outcome must be something observed, got {name!r}")
    values: npt.NDArray[np.float64] = units[column].to_numpy(dtype=np.float64)
    return values


def net_orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per order that was really an order, from the order lines of it that count.

    Orders are those of ``customers.books.netting`` by its rules 1 and 4 alone: a refund whose purchase is not among the
    lines takes nothing from other orders, so that what stood before a unit's start stays as it stood. An order of value
    0 without a refund (free goods, or a shop that sends no amounts) is one, worth nothing.

    Args:
        lines: Columns ``unit``, ``order``, ``at`` (microseconds UTC), ``day`` (shop day), ``amount_minor`` (refund
            lines negative), ``is_refund``.

    Returns:
        Columns ``unit``, ``order``, ``at`` and ``day`` of its first purchase line, ``net_minor`` (0 or more).
    """
    orders = numbered_orders(
        lines["unit"].to_numpy(dtype=np.int64),
        lines["order"].to_numpy(dtype=np.int64),
        instants=lines["at"].to_numpy(dtype=np.int64),
        amounts_minor=lines["amount_minor"].to_numpy(dtype=np.int64),
        is_refund=lines["is_refund"].to_numpy(dtype=np.bool_),
    )
    first = lines[["unit", "order", "at", "day"]].iloc[orders.first_rows[orders.is_order]]
    return first.assign(net_minor=orders.net_minor[orders.is_order]).reset_index(drop=True)


def lines_before(orders: pd.DataFrame, unit_ids: IntArray, *, until_us: IntArray) -> pd.DataFrame:
    """The order lines of the given units that were written before each unit's own instant.

    Args:
        orders: Order lines as ``unit_outcomes`` takes them.
        unit_ids: Units to look at, each once, shape ``(n_units,)``.
        until_us: Instant at which each unit's lines stop, exclusive, shape ``(n_units,)``.

    Returns:
        The lines, with ``unit`` replaced by the unit's row in ``unit_ids``.
    """
    rows = pd.Index(unit_ids).get_indexer(pd.Index(orders["unit"]))
    known = rows >= 0
    known[known] = orders["at"].to_numpy()[known] < until_us[rows[known]]
    return orders.loc[known].assign(unit=rows[known].astype(np.int64))


def unit_outcomes(
    exposures: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    window_days: int,
    as_of_us: int,
    served_until_us: int | None = None,
) -> pd.DataFrame:
    """One row per unit first exposed before the data cut-off, with its outcomes in its own window.

    The window of a unit is half-open, ``[t0, t0 + window)``, from its first exposure ``t0``. Rules:

    - An *order day* is a shop day on which at least one real order (see ``net_orders``) was placed; it belongs to the
      instant of its first order, so an afternoon basket after a morning one is not a second purchase.
    - A refund counts when it is placed. Before ``t0`` the orders stand as they stood at ``t0``; in the window they
      stand as they stand when it ends. Revenue is all money in the window less all refunds placed in it, whatever they
      refund. So nothing about a mature unit ever changes.
    - ``repeat_in_window``: two order days or more in the window, over all units. ``second_purchase``: any order day in
      the window, of units with exactly one before. ``another_purchase``: the same, of units with at least one before.
      Units that a question does not concern are ``nan``, never 0.
    - Nothing is conditioned on what happens after ``t0``, and lines at or after ``as_of_us`` are never looked at.
    - A unit whose window was cut off because the arms stopped being served never matures: what it did afterwards would
      dilute the effect. Whom that strikes hangs on the day of first exposure alone, which is alike in all arms.

    Args:
        exposures: Columns ``unit`` (int64), ``arm`` (str), ``first_exposed_at`` (microseconds UTC). A unit given more
            than once keeps its earliest row, and with it its first arm.
        orders: Columns ``unit``, ``order`` (int64 code), ``at`` (microseconds UTC), ``day`` (shop day, days since
            1970-01-01), ``amount_minor`` (minor units, refund lines negative), ``is_refund``. Units that were never
            exposed are passed over.
        window_days: Length of the window, in days of 24 hours, at least 1.
        as_of_us: Data cut-off, microseconds UTC.
        served_until_us: Instant from which the arms were no longer served (the experiment was stopped), microseconds
            UTC; ``None`` while they are.

    Returns:
        Columns ``unit``, ``arm``, ``first_exposed_at``, ``matures_at`` (end of the window), ``mature`` (the whole
        window lies before the cut-off, and the arms were served all through it), ``cut_off`` (they were not: it never
        matures), ``orders_before``, ``repeat_in_window``, ``second_purchase``, ``another_purchase`` (0.0, 1.0 or
        ``nan``), ``orders`` (order days in the window), ``orders_early`` (order days in its first half),
        ``revenue_minor``. Outcomes of immature units are what happened so far.

    Raises:
        ValueError: If ``window_days`` is below 1.
    """
    if window_days < 1:
        raise ValueError(f"window_days must be at least 1, got {window_days}")
    units = _first_exposures(exposures, as_of_us)
    start = units["first_exposed_at"].to_numpy(dtype=np.int64)
    end = start + window_days * DAY_MICROSECONDS
    lines = lines_before(orders, units["unit"].to_numpy(), until_us=np.minimum(end, as_of_us))
    rows, at = lines["unit"].to_numpy(), lines["at"].to_numpy()
    before = _order_days(lines.loc[at < start[rows]])
    window = _window_order_days(lines, start, before)
    early = window.loc[window["at"].to_numpy() < ((start + end) // 2)[window["unit"].to_numpy()]]

    n_before, n_window = _per_unit(before, len(units)), _per_unit(window, len(units))
    bought = (n_window > 0).astype(np.float64)
    cut_off = np.zeros(len(units), dtype=np.bool_) if served_until_us is None else end > served_until_us
    return units.assign(
        matures_at=end,
        mature=(end <= as_of_us) & ~cut_off,
        cut_off=cut_off,
        orders_before=n_before,
        repeat_in_window=(n_window >= 2).astype(np.float64),
        second_purchase=np.where(n_before == 1, bought, np.nan),
        another_purchase=np.where(n_before >= 1, bought, np.nan),
        orders=n_window,
        orders_early=_per_unit(early, len(units)),
        revenue_minor=_sum_per_unit(lines.loc[at >= start[rows]], len(units)),
    )


def _first_exposures(exposures: pd.DataFrame, as_of_us: int) -> pd.DataFrame:
    """The earliest row of each unit that was exposed before the cut-off."""
    seen: pd.DataFrame = exposures.loc[
        exposures["first_exposed_at"].to_numpy() < as_of_us, ["unit", "arm", "first_exposed_at"]
    ]
    if seen["unit"].is_unique:
        return seen.reset_index(drop=True)
    earliest: pd.DataFrame = seen.sort_values("first_exposed_at", kind="stable").drop_duplicates("unit")
    return earliest.reset_index(drop=True)


def _order_days(lines: pd.DataFrame) -> pd.DataFrame:
    """``unit``, ``day`` and ``at`` (of its first order) of each order day."""
    return net_orders(lines).groupby(["unit", "day"], sort=False)["at"].min().reset_index()


def _window_order_days(lines: pd.DataFrame, start: IntArray, before: pd.DataFrame) -> pd.DataFrame:
    """Order days whose first order was placed at or after the unit's start, as they stand when its lines end.

    A day on which an order stood ``before`` the start is that order's day, even if it was refunded since; so a day is
    counted on one side of the start only.
    """
    every_day = _order_days(lines)
    days: pd.DataFrame = every_day.loc[every_day["at"].to_numpy() >= start[every_day["unit"].to_numpy()]]
    taken = pd.MultiIndex.from_frame(days[["unit", "day"]]).isin(pd.MultiIndex.from_frame(before[["unit", "day"]]))
    new_days: pd.DataFrame = days.loc[~taken]
    return new_days


def _per_unit(rows: pd.DataFrame, n_units: int) -> IntArray:
    return np.bincount(rows["unit"].to_numpy(), minlength=n_units).astype(np.int64)


def _sum_per_unit(lines: pd.DataFrame, n_units: int) -> IntArray:
    """Amounts added up in integers: float sums lose minor units above 2^53, and money is exact."""
    totals = np.zeros(n_units, dtype=np.int64)
    np.add.at(totals, lines["unit"].to_numpy(), lines["amount_minor"].to_numpy(dtype=np.int64))
    return totals
