import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.outcomes import DAY_MICROSECONDS as DAY
from experiments.outcomes import OUTCOMES, net_orders, observed_values, outcome_label, unit_outcomes

LATER = 10_000 * DAY


def exposures(*rows: tuple[int, str, float]) -> pd.DataFrame:
    """Rows of (unit, arm, day of first exposure)."""
    units, arms, days = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "unit": np.array(units, dtype=np.int64),
            "arm": list(arms),
            "first_exposed_at": np.array([round(day * DAY) for day in days], dtype=np.int64),
        }
    )


def lines(*rows: tuple[int, int, float, int]) -> pd.DataFrame:
    """Rows of (unit, order, day with its fraction, amount); a negative amount is a refund."""
    units, orders, days, amounts = zip(*rows, strict=True) if rows else ((), (), (), ())
    at = np.array([round(day * DAY) for day in days], dtype=np.int64)
    return pd.DataFrame(
        {
            "unit": np.array(units, dtype=np.int64),
            "order": np.array(orders, dtype=np.int64),
            "at": at,
            "day": at // DAY,
            "amount_minor": np.array(amounts, dtype=np.int64),
            "is_refund": np.array(amounts, dtype=np.int64) < 0,
        }
    )


def outcome_of_one(
    *order_lines: tuple[int, int, float, int], window_days: int = 10, as_of_us: int = LATER
) -> pd.Series:
    """Outcomes of unit 1, first exposed at the start of day 100."""
    units = unit_outcomes(exposures((1, "a", 100)), lines(*order_lines), window_days=window_days, as_of_us=as_of_us)
    return units.iloc[0]


def test_the_window_is_half_open_and_starts_at_the_first_exposure() -> None:
    just_before = 100 - 1 / DAY
    unit = outcome_of_one((1, 1, just_before, 10), (1, 2, 100, 20), (1, 3, 110 - 1 / DAY, 40), (1, 4, 110, 80))

    assert unit["orders_before"] == 1
    assert unit["orders"] == 2
    assert unit["revenue_minor"] == 20 + 40
    assert unit["repeat_in_window"] == 1


def test_each_question_concerns_only_its_own_units() -> None:
    units = unit_outcomes(
        exposures((0, "a", 100), (1, "a", 100), (2, "a", 100), (3, "a", 100)),
        lines((1, 1, 90, 5), (2, 2, 80, 5), (2, 3, 90, 5), (2, 4, 105, 5), (3, 5, 90, 5), (3, 6, 105, 5)),
        window_days=10,
        as_of_us=LATER,
    )

    assert units["orders_before"].tolist() == [0, 1, 2, 1]
    assert units["second_purchase"].tolist() == pytest.approx([np.nan, 0, np.nan, 1], nan_ok=True)
    assert units["another_purchase"].tolist() == pytest.approx([np.nan, 0, 1, 1], nan_ok=True)
    assert units["repeat_in_window"].tolist() == [0, 0, 0, 0]


def test_two_baskets_on_one_day_are_one_order_and_their_money_counts_whole() -> None:
    unit = outcome_of_one((1, 1, 101.2, 30), (1, 2, 101.9, 40))

    assert (unit["orders"], unit["repeat_in_window"], unit["revenue_minor"]) == (1, 0, 70)


def test_a_basket_later_on_the_day_of_an_earlier_order_is_no_second_purchase() -> None:
    units = unit_outcomes(
        exposures((1, "a", 100.5)), lines((1, 1, 100.4, 30), (1, 2, 100.6, 40)), window_days=10, as_of_us=LATER
    )

    assert units.loc[0, "orders_before"] == 1
    assert units.loc[0, "second_purchase"] == 0
    assert units.loc[0, "revenue_minor"] == 40


def test_a_wholly_refunded_order_is_no_order_and_a_partly_refunded_one_is() -> None:
    unit = outcome_of_one((1, 1, 101, 50), (1, 1, 103, -50), (1, 2, 104, 50), (1, 2, 105, -20))

    assert (unit["orders"], unit["revenue_minor"]) == (1, 30)


def test_a_refund_counts_when_it_is_placed() -> None:
    late = outcome_of_one((1, 1, 101, 50), (1, 1, 111, -50))
    early = outcome_of_one((1, 1, 95, 50), (1, 1, 102, -50))
    undone_before = outcome_of_one((1, 1, 90, 50), (1, 1, 95, -50))

    # After the window: the order stood when the window ended, and nothing about a mature unit changes.
    assert (late["orders"], late["revenue_minor"]) == (1, 50)
    # In the window, of an order before it: the unit was a customer at t0, and the money went back in the window.
    assert (early["orders_before"], early["another_purchase"], early["revenue_minor"]) == (1, 0, -50)
    assert undone_before["orders_before"] == 0


