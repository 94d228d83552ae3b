from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.models.bgnbd import fit_bgnbd
from customers.orders import OrderDays, OrderStatistics, order_days, statistics_of
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
    statistics: OrderStatistics,
    *,
    alive: list[float] | None = None,
    order: list[float] | None = None,
    margins: list[int] | None = None,
) -> Segmentation:
    return segmented(
        statistics,
        margins_minor=np.zeros(len(statistics), dtype=np.int64) if margins is None else np.array(margins),
        comebacks=NO_RECORD,
        p_alive=None if alive is None else np.array(alive),
        p_order=None if order is None else np.array(order),
    )


def ids(found: Segmentation) -> list[str]:
    return [SEGMENTS[code].id for code in found.codes.tolist()]


def test_every_customer_is_in_the_first_segment_that_fits() -> None:
    # The shop's usual gap is 10 days. Margin: the middle of the greatest of ten is 9.5 / 10, the top tenth.
    # Of each customer: order days, P(alive), P(order), margin and segment.
    customers = [
        ([0, 10, 20, 30], 0.1, 0.1, 1, "quiet"),
        ([0, 10, 20, 30], 0.1, 0.3, 1, "at_risk"),
        ([0, 10, 20, 30], 1.0, 0.9, 1, "at_risk"),  # 70 days against 10: no model talks that silence away
        ([65, 75, 85], 0.4, 0.3, 1, "at_risk"),  # 15 days against 10, and more likely gone than not
        ([65, 75, 85], 0.6, 0.1, 1, "loyal"),
        ([70, 80, 90, 100], 0.9, 0.9, 9, "champions"),
        ([95], 0.9, 0.1, 1, "new"),
        ([60], 0.4, 0.1, 1, "quiet"),
        ([60], 0.4, 0.3, 1, "occasional"),  # one order is no custom to lose
        ([90, 100], 0.1, 0.1, 1, "occasional"),  # on time
    ]
    days, alive, order, margins, segments = (list(column) for column in zip(*customers, strict=True))

    found = segments_of(shop(*days), alive=alive, order=order, margins=margins)

    assert ids(found) == segments
    assert found.counts == {"quiet": 2, "at_risk": 3, "champions": 1, "new": 1, "loyal": 1, "occasional": 2}
    assert found.members("quiet").tolist() == [0, 7]


def test_who_brought_most_but_is_quiet_longer_than_usual_is_at_risk_and_no_champion() -> None:
    statistics = shop([0, 10, 20, 30, 40], *[[90, 100]] * 9)

    assert ids(segments_of(statistics, margins=[9] + [1] * 9, alive=[0.9] * 10, order=[0.5] * 10))[0] == "at_risk"


def test_without_a_model_silence_alone_decides() -> None:
    # Usual gap 10; silent for 15, 25, 45 days, and bought once 25 and 45 days ago.
    statistics = shop([65, 75, 85], [55, 65, 75], [35, 45, 55], [75], [55])

    assert ids(segments_of(statistics)) == ["loyal", "at_risk", "quiet", "occasional", "quiet"]


def test_customers_who_brought_nothing_are_no_champions_and_equal_ones_are_never_split() -> None:
    # Twenty customers: the top tenth is two; three share the greatest margin, their middle is 18.5 / 20 > .9.
    statistics = shop(*[[90, 100]] * 20)

    assert ids(segments_of(statistics)).count("champions") == 0
    assert ids(segments_of(statistics, margins=[5] * 3 + [1] * 17)).count("champions") == 3
    # Five who share it have their middle at 17.5 / 20: none of them is.
    assert ids(segments_of(statistics, margins=[5] * 5 + [1] * 15)).count("champions") == 0


def recorded(found: Segmentation, *, back: int, cases: int) -> Segmentation:
    """The same with a record of the first customer's situation."""
    n_cases, n_back = np.zeros(N_SITUATIONS, dtype=np.int64), np.zeros(N_SITUATIONS, dtype=np.int64)
    n_cases[found.silences.situations[0]], n_back[found.silences.situations[0]] = cases, back
    return replace(found, comebacks=Comebacks(90, (0,), n_cases, n_back))


def test_the_reason_names_the_silence_the_usual_gap_and_the_shops_own_rate_with_its_count() -> None:
    found = segments_of(shop([26, 40, 54]))
    measured = recorded(found, back=31, cases=155)

    assert measured.reason(0, language="en") == (
        "46 days silent, usual gap 14; about 1 in 5 such customers bought again within 90 days (31 of 155)"
    )
    assert measured.reason(0, language="id") == (
        "diam 46 hari, biasanya tiap 14 hari; sekitar 1 dari 5 pelanggan seperti ini membeli lagi dalam 90 hari "
        "(31 dari 155)"
    )


def test_a_rate_of_too_few_cases_is_left_out_and_a_models_chance_is_called_so() -> None:
    found = segments_of(shop([26, 40, 54]))
    few = recorded(found, back=6, cases=29)

    assert few.reason(0, language="en") == "46 days silent, usual gap 14"
    assert replace(few, p_order=np.array([0.204])).reason(0, language="en") == (
        "46 days silent, usual gap 14; the model gives a chance of 20 % to buy within 90 days"
    )


