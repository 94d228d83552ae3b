import pytest

from customers.books.completeness import completeness
from customers.report.cash import Liability, cash_part, weekly_cash


def part(books, *, opening_minor=None, floor_minor=0, margin_rate=None, liabilities=()):
    cash = weekly_cash(books, completeness(books), margin_rate=margin_rate)
    return cash_part(cash, opening_minor=opening_minor, floor_minor=floor_minor, liabilities=liabilities, seed=1)


def steady(books_of, *, n_weeks, sales=10_000, expense=None):
    """One sale of ``sales`` every Monday from 2024-01-01 on, and perhaps rent on the same days."""
    days = [f"2024-{1 + week // 4:02d}-{1 + 7 * (week % 4):02d}" for week in range(n_weeks)]
    expenses = [(day, "rent", expense) for day in days] if expense else []
    return books_of([("A", day, sales) for day in days], expenses, until=days[-1])


def test_weeks_are_counted_back_from_the_end_and_whole(books_of) -> None:
    # The books end on a Saturday. Weeks: 2-8 and 9-15 March; the first of March lies in no whole week.
    books = books_of(
        [("A", "2025-03-01", 100), ("A", "2025-03-02", 200), ("B", "2025-03-08", 300), ("B", "2025-03-09", 400)],
        [("2025-03-15", "rent", 50)],
        until="2025-03-15",
    )

    weeks = part(books)["weeks"]

    assert [(week["until"], week["in_minor"], week["out_minor"]) for week in weeks] == [
        ("2025-03-08", 200 + 300, 0),
        ("2025-03-15", 400, 50),
    ]


def test_what_comes_back_on_the_same_day_never_came_in(books_of) -> None:
    books = books_of(
        [("A", "2025-03-03", 7000), ("A", "2025-03-03", -6000), ("B", "2025-03-04", -500), ("B", "2025-03-02", 900)],
        until="2025-03-08",
    )

    (week,) = part(books)["weeks"]

    assert (week["in_minor"], week["out_minor"], week["net_minor"]) == (1000 + 900, 500, 1400)


def test_costs_of_goods_are_money_out_only_where_no_stock_is_bought(books_of) -> None:
    sales = [("A", "2025-03-03", 1000, 400)]

    alone = part(books_of(sales, until="2025-03-09"))
    with_stock = part(books_of(sales, [("2025-03-04", "stock", 700)], until="2025-03-09"))

    assert (alone["are_costs_paid_when_sold"], alone["weeks"][0]["out_minor"]) == (True, 400)
    assert (with_stock["are_costs_paid_when_sold"], with_stock["weeks"][0]["out_minor"]) == (False, 700)


def test_steady_trade_continues_and_its_earlier_forecasts_missed_by_nothing(books_of) -> None:
    forecast = part(steady(books_of, n_weeks=40))["forecast"]

    assert forecast["in_minor"] == pytest.approx(13 * 10_000 * 40 / 47, rel=0.25)
    assert len(forecast["checks"]) == 4
    assert forecast["check_weeks"] == 13


def test_short_books_are_checked_over_a_shorter_time_and_shorter_ones_not_at_all(books_of) -> None:
    assert part(steady(books_of, n_weeks=16))["forecast"]["check_weeks"] == 4
    assert part(steady(books_of, n_weeks=9))["forecast"]["mean_miss"] is None
    assert part(steady(books_of, n_weeks=6))["forecast"] is None


def test_closings_add_up_from_the_opening_and_weeks_below_the_floor_are_flagged(books_of) -> None:
    books = steady(books_of, n_weeks=20, sales=1_000, expense=3_000)

    forecast = part(books, opening_minor=10_000, floor_minor=0)["forecast"]

    closing = 10_000
    for week in forecast["weeks"]:
        closing += week["net_minor"]
        # Each week's expectation is rounded for itself.
        assert week["closing_minor"] == pytest.approx(closing, abs=13)
        assert week["is_below_floor"] == (week["closing_minor"] < 0)
        assert week["may_be_below_floor"] >= week["is_below_floor"]
    assert forecast["weeks"][-1]["is_below_floor"]
    assert "closing_minor" not in part(books)["forecast"]["weeks"][0]


def test_forecasts_know_nothing_of_what_came_after_their_origin(books_of) -> None:
    quiet = steady(books_of, n_weeks=40)
    # The last 13 weeks bring ten times as much: the forecast made before them must be the same.
    loud = books_of(
        [("A", "2024-10-20", 1_000_000)]
        + [("A", f"2024-{1 + w // 4:02d}-{1 + 7 * (w % 4):02d}", 10_000) for w in range(40)],
        until="2024-10-22",
    )

    before, after = (part(books)["forecast"]["checks"] for books in (quiet, loud))

    assert [check["predicted_minor"] for check in before] == [check["predicted_minor"] for check in after]
    assert after[-1]["actual_minor"] == before[-1]["actual_minor"] + 1_000_000


def test_vouchers_are_taken_off_the_weeks_in_which_they_may_be_redeemed(books_of) -> None:
    books = steady(books_of, n_weeks=20)
    # 700 over 14 days: 350 in each of two weeks. 1300 over 26 weeks: 50 in each, of which thirteen lie ahead. What runs
    # out with the books can only be redeemed at once.
    ends = [(700, books.until_day + 14), (1_300, books.until_day + 26 * 7), (11, books.until_day)]
    owed = [Liability(amount, day) for amount, day in ends]

    without = part(books, opening_minor=100_000)["forecast"]
    forecast = part(books, opening_minor=100_000, liabilities=owed)["forecast"]

    assert [week["redeemed_minor"] for week in forecast["weeks"]] == [411, 400, *[50] * 11]
    assert (forecast["liability_minor"], forecast["redeemed_minor"]) == (2_011, 1_361)
    redeemed = 0
    for week, before in zip(forecast["weeks"], without["weeks"], strict=True):
        redeemed += week["redeemed_minor"]
        assert week["net_minor"] == before["net_minor"] - week["redeemed_minor"]
        assert week["closing_minor"] == before["closing_minor"] - redeemed
        assert week["in_minor"] == before["in_minor"]
    assert forecast["net_minor"] == without["net_minor"] - 1_361


def test_every_minor_unit_owed_is_redeemed_in_some_week(books_of) -> None:
    books = steady(books_of, n_weeks=20)
    forecast = part(books, liabilities=[Liability(101, books.until_day + days) for days in (3, 40, 91)])["forecast"]
    assert sum(week["redeemed_minor"] for week in forecast["weeks"]) == 3 * 101


def test_a_negative_liability_is_refused() -> None:
    with pytest.raises(ValueError, match="amount_minor of a liability must be at least 0, got -1"):
        Liability(-1, 20_000)