def test_a_refund_without_its_purchase_takes_money_and_makes_no_order() -> None:
    unit = outcome_of_one((1, 1, 101, 50), (1, 99, 102, -15))

    assert (unit["orders"], unit["revenue_minor"]) == (1, 35)


def test_orders_without_amounts_are_orders_worth_nothing() -> None:
    unit = outcome_of_one((1, 1, 95, 0), (1, 2, 101, 0), (1, 3, 103, 0))

    assert (unit["orders_before"], unit["orders"], unit["revenue_minor"]) == (1, 2, 0)


def test_early_orders_are_those_of_the_first_half_of_the_window() -> None:
    unit = outcome_of_one((1, 1, 100, 1), (1, 2, 104.99, 1), (1, 3, 105, 1), (1, 4, 109, 1))

    assert (unit["orders"], unit["orders_early"]) == (4, 2)


def test_a_unit_is_mature_when_its_whole_window_lies_before_the_cut_off() -> None:
    args = {"exposures": exposures((1, "a", 100)), "orders": lines((1, 1, 101, 7), (1, 2, 109.5, 9)), "window_days": 10}
    at_the_end = unit_outcomes(**args, as_of_us=110 * DAY)
    just_before = unit_outcomes(**args, as_of_us=110 * DAY - 1)
    earlier = unit_outcomes(**args, as_of_us=109 * DAY)

    assert at_the_end["mature"].tolist() == [True]
    assert just_before["mature"].tolist() == [False]
    assert earlier["revenue_minor"].tolist() == [7]
    assert at_the_end["matures_at"].tolist() == [110 * DAY]


def test_a_window_cut_off_by_a_stop_never_matures() -> None:
    shown = exposures((1, "a", 100), (2, "a", 101), (3, "a", 90))
    units = unit_outcomes(
        shown, lines((2, 1, 105, 7)), window_days=10, as_of_us=LATER, served_until_us=110 * DAY
    ).set_index("unit")

    # The windows of 10 days end on days 110, 111 and 100; the arms were served until the start of day 110.
    assert units["cut_off"].to_dict() == {1: False, 2: True, 3: False}
    assert units["mature"].to_dict() == {1: True, 2: False, 3: True}
    assert units.loc[2, "revenue_minor"] == 7


def test_without_a_stop_nothing_is_cut_off() -> None:
    shown = exposures((1, "a", 100), (2, "a", 120))
    units = unit_outcomes(shown, lines(), window_days=10, as_of_us=125 * DAY)

    assert units["cut_off"].tolist() == [False, False]
    assert units["mature"].tolist() == [True, False]


def test_an_effect_that_ends_with_the_stop_is_not_diluted_by_windows_that_ran_on() -> None:
    """Customers enter on days 0 to 27; while the arm is served, until day 28, they order every third day, later never.

    Whoever enters on day d is served for 28 - d days. Only those of day 0 are served for their whole 28 days and order
    28 / 3 rounded up = 10 times; an average over all 28 entry days would have read about half of it.
    """
    entry = np.arange(28)
    shown = exposures(*((unit, "a", int(day)) for unit, day in enumerate(entry)))
    bought = [(unit, 100 * unit + nth, day, 5) for unit in entry for nth, day in enumerate(range(int(unit), 28, 3))]
    units = unit_outcomes(shown, lines(*bought), window_days=28, as_of_us=LATER, served_until_us=28 * DAY)

    assert units.loc[units["mature"], "orders"].tolist() == [10]
    assert units["orders"].mean() < 6


def test_value_is_called_margin_only_where_the_shop_says_what_it_keeps() -> None:
    for name in ("observed_clv", "projected_clv"):
        assert outcome_label(name, margin_rate=0.4).startswith("average margin")
        assert outcome_label(name, margin_rate=1.0).startswith("average revenue")


def test_money_counted_in_a_window_is_labelled_net_of_the_refunds_placed_in_it() -> None:
    for name in ("revenue", "observed_clv"):
        assert "net of refunds placed in" in outcome_label(name, margin_rate=1.0)


def test_a_unit_seen_in_two_arms_stays_in_its_first() -> None:
    units = unit_outcomes(
        exposures((1, "b", 102), (2, "a", 101), (1, "a", 100)), lines((1, 1, 101, 7)), window_days=10, as_of_us=LATER
    )

    assert dict(zip(units["unit"], units["arm"], strict=True)) == {1: "a", 2: "a"}
    assert units.set_index("unit").loc[1, "revenue_minor"] == 7


def test_units_first_exposed_at_or_after_the_cut_off_are_not_there_yet() -> None:
    units = unit_outcomes(exposures((1, "a", 100), (2, "a", 99)), lines(), window_days=10, as_of_us=100 * DAY)

    assert units["unit"].tolist() == [2]


