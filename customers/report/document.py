"""The whole report as one document of plain values, as ``--json`` prints it: every figure, no words."""

from collections.abc import Sequence
from typing import Any

from customers.books.accounts import customer_totals, profit_and_loss
from customers.books.completeness import Completeness, completeness
from customers.books.entries import Books
from customers.books.netting import net_sales
from customers.forecasts.backtest import BackTest
from customers.orders import statistics_of
from customers.report.calendar import date_text
from customers.report.cash import Liability, cash_part, weekly_cash
from customers.report.earnings import customers_part, months_part, totals_part
from customers.report.incentives import stamps_part, vouchers_part
from customers.report.limits import limits_part
from customers.report.newcomers import newcomers_part
from customers.report.outlook import new_customer_part, outlook, projection_part
from customers.report.retention import retention_part
from customers.report.segmenting import segments_part

FORMAT = 1
"""Number of the document's form; a change that a reader must know of raises it."""


def report(
    books: Books,
    *,
    margin_rate: float | None = None,
    opening_cash_minor: int | None = None,
    floor_cash_minor: int = 0,
    liabilities: Sequence[Liability] = (),
    horizon_weeks: int = 52,
    choice: BackTest | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """The shop report: plain dicts, lists, texts and numbers, in the order in which a reader meets them.

    Money is integers in minor units (keys end in ``_minor``), days and months are ISO 8601 texts, shares lie in 0..1.
    What the books do not carry is None, never a guess. The same books and seed give the same document.

    Args:
        books: Everything the shop wrote down, up to ``books.until_day``.
        margin_rate: Share of revenue that is left where a line's cost is not known, above 0 and at most 1; without it
            such lines count with their revenue, and the report says so.
        opening_cash_minor: Cash in hand at the end of the books, if known.
        floor_cash_minor: Weeks expected to close below it are flagged.
        liabilities: Stamps and vouchers outstanding, at what redeeming them takes off the money that comes in.
        horizon_weeks: How far a new customer's margin is projected, at least 1.
        choice: From a back-test of the same books, if one was made: it takes most of the time.
        seed: Of the random futures behind intervals.

    Raises:
        ValueError: If the margin rate or the horizon is out of its range.
    """
    if horizon_weeks < 1:
        raise ValueError(f"horizon_weeks must be at least 1, got {horizon_weeks}")
    coverage = completeness(books)
    result = profit_and_loss(books, period="month", margin_rate=margin_rate)
    by_customer = customer_totals(books, margin_rate=margin_rate)
    net = net_sales(books, margin_rate=margin_rate)
    orders = net.days.until(books.until_day)
    statistics = statistics_of(orders, until_day=books.until_day)
    view = outlook(orders, statistics, until_day=books.until_day, choice=choice)
    vouchers = vouchers_part(orders, until_day=books.until_day)
    totals = totals_part(result, by_customer)
    cash = cash_part(
        weekly_cash(books, coverage, margin_rate=margin_rate),
        opening_minor=opening_cash_minor,
        floor_minor=floor_cash_minor,
        liabilities=liabilities,
        seed=seed,
    )
    projected = None if view.model is None else new_customer_part(view.model, orders, horizon_weeks=horizon_weeks)
    customers = customers_part(
        books, orders, by_customer, running_cost_minor=totals["margin_minor"] - totals["profit_minor"]
    )
    return {
        "report": "shop",
        "format": FORMAT,
        "currency": books.currency,
        "currency_exponent": books.currency_exponent,
        "from": None if not result.first_days.size else date_text(_first_day(books)),
        "until": date_text(books.until_day),
        "value": books.sales.value(margin_rate=margin_rate),
        "margin_rate": margin_rate,
        "records": _records(coverage, books, unmatched_refunds_minor=net.unmatched_refunds_minor),
        "totals": totals,
        "months": months_part(result, orders, books),
        "customers": customers,
        "cash": cash,
        "new_customers": {
            **newcomers_part(orders, result, books, first_day=coverage.first_day),
            "projected": projected,
        },
        "projection": projection_part(view, orders, statistics, until_day=books.until_day, seed=seed),
        "retention": retention_part(orders, until_day=books.until_day),
        "segments": segments_part(
            books,
            orders,
            statistics,
            margin_minor=by_customer.margin_minor,
            value=books.sales.value(margin_rate=margin_rate),
            view=view,
        ),
        "vouchers": vouchers,
        "stamps": stamps_part(orders, until_day=books.until_day),
        "limits": limits_part(
            coverage,
            who_ordered=customers["who_ordered"],
            who_ordered_again=customers["who_ordered_again"],
            vouchers=vouchers,
        ),
    }


def _first_day(books: Books) -> int:
    return min(int(days.min()) for days in (books.sales.days, books.expenses.days) if days.size)


def _records(coverage: Completeness, books: Books, *, unmatched_refunds_minor: int) -> dict[str, Any]:
    return {
        "sales_lines": len(books.sales),
        "expense_lines": len(books.expenses),
        "first_sale": None if coverage.first_day is None else date_text(coverage.first_day),
        "weeks": coverage.weeks,
        "weeks_with_sales": coverage.weeks_with_sales,
        "weeks_with_expenses": coverage.weeks_with_expenses,
        "longest_gap_days": coverage.longest_gap_days,
        "anonymous_share": coverage.anonymous_share,
        "known_cost_share": coverage.known_cost_share,
        "unmatched_refunds_minor": unmatched_refunds_minor,
    }
