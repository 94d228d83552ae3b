"""What a shop would forecast without a model: the formulas of spreadsheets and textbooks, to be beaten or used."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from customers.orders import OrderDays, statistics_of

FloatArray = npt.NDArray[np.float64]

Heuristic = Literal["spreadsheet", "gupta_lehmann", "own_rate"]

HEURISTICS: tuple[Heuristic, ...] = ("spreadsheet", "gupta_lehmann", "own_rate")

LABELS: dict[Heuristic, str] = {
    "spreadsheet": "the spreadsheet formula (order value × frequency × lifespan × margin)",
    "gupta_lehmann": "a constant retention rate (Gupta and Lehmann)",
    "own_rate": "each customer's own rate so far",
}


def heuristic_orders(orders: OrderDays, name: Heuristic, *, until_day: int, horizon_weeks: float) -> FloatArray:
    """Orders that a heuristic expects of each customer over the next ``horizon_weeks``.

    - ``spreadsheet``: everybody orders at the shop's mean frequency, orders per customer and week of the shop's
      history, as long as the horizon lasts: the first two factors of value × frequency × lifespan × margin.
    - ``gupta_lehmann``: of the customers active in the last horizon a constant share r stays active and orders as many
      times as they did; one period's term of m r / (1 + i - r) (Gupta and Lehmann 2003, Journal of Interactive
      Marketing 17(1)). r is the share of the customers active one period earlier who were active in the last one; in a
      history shorter than two periods, the share of all customers who ordered again.
    - ``own_rate``: everybody's own repeat orders per week, continued.

    Returns:
        Shape ``(n_customers,)``, in the order of ``statistics_of``, at least 0.
    """
    statistics = statistics_of(orders, until_day=until_day)
    n = len(statistics)
    age_weeks = statistics.age_weeks
    if name == "own_rate":
        return horizon_weeks * statistics.frequency / np.maximum(age_weeks, 1 / 7)
    if name == "spreadsheet":
        mean_frequency = (statistics.frequency + 1).mean() / max(float(age_weeks.max(initial=0.0)), 1 / 7)
        return np.full(n, float(mean_frequency) * horizon_weeks)
    known = orders.until(until_day)
    period_days = max(round(7 * horizon_weeks), 1)
    periods_ago = (until_day - known.days) // period_days
    row = np.searchsorted(statistics.customer_ids, known.customer_ids)
    last, before = np.bincount(row[periods_ago == 0], minlength=n), np.bincount(row[periods_ago == 1], minlength=n)
    if age_weeks.max(initial=0.0) >= 2 * horizon_weeks and before.any():
        retention = float((last[before > 0] > 0).mean())
    else:
        retention = float((statistics.frequency > 0).mean()) if n else 0.0
    return retention * last.astype(np.float64)
