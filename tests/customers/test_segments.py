from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.orders import OrderStatistics, order_days, statistics_of
from customers.segments import SEGMENTS, Segmentation, segmented
from customers.silence import N_SITUATIONS, Comebacks, comebacks

Customer = list[int]
"""Days on which the customer ordered, for 100 each."""


def shop(*customers: Customer, until_day: int = 100) -> OrderStatistics:
    ids = np.repeat(np.arange(len(customers)), [len(days) for days in customers])
    days = np.array([day for customer in customers for day in customer], dtype=np.int64)
    return statistics_of(order_days(ids, days, np.full(ids.size, 100, dtype=np.int64)), until_day=until_day)


NO_RECORD = Comebacks(90, (), np.zeros(N_SITUATIONS, dtype=np.int64), np.zeros(N_SITUATIONS, dtype=np.int64))


def segments_of(
    statistics: OrderStatistics, *, alive: list[float] | None, margins: list[int] | None = None, **fields: object
) -> Segmentation:
    n = len(statistics)
    return segmented(
        statistics,
        margins_minor=np.zeros(n, dtype=np.int64) if margins is None else np.array(margins, dtype=np.int64),
        comebacks=fields.get("record", NO_RECORD),
        p_alive=None if alive is None else np.array(alive),
        p_order=fields.get("p_order"),
    )


def ids(found: Segmentation) -> list[str]:
    return [SEGMENTS[code].id for code in found.codes.tolist()]


EVERY_TEN_DAYS = list(range(0, 41, 10))


def test_every_customer_is_in_the_first_segment_that_fits() -> None:
    statistics = shop(
        EVERY_TEN_DAYS,  # 60 days silent, usual gap 10
        EVERY_TEN_DAYS,
        EVERY_TEN_DAYS,
        [70, 80, 90, 100],  # on time
        [70, 80, 90, 100],
        [95],  # 5 days ago, the shop's usual gap is 10
        [60],  # 40 days ago
        [60],
        [90, 100],
        [90, 100],
    )
    # The middle of the greatest margin of ten: 9.5 / 10, the top tenth.
    margins = [1, 1, 1, 1, 9, 1, 1, 1, 1, 1]
    alive = [0.1, 0.3, 0.7, 0.9, 0.9, 0.9, 0.4, 0.8, 0.9, 0.1]

    found = segments_of(statistics, alive=alive, margins=margins)

    assert ids(found) == [
        "quiet",
        "at_risk",
        "loyal",
        "loyal",
        "champions",
        "new",
        "quiet",  # one order is no custom to lose
        "occasional",
        "occasional",
        "occasional",  # on time: nobody is called quiet who is not silent longer than usual
    ]
    assert found.counts == {"quiet": 2, "at_risk": 1, "champions": 1, "new": 1, "loyal": 2, "occasional": 3}
    assert found.members("quiet").tolist() == [0, 6]


def test_who_brought_most_but_is_silent_longer_than_usual_is_at_risk_and_no_champion() -> None:
    statistics = shop(EVERY_TEN_DAYS, *[[90, 100]] * 9)

    assert ids(segments_of(statistics, alive=[0.4] + [0.9] * 9, margins=[9] + [1] * 9))[0] == "at_risk"


def test_without_a_model_silence_alone_decides() -> None:
    # Usual gap 10; silent for 15, 25, 45 days, and once bought 25 days ago.
    statistics = shop([65, 75, 85], [55, 65, 75], [35, 45, 55], [75])

    assert ids(segments_of(statistics, alive=None)) == ["loyal", "at_risk", "quiet", "quiet"]


def test_customers_who_brought_nothing_are_no_champions_and_equal_ones_are_never_split() -> None:
    # Twenty customers: the top tenth is two; three share the greatest margin, their middle is 18.5 / 20 > .9.
    statistics = shop(*[[90, 100]] * 20)

    assert ids(segments_of(statistics, alive=[0.9] * 20)).count("champions") == 0
    assert ids(segments_of(statistics, alive=[0.9] * 20, margins=[5] * 3 + [1] * 17)).count("champions") == 3
    # Five who share it have their middle at 17.5 / 20: none of them is.
    assert ids(segments_of(statistics, alive=[0.9] * 20, margins=[5] * 5 + [1] * 15)).count("champions") == 0


