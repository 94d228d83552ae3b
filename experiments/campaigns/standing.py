"""Where each customer stands before a campaign begins, and what she does in its window."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.orders import OrderDays

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

HALF_LIFE_DAYS = 182
"""After half a year a past order says half as much of what a customer will do next."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """One row per customer who has ordered before the first day; all arrays have shape ``(n_customers,)``.

    Attributes:
        customer_ids: Sorted, each once.
        orders: Order days so far.
        days_silent: Days from the last order day to the first day of the campaign, at least 1.
        activity: Order days so far, each counted half after every ``HALF_LIFE_DAYS``: often and lately in one number.
        margin_activity: Margin of those days in minor units, counted likewise; of either sign.
    """

    customer_ids: IntArray
    orders: IntArray
    days_silent: IntArray
    activity: FloatArray
    margin_activity: FloatArray

    def __len__(self) -> int:
        """Customers."""
        return int(self.customer_ids.size)

    def of(self, rows: IntArray | BoolArray) -> "Standing":
        """The standing of some of them."""
        return Standing(
            self.customer_ids[rows],
            self.orders[rows],
            self.days_silent[rows],
            self.activity[rows],
            self.margin_activity[rows],
        )


def standing_before(orders: OrderDays, *, first_day: int) -> Standing:
    """Where every customer with an order before ``first_day`` stands; later orders are not looked at."""
    past = orders.until(first_day - 1)
    ids, row = np.unique(past.customer_ids, return_inverse=True)
    weights = 2.0 ** (-(first_day - past.days) / HALF_LIFE_DAYS)
    last_day = np.full(ids.size, np.iinfo(np.int64).min)
    np.maximum.at(last_day, row, past.days)
    return Standing(
        customer_ids=ids,
        orders=np.bincount(row, minlength=ids.size).astype(np.int64),
        days_silent=first_day - last_day,
        activity=np.bincount(row, weights=weights, minlength=ids.size).astype(np.float64),
        margin_activity=np.bincount(row, weights=weights * past.margins_minor, minlength=ids.size).astype(np.float64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class WindowOrders:
    """What customers did in a window, all of shape ``(n_customers,)``.

    Attributes:
        orders: Order days.
        margin_minor: What they left after costs, in minor units.
    """

    orders: IntArray
    margin_minor: IntArray

    @property
    def ordered(self) -> BoolArray:
        """Who ordered at all."""
        return self.orders > 0


def window_orders(orders: OrderDays, customer_ids: IntArray, *, first_day: int, n_days: int) -> WindowOrders:
    """What the given customers ordered from ``first_day`` on, for ``n_days`` days.

    Args:
        orders: Of any customers; of those not asked for nothing is counted.
        customer_ids: Sorted, each once.
        first_day: First day that counts.
        n_days: Days that count.
    """
    is_in = (orders.days >= first_day) & (orders.days < first_day + n_days) & np.isin(orders.customer_ids, customer_ids)
    row = np.searchsorted(customer_ids, orders.customer_ids[is_in])
    margin = np.zeros(customer_ids.size, dtype=np.int64)
    np.add.at(margin, row, orders.margins_minor[is_in])  # bincount would add up money as floats
    return WindowOrders(np.bincount(row, minlength=customer_ids.size).astype(np.int64), margin)
