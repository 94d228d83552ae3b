"""What the books can and cannot say: what each statement of the report stands on, against what it needs."""

from typing import Any

from customers.books.completeness import Completeness
from customers.forecasts.lifetime_value import FEWEST_CUSTOMERS, FEWEST_REPEAT_CUSTOMERS
from customers.report.incentives import wilson_interval

_SHARE_KNOWN = 0.9
_SEASON_WEEKS = 104
_CHECKED_WEEKS = 24
_SHARE_CUSTOMERS = 30


def limits_part(
    coverage: Completeness, *, who_ordered: int, who_ordered_again: int, vouchers: dict[str, Any] | None
) -> dict[str, Any]:
    """Each statement with what it has and needs, whether that is enough, and the least lift that a test would see.

    Args:
        coverage: How complete the books are.
        who_ordered: Customers with an order.
        who_ordered_again: Customers with more than one order day.
        vouchers: As ``vouchers_part`` gives it.
    """
    weeks = coverage.weeks
    expenses = coverage.weeks_with_expenses
    statements = [
        ("margin", "share", coverage.known_cost_share or 0.0, _SHARE_KNOWN),
        ("customers", "share", 1 - (coverage.anonymous_share or 0.0) if weeks else 0.0, _SHARE_KNOWN),
        ("profit", "weeks_with_expenses", expenses, max(1, round(weeks / 6))),
        ("repeat_share", "customers", who_ordered, _SHARE_CUSTOMERS),
        ("projection", "customers", who_ordered, FEWEST_CUSTOMERS),
        ("projection_repeat", "repeat_customers", who_ordered_again, FEWEST_REPEAT_CUSTOMERS),
        ("cash", "weeks", weeks, _CHECKED_WEEKS),
        ("season", "weeks", weeks, _SEASON_WEEKS),
    ]
    everybody = None if vouchers is None else vouchers["groups"][0]
    return {
        "statements": [
            {"statement": statement, "unit": unit, "have": have, "need": need, "is_enough": have >= need}
            for statement, unit, have, need in statements
        ],
        "repeat_share": who_ordered_again / who_ordered if who_ordered else None,
        "repeat_share_90": wilson_interval(who_ordered_again, who_ordered),
        "test": everybody
        and {
            "window_days": vouchers["window_days"] if vouchers else None,
            "per_group": everybody["customers"] // 2,
            "probability": everybody["probability"],
            "smallest_visible": everybody["smallest_visible"],
        },
    }
