"""Running tallies per customer, so that new orders cost only themselves and a nightly fit reads no old order."""

from typing import Final

import numpy as np
import numpy.typing as npt

from customers.orders import OrderDays, OrderStatistics, order_days, run_starts

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TALLY: Final = np.dtype(
    [
        ("n_days", np.int64),
        ("first_day", np.int64),
        ("last_day", np.int64),
        ("first_value_minor", np.int64),
        ("last_value_minor", np.int64),
        ("repeat_value_minor", np.int64),
        ("valued_repeats", np.int64),
        ("margin_minor", np.int64),
        ("log_gaps", np.float64),
        ("is_stale", np.bool_),
    ]
)
"""One customer's tally: order days, the first and the last of them and what they were worth, the worth and number of
the repeat days worth something (the last among them), margin so far, and the sum of the logarithms of the gaps in
weeks. All 0 for somebody who never ordered."""


class OrderTallies:
    """The sufficient statistics of every customer, kept up to date order by order.

    They equal ``statistics_of`` all order days at once, whatever order the days came in. A tally knows its customer's
    first and last day, but none between; so these need the customer's whole history anew, by ``replace``:

    - an order day strictly between the customer's first and last one (``add`` finds them, and says whose they are);
    - anything that takes away: a refund, an undone import, an erased or merged customer.

    A day after the last one, before the first one, or equal to either (two baskets on one day) is simply added.

    Customers are numbered from 0 without great gaps (rows, or the log's own numbers): the tallies of all numbers up to
    the greatest are held, 73 bytes each.
    """

    def __init__(self, tallies: npt.NDArray[np.void] | None = None) -> None:
        """Starts empty, or from ``rows`` of an earlier run."""
        if tallies is not None and tallies.dtype != TALLY:
            raise ValueError(f"tallies must have the columns {TALLY.names}, got {tallies.dtype.names}")
        self._rows = np.zeros(0, dtype=TALLY) if tallies is None else tallies.copy()
        self._stale = np.flatnonzero(self._rows["is_stale"]).astype(np.int64)

    @property
    def rows(self) -> npt.NDArray[np.void]:
        """A copy of the tallies, to be stored: of dtype ``TALLY``, one row for each number from 0 on."""
        return self._rows.copy()

    def add(self, days: OrderDays) -> IntArray:
        """Adds new order days, and gives the customers whose history must now be replaced.

        Of those customers nothing is added, and ``statistics`` refuses until they are replaced.

        Args:
            days: New ones only; a day that is already tallied adds to its value.

        Returns:
            Customers, sorted, each once: all that are out of date, those of earlier calls among them.

        Raises:
            ValueError: If a customer's number is negative.
        """
        if not len(days):
            return self.stale_customers
        if days.customer_ids[0] < 0:
            raise ValueError(f"customers must be numbered from 0, got {days.customer_ids[0]}")
        self._grow(int(days.customer_ids[-1]) + 1)
        known = self._rows[days.customer_ids]
        between = (days.days > known["first_day"]) & (days.days < known["last_day"])
        stale = days.customer_ids[between & (known["n_days"] > 0)]
        self._rows["is_stale"][stale] = True
        self._stale = np.union1d(self._stale, stale)
        fresh = ~self._rows["is_stale"][days.customer_ids]
        self._add_outside(days.of(fresh))
        return self.stale_customers

    def replace(self, customer_ids: IntArray, days: OrderDays) -> None:
        """Forgets what is tallied of some customers and tallies their whole history anew.

        Args:
            customer_ids: Whom to forget; erased customers are those without any day.
            days: All order days of those customers, and of nobody else.

        Raises:
            ValueError: If a day belongs to somebody else.
        """
        others = ~np.isin(days.customer_ids, customer_ids)
        if others.any():
            raise ValueError(
                f"days must belong to the customers replaced, got one of customer {days.customer_ids[others][0]}"
            )
        self._rows[customer_ids[customer_ids < self._rows.size]] = np.zeros((), dtype=TALLY)
        self._stale = np.setdiff1d(self._stale, customer_ids)
        self.add(days)

    @property
    def stale_customers(self) -> IntArray:
        """Customers whose history must be replaced, sorted."""
        return self._stale.copy()

    def margins_minor(self, customer_ids: IntArray) -> IntArray:
        """Margin so far of each of some customers who have ordered."""
        margins: IntArray = self._rows["margin_minor"][customer_ids]
        return margins

    def statistics(self, *, until_day: int) -> OrderStatistics:
        """What ``statistics_of`` gives for all order days added, in one pass over the customers.

        Args:
            until_day: Last day of the history. Tallies cannot look back: it is no earlier than the last order day.

        Raises:
            ValueError: If it is, or a customer's history must be replaced first.
        """
        if self._stale.size:
            raise ValueError(f"the histories of {self._stale.size} customers must be replaced first")
        customer_ids = np.flatnonzero(self._rows["n_days"]).astype(np.int64)
        rows = self._rows[customer_ids]
        last = int(rows["last_day"].max(initial=until_day))
        if last > until_day:
            raise ValueError(f"until_day must be at least the last order day {last}, got {until_day}")
        mean_value = np.full(customer_ids.size, np.nan)
        np.divide(rows["repeat_value_minor"], rows["valued_repeats"], out=mean_value, where=rows["valued_repeats"] > 0)
        return OrderStatistics(
            customer_ids=customer_ids,
            frequency=rows["n_days"] - 1,
            recency_weeks=(rows["last_day"] - rows["first_day"]) / 7,
            age_weeks=(until_day - rows["first_day"]) / 7,
            mean_value_minor=mean_value,
            valued_repeats=rows["valued_repeats"],
            log_gaps=rows["log_gaps"],
        )

    def _grow(self, n: int) -> None:
        """Room for customers up to ``n``, doubled so that growing costs each new customer a constant."""
        if n > self._rows.size:
            grown = np.zeros(max(n, 2 * self._rows.size), dtype=TALLY)
            grown[: self._rows.size] = self._rows
            self._rows = grown

    def _add_outside(self, days: OrderDays) -> None:
        """Adds days none of which lies between the first and the last of its customer.

        The new days and the two ends of what is known make a short history of which all is seen; what lies between the
        ends, seen by the tally alone, is carried over.
        """
        if not len(days):
            return
        ids = days.customer_ids[run_starts(days.customer_ids)]
        old = self._rows[ids]
        has_first, has_last = old["n_days"] > 0, old["first_day"] < old["last_day"]
        seen = order_days(
            np.concatenate([days.customer_ids, ids[has_first], ids[has_last]]),
            np.concatenate([days.days, old["first_day"][has_first], old["last_day"][has_last]]),
            np.concatenate([days.values_minor, old["first_value_minor"][has_first], old["last_value_minor"][has_last]]),
        )
        is_first = run_starts(seen.customer_ids)
        first = np.flatnonzero(is_first)
        last = np.append(first[1:], len(seen)) - 1
        owner = np.cumsum(is_first) - 1
        # The step from the known first day to the known last one hides the days between: its gaps are in the tally.
        spans_known = has_last[owner] & (seen.days == old["last_day"][owner])
        gaps = np.diff(seen.days, prepend=0)
        counts = ~is_first & ~spans_known
        valued = ~is_first & (seen.values_minor > 0)

        new = np.zeros(ids.size, dtype=TALLY)
        known_days = has_first.astype(np.int64) + has_last
        new["n_days"] = old["n_days"] - known_days + (last - first + 1)
        new["first_day"], new["last_day"] = seen.days[first], seen.days[last]
        new["first_value_minor"], new["last_value_minor"] = seen.values_minor[first], seen.values_minor[last]
        known_last = np.where(has_last, old["last_value_minor"], 0)
        new["repeat_value_minor"] = old["repeat_value_minor"] - known_last
        new["valued_repeats"] = old["valued_repeats"] - (known_last > 0)
        new["margin_minor"] = old["margin_minor"]
        new["log_gaps"] = old["log_gaps"]
        np.add.at(new["repeat_value_minor"], owner[valued], seen.values_minor[valued])
        np.add.at(new["valued_repeats"], owner[valued], 1)
        np.add.at(new["log_gaps"], owner[counts], np.log(gaps[counts] / 7))
        np.add.at(new["margin_minor"], np.searchsorted(ids, days.customer_ids), days.margins_minor)
        self._rows[ids] = new