def test_a_gap_that_is_the_shops_is_called_the_shops_and_one_that_nobody_has_is_not_named() -> None:
    one = segments_of(shop([26, 40, 54], [99], [100]))

    assert one.reason(1, language="en") == "1 day silent, usual gap of the shop 14"
    assert one.reason(2, language="en") == "ordered on the last day, usual gap of the shop 14"
    assert segments_of(shop([54])).reason(0, language="en") == "46 days silent"


def test_definitions_call_revenue_revenue_and_name_no_model_where_none_is() -> None:
    by_id = {segment.id: segment for segment in SEGMENTS}

    assert "brought most revenue" in by_id["champions"].definition("en", value="revenue", has_model=True)
    assert "omzet terbanyak" in by_id["champions"].definition("id", value="revenue", has_model=True)
    assert "within 30 days" in by_id["quiet"].definition("en", value="margin", has_model=True, horizon_days=30)
    for segment in SEGMENTS:
        for language in segment.name:
            assert "model" not in segment.definition(language, value="margin", has_model=False)
            assert "{" not in segment.definition(language, value="part_margin", has_model=True)


def test_the_shops_own_record_decides_before_the_model_who_is_hardly_expected_back() -> None:
    statistics = shop([0, 10, 20, 30])
    unknown = segments_of(statistics, alive=[0.1], order=[0.05])

    def segment(*, back: int, cases: int) -> str:
        found = segmented(
            statistics,
            margins_minor=np.zeros(1, dtype=np.int64),
            comebacks=recorded(unknown, back=back, cases=cases).comebacks,
            p_alive=np.array([0.1]),
            p_order=np.array([0.05]),
        )
        return ids(found)[0]

    assert segment(back=20, cases=100) == "at_risk"
    assert segment(back=19, cases=100) == "quiet"
    assert segment(back=20, cases=29) == "quiet"  # too few cases: the model's 5 in 100


@pytest.mark.parametrize(("back", "cases"), [(17, 100), (19, 100), (199, 1000), (20, 100), (22, 100), (6, 31), (7, 35)])
def test_whose_reason_says_about_1_in_5_is_not_quiet_and_the_quiet_are_told_of_less(back: int, cases: int) -> None:
    statistics = shop([0, 10, 20, 30])
    record = recorded(segments_of(statistics), back=back, cases=cases).comebacks
    found = segmented(
        statistics, margins_minor=np.zeros(1, dtype=np.int64), comebacks=record, p_alive=None, p_order=None
    )
    assert ("about 1 in 5" in found.reason(0, language="en")) == (ids(found) == ["at_risk"]) == (5 * back >= cases)


@pytest.mark.parametrize(("chance", "segment", "percent"), [(0.197, "quiet", 19), (0.2, "at_risk", 20)])
def test_a_models_chance_below_the_limit_is_not_rounded_up_to_it(chance: float, segment: str, percent: int) -> None:
    found = segments_of(shop([0, 10, 20, 30]), alive=[0.1], order=[chance])
    assert ids(found) == [segment]
    assert f"a chance of {percent} %" in found.reason(0, language="en")


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
        p_order=None if alive is None else np.full(len(statistics), alive / 2),
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
        segments_of(statistics, alive=[0.5, float("nan")], order=[0.5, 0.5])
    with pytest.raises(ValueError, match="p_order must have one value for each of 2 customers, got 1"):
        segments_of(statistics, alive=[0.5, 0.5], order=[0.5])
    with pytest.raises(ValueError, match="segment must be one of quiet, at_risk"):
        segments_of(statistics).members("best")


def test_on_cdnow_the_quiet_come_back_least_then_those_at_risk_then_the_loyal_and_the_champions_most(
    cdnow_days: OrderDays,
) -> None:
    # Calibration to 1997-09-30, as published; the 90 days after it are what the segments knew nothing of.
    until = int(np.datetime64("1997-09-30", "D").astype(np.int64))
    statistics = statistics_of(cdnow_days, until_day=until)
    model = fit_bgnbd(statistics.histories, name="mbg_nbd")
    totals = np.zeros(int(statistics.customer_ids.max()) + 1, dtype=np.int64)
    known = cdnow_days.until(until)
    np.add.at(totals, known.customer_ids, known.values_minor)
    found = segmented(
        statistics,
        margins_minor=totals[statistics.customer_ids],
        comebacks=comebacks(known, until_day=until),
        p_alive=model.probability_alive(statistics.histories),
        p_order=model.probability_of_order(statistics.histories, horizon_weeks=90 / 7),
    )

    after = cdnow_days.customer_ids[(cdnow_days.days > until) & (cdnow_days.days <= until + 90)]
    came_back = [np.isin(found.members(name), after).mean() for name in ("quiet", "at_risk", "loyal", "champions")]
    assert came_back == sorted(came_back)
    assert came_back[0] < 0.1
    assert came_back[-1] > 0.6