def test_no_orders_and_no_exposures_give_frames_of_the_same_columns() -> None:
    full = unit_outcomes(exposures((1, "a", 100)), lines((1, 1, 101, 1)), window_days=10, as_of_us=LATER)
    no_orders = unit_outcomes(exposures((1, "a", 100)), lines(), window_days=10, as_of_us=LATER)
    nobody = unit_outcomes(exposures((1, "a", 100)).iloc[:0], lines((1, 1, 101, 1)), window_days=10, as_of_us=LATER)

    assert no_orders.dtypes.to_dict() == full.dtypes.to_dict()
    assert list(nobody.columns) == list(full.columns)
    assert len(nobody) == 0


def test_the_given_frames_are_left_as_they_were() -> None:
    shown, bought = exposures((1, "a", 100)), lines((1, 1, 101, 1))
    before = shown.copy(), bought.copy()
    unit_outcomes(shown, bought, window_days=10, as_of_us=LATER)

    pd.testing.assert_frame_equal(shown, before[0])
    pd.testing.assert_frame_equal(bought, before[1])


def test_a_window_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="window_days must be at least 1, got 0"):
        unit_outcomes(exposures((1, "a", 1)), lines(), window_days=0, as_of_us=LATER)


def test_money_is_exact_beyond_what_a_float_holds() -> None:
    unit = outcome_of_one((1, 1, 101, 2**53), (1, 2, 102, 1))

    assert unit["revenue_minor"] == 2**53 + 1


def test_an_observed_outcome_has_a_column_and_a_projection_has_none() -> None:
    units = unit_outcomes(exposures((1, "a", 100)), lines((1, 1, 101, 7)), window_days=10, as_of_us=LATER)

    for name, outcome in OUTCOMES.items():
        if outcome.is_projection:
            with pytest.raises(ValueError, match="something observed"):
                observed_values(units, name)
        else:
            assert observed_values(units, name).shape == (1,)


hour = st.integers(0, 60 * 24)
line = st.tuples(st.integers(0, 3), st.integers(0, 6), hour, st.integers(-6, 10).map(lambda tens: 10 * tens))


def slow_outcomes(t0: int, own: list[tuple[int, int, int, int]], window: int) -> dict[str, float]:
    """The rules of ``unit_outcomes``, one unit and one line at a time; times in hours."""

    def days_with_orders(until: int) -> dict[int, int]:
        days: dict[int, int] = {}
        for order in {order for _, order, _, _ in own}:
            counted = [(at, amount) for _, other, at, amount in own if other == order and at < until]
            bought = [at for at, amount in counted if amount >= 0]
            total = sum(amount for _, amount in counted)
            if bought and (total > 0 or (total == 0 and len(bought) == len(counted))):
                first = min(bought)
                days[first // 24] = min(days.get(first // 24, first), first)
        return days

    before = days_with_orders(t0)
    before = {day: at for day, at in before.items() if at < t0}
    inside = {day: at for day, at in days_with_orders(t0 + window).items() if at >= t0 and day not in before}
    return {
        "orders_before": len(before),
        "orders": len(inside),
        "orders_early": sum(at < t0 + window // 2 for at in inside.values()),
        "revenue_minor": sum(amount for _, _, at, amount in own if t0 <= at < t0 + window),
        "repeat_in_window": float(len(inside) >= 2),
        "second_purchase": float(len(inside) > 0) if len(before) == 1 else np.nan,
        "another_purchase": float(len(inside) > 0) if before else np.nan,
    }


@settings(max_examples=60, deadline=None)  # frames take tens of milliseconds, more on a loaded machine
@given(st.lists(line, max_size=25), st.lists(hour, min_size=3, max_size=3))
def test_outcomes_equal_the_rules_applied_line_by_line(rows, starts) -> None:
    window_days = 14
    frame = lines(*((unit, order, at / 24, amount) for unit, order, at, amount in rows))
    shown = exposures(*((unit, "a", start / 24) for unit, start in enumerate(starts)))
    units = unit_outcomes(shown, frame, window_days=window_days, as_of_us=LATER)

    for unit, start in enumerate(starts):
        expected = slow_outcomes(start, [row for row in rows if row[0] == unit], window_days * 24)
        found = units.loc[units["unit"] == unit].iloc[0]
        assert {name: found[name] for name in expected} == pytest.approx(expected, nan_ok=True)


def test_an_order_takes_the_instant_and_the_day_of_its_first_purchase_line() -> None:
    orders = net_orders(lines((1, 7, 5.5, 10), (1, 7, 4.25, 20), (1, 7, 3.0, -5), (2, 7, 9.0, 1)))

    assert orders[["unit", "order", "day", "net_minor"]].to_numpy().tolist() == [[1, 7, 4, 25], [2, 7, 9, 1]]
