import numpy as np

from customers.orders import order_days
from customers.report.retention import retention_part


def part(rows, *, until):
    ids, days = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype="datetime64[D]")
    orders = order_days(ids, days.astype(np.int64), np.full(ids.size, 100))
    return retention_part(orders, until_day=int(np.datetime64(until).astype(np.int64)))


ROWS = [
    (1, "2025-01-03"), (1, "2025-02-01"), (1, "2025-02-20"), (1, "2025-04-02"),
    (2, "2025-01-20"), (2, "2025-03-05"),
    (3, "2025-02-11"), (3, "2025-03-30"),
    (4, "2025-02-12"),
]  # fmt: skip


def test_a_cell_counts_who_ordered_in_that_month_each_once() -> None:
    cohorts = part(ROWS, until="2025-04-30")["cohorts"]

    assert cohorts == [
        {"month": "2025-01", "customers": 2, "ordered_after": [1, 1, 1]},
        {"month": "2025-02", "customers": 2, "ordered_after": [1, 0]},
    ]


def test_months_that_the_books_do_not_cover_to_their_last_day_are_left_out() -> None:
    cohorts = part(ROWS, until="2025-04-29")["cohorts"]

    assert [cohort["ordered_after"] for cohort in cohorts] == [[1, 1], [1]]


def test_the_curve_leaves_out_the_first_month_whose_customers_are_not_all_new() -> None:
    curve = part(ROWS, until="2025-04-30")["curve"]

    assert [(point["month_after"], point["ordered"], point["customers"]) for point in curve] == [(1, 1, 2), (2, 0, 2)]


def test_a_single_month_of_customers_is_the_curve() -> None:
    curve = part(ROWS[:6], until="2025-03-31")["curve"]

    assert [point["share"] for point in curve] == [1 / 2, 1 / 2]
    assert part([], until="2025-03-31") == {"cohorts": [], "curve": []}