def recorded(found: Segmentation, *, back: int, cases: int) -> Segmentation:
    """The same with a record of the first customer's situation."""
    n_cases, n_back = np.zeros(N_SITUATIONS, dtype=np.int64), np.zeros(N_SITUATIONS, dtype=np.int64)
    n_cases[found.silences.situations[0]], n_back[found.silences.situations[0]] = cases, back
    return replace(found, comebacks=Comebacks(90, (0,), n_cases, n_back))


def test_the_reason_names_the_silence_the_usual_gap_and_the_shops_own_rate_with_its_count() -> None:
    found = segments_of(shop([26, 40, 54]), alive=[0.3])
    measured = recorded(found, back=31, cases=155)

    assert measured.reason(0, language="en") == (
        "46 days silent, usual gap 14; about 1 in 5 such customers bought again within 90 days (31 of 155)"
    )
    assert measured.reason(0, language="id") == (
        "diam 46 hari, biasanya tiap 14 hari; sekitar 1 dari 5 pelanggan seperti ini membeli lagi dalam 90 hari "
        "(31 dari 155)"
    )


def test_a_rate_of_too_few_cases_is_left_out_and_a_models_chance_is_called_so() -> None:
    found = segments_of(shop([26, 40, 54]), alive=[0.3])
    few = recorded(found, back=6, cases=29)

    assert few.reason(0, language="en") == "46 days silent, usual gap 14"
    assert replace(few, p_order=np.array([0.204])).reason(0, language="en") == (
        "46 days silent, usual gap 14; the model gives a chance of 20 % to buy within 90 days"
    )


def test_a_gap_that_is_the_shops_is_called_the_shops_and_one_that_nobody_has_is_not_named() -> None:
    one = segments_of(shop([26, 40, 54], [99], [100]), alive=[0.9] * 3)

    assert one.reason(1, language="en") == "1 day silent, usual gap of the shop 14"
    assert one.reason(2, language="en") == "ordered on the last day, usual gap of the shop 14"
    assert segments_of(shop([54]), alive=[0.9]).reason(0, language="en") == "46 days silent"


def test_definitions_call_revenue_revenue_and_name_no_probability_without_a_model() -> None:
    by_id = {segment.id: segment for segment in SEGMENTS}

    assert "brought most revenue" in by_id["champions"].definition("en", value="revenue", has_model=True)
    assert "omzet" in by_id["champions"].definition("id", value="revenue", has_model=True)
    assert "four usual gaps" in by_id["quiet"].definition("en", value="margin", has_model=False)
    for segment in SEGMENTS:
        assert "chance" not in segment.definition("en", value="margin", has_model=False)


histories = st.lists(st.lists(st.integers(0, 100), min_size=1, max_size=6), min_size=1, max_size=25)


@given(customers=histories, alive=st.none() | st.floats(0, 1), order=st.randoms())
def test_everybody_has_one_segment_and_a_reason_and_identical_customers_share_both(customers, alive, order) -> None:
    order.shuffle(customers)
    statistics = shop(*customers)
    found = segmented(
        statistics,
        margins_minor=(statistics.frequency + 1) * 100,
        comebacks=comebacks(order_days(*[np.zeros(0, dtype=np.int64)] * 3), until_day=100),
        p_alive=None if alive is None else np.full(len(statistics), alive),
        p_order=None,
    )

    assert sum(found.counts.values()) == len(customers)
    seen: dict[tuple[int, ...], tuple[int, str]] = {}
    for row, days in enumerate(customers):
        reason = found.reason(row, language="en")
        assert "nan" not in reason
        key = tuple(sorted(set(days)))
        assert seen.setdefault(key, (int(found.codes[row]), reason)) == (found.codes[row], reason)


def test_what_cannot_be_is_refused() -> None:
    statistics = shop([1], [2])

    with pytest.raises(ValueError, match="p_alive must be from 0 to 1, got nan"):
        segments_of(statistics, alive=[0.5, float("nan")])
    with pytest.raises(ValueError, match="p_alive must have one value for each of 2 customers, got 1"):
        segments_of(statistics, alive=[0.5])
    with pytest.raises(ValueError, match="segment must be one of quiet, at_risk"):
        segments_of(statistics, alive=[0.5, 0.5]).members("best")
