from customers.books.completeness import Completeness
from customers.report.limits import limits_part


def part(*, weeks=54, known_cost_share=1.0, anonymous_share=0.05, expense_weeks=12, who_ordered=200, again=80):
    coverage = Completeness(0, 7 * weeks, weeks, weeks, 3, anonymous_share, known_cost_share, expense_weeks)
    found = limits_part(coverage, who_ordered=who_ordered, who_ordered_again=again, vouchers=None)
    return {entry["statement"]: entry["is_enough"] for entry in found["statements"]}, found


def test_a_statement_can_be_made_only_where_the_books_hold_what_it_needs() -> None:
    enough, _ = part()

    assert [statement for statement, holds in enough.items() if not holds] == ["season"]
    assert not part(known_cost_share=0.5)[0]["margin"]
    assert not part(anonymous_share=0.4)[0]["customers"]
    assert not part(expense_weeks=0)[0]["profit"]
    assert not part(who_ordered=99)[0]["projection"]
    assert not part(again=29)[0]["projection_repeat"]
    assert not part(weeks=23)[0]["cash"]
    assert part(weeks=104)[0]["season"]


def test_the_share_who_came_back_has_its_interval() -> None:
    _, found = part(who_ordered=200, again=80)

    assert found["repeat_share"] == 80 / 200
    low, high = found["repeat_share_90"]
    assert low < 80 / 200 < high


def test_empty_books_can_say_nothing() -> None:
    coverage = Completeness(None, 100, 0, 0, 0, None, None, 0)

    found = limits_part(coverage, who_ordered=0, who_ordered_again=0, vouchers=None)

    assert not any(entry["is_enough"] for entry in found["statements"])
    assert found["repeat_share"] is None
