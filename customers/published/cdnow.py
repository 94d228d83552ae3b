"""The CDNOW sample: first-time buyers of compact discs in early 1997, and all they bought until mid-1998."""

from pathlib import Path

import numpy as np

from customers.orders import OrderDays, OrderStatistics, order_days, statistics_of

CALIBRATION_END = int(np.datetime64("1997-09-30").astype(np.int64))
"""Last shop day of the history that the published models were fitted on; the 39 weeks after it are the hold-out."""

_CUSTOMERS, _REPEAT_ORDERS = 2357, 2457


class NotTheSample(Exception):
    """A file that is not the CDNOW sample that the published numbers are about; the message says why."""


def cdnow_orders(path: Path) -> OrderDays:
    """The sample's orders, in cents.

    Args:
        path: ``CDNOW_sample.txt`` of Fader and Hardie (also in the package lifetimes): number in the master file,
            number in the sample, date as YYYYMMDD, discs, dollars.

    Raises:
        NotTheSample: If the file holds anything else.
        OSError: If it cannot be read.
    """
    try:
        _, ids, dates, _, dollars = np.array(path.read_text().split(), dtype=np.float64).reshape(-1, 5).T
    except ValueError as error:
        raise NotTheSample(f"{path} must have the five columns of CDNOW_sample.txt: {error}") from error
    months = (dates // 10_000 - 1970) * 12 + dates // 100 % 100 - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + (dates % 100 - 1).astype(np.int64)
    orders = order_days(ids.astype(np.int64), days, np.rint(dollars * 100).astype(np.int64))
    history = statistics_of(orders, until_day=CALIBRATION_END)
    found = (len(history), int(history.frequency.sum()))
    if found != (_CUSTOMERS, _REPEAT_ORDERS):
        raise NotTheSample(
            f"{path} must have {_CUSTOMERS:,} customers with {_REPEAT_ORDERS:,} repeat orders until 1997-09-30, "
            f"as CDNOW_sample.txt has, got {found[0]:,} with {found[1]:,}"
        )
    return orders


def cdnow_history(orders: OrderDays) -> OrderStatistics:
    """The history that the published models were fitted on, times in weeks as exact days / 7."""
    return statistics_of(orders, until_day=CALIBRATION_END)
