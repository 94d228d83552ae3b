"""Promises of attribution: stated rules, exact money, the same answer whatever the order and the pieces."""

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import attribution
from experiments.attribution import RULES, Rule, credits_of, discounts, purchase_lines

DAY = 86_400_000_000
ANNA, BEN = 1, 2
TEA, CUP, FILM, CLIP = 10, 11, 20, 21


class Line(NamedTuple):
    user: int
    item: int
    at: int
    net_minor: int = 1_000
    order: int = 1
    currency: str = "GBP"


class Shown(NamedTuple):
    user: int
    item: int
    at: int
    position: int = 1
    feed: int = 0

    @property
    def is_content(self) -> bool:
        return self.item >= FILM


class Act(NamedTuple):
    user: int
    item: int
    at: int


def frame(rows: list[Any], kind: Any) -> pd.DataFrame:
    return pd.DataFrame({name: [getattr(row, name) for row in rows] for name in kind._fields}).astype(
        {name: np.int64 for name in kind._fields if name != "currency"}
    )


def credited(
    lines: list[Line], shown: list[Shown], acts: list[Act], *, rule: Rule = "last_touch", window_days: int = 7
) -> dict[tuple[int, int], tuple[float, int]]:
    """Share and credited minor units by (line, showing)."""
    showings = frame(shown, Shown).assign(is_content=np.array([one.is_content for one in shown], dtype=bool))
    found = credits_of(frame(lines, Line), showings, frame(acts, Act), window_days=window_days, rule=rule)
    return {
        (line, row): (share, minor)
        for part in found
        for line, row, share, minor in part[["line", "shown", "share", "credited_minor"]].itertuples(index=False)
    }


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("shown_at", "is_credited"),
    [(3 * DAY - 1, False), (3 * DAY, True), (10 * DAY - 1, True), (10 * DAY, False), (11 * DAY, False)],
)
def test_the_window_begins_seven_days_before_the_purchase_and_ends_just_before_it(
    rule: Rule, shown_at: int, is_credited: bool
) -> None:
    found = credited([Line(ANNA, TEA, 10 * DAY)], [Shown(ANNA, TEA, shown_at)], [], rule=rule)
    assert found == ({(0, 0): (1.0, 1_000)} if is_credited else {})


def test_a_product_touches_purchases_of_itself_by_whom_it_was_shown_to_and_no_others() -> None:
    shown = [Shown(ANNA, CUP, DAY), Shown(BEN, TEA, DAY)]
    assert credited([Line(ANNA, TEA, 2 * DAY)], shown, []) == {}


@pytest.mark.parametrize(
    ("act", "is_credited"),
    [
        (Act(ANNA, FILM, 4 * DAY), True),
        (Act(ANNA, FILM, 5 * DAY - 1), True),
        (Act(ANNA, FILM, 4 * DAY - 1), False),
        (Act(ANNA, FILM, 5 * DAY), False),
        (Act(BEN, FILM, 4 * DAY), False),
        (Act(ANNA, CLIP, 4 * DAY), False),
    ],
)
def test_content_touches_a_purchase_only_if_its_viewer_acted_on_it_from_its_showing_on_and_before(
    act: Act, is_credited: bool
) -> None:
    found = credited([Line(ANNA, TEA, 5 * DAY)], [Shown(ANNA, FILM, 4 * DAY)], [act])
    assert bool(found) == is_credited


def test_content_touches_every_line_and_several_acts_are_one_touch() -> None:
    lines = [Line(ANNA, TEA, 5 * DAY, 100), Line(ANNA, CUP, 6 * DAY, 50)]
    acts = [Act(ANNA, FILM, 4 * DAY + n) for n in range(3)]
    found = credited(lines, [Shown(ANNA, FILM, 4 * DAY)], acts, rule="position_share")
    assert found == {(0, 0): (1.0, 100), (1, 0): (1.0, 50)}


def test_the_last_touch_takes_all_and_of_equal_instants_the_later_feed_and_then_the_lower_position() -> None:
    line = Line(ANNA, TEA, 5 * DAY)
    acts = [Act(ANNA, FILM, 4 * DAY), Act(ANNA, CLIP, 4 * DAY)]
    early = Shown(ANNA, TEA, 3 * DAY, position=1, feed=9)
    film = Shown(ANNA, FILM, 4 * DAY, position=3, feed=2)
    clip = Shown(ANNA, CLIP, 4 * DAY, position=2, feed=2)
    other_feed = Shown(ANNA, TEA, 4 * DAY, position=1, feed=1)
    for shown, winner in (
        ([early, other_feed], other_feed),
        ([other_feed, film, early], film),
        ([film, other_feed, clip], clip),
    ):
        assert credited([line], shown, acts) == {(0, shown.index(winner)): (1.0, 1_000)}


def test_shares_follow_the_published_discount() -> None:
    """Järvelin & Kekäläinen (2002), base 2: position 1 counts 1, position 3 a half, position 7 a third."""
    np.testing.assert_array_equal(discounts(np.array([1, 3, 7, 15])), [1_000_000, 500_000, 333_333, 250_000])
    np.testing.assert_allclose(
        discounts(np.arange(1, 101)) / 1e6, [1 / math.log2(1 + k) for k in range(1, 101)], atol=5e-7
    )


def test_money_is_shared_by_position_to_the_minor_unit() -> None:
    """Weights 1, 1/2 and 1/4 of 1000: 571.43, 285.71, 142.86. Rounded down 998; .86 and .71 get what is left."""
    shown = [Shown(ANNA, TEA, 4 * DAY - n, position=position) for n, position in enumerate((1, 3, 15))]
    found = credited([Line(ANNA, TEA, 4 * DAY + 1)], shown, [], rule="position_share")
    assert [minor for _, minor in found.values()] == [571, 286, 143]
    np.testing.assert_allclose([share for share, _ in found.values()], [4 / 7, 2 / 7, 1 / 7])


def test_of_equal_remainders_the_latest_touch_gets_the_minor_unit() -> None:
    shown = [Shown(ANNA, TEA, DAY), Shown(ANNA, TEA, 2 * DAY)]
    found = credited([Line(ANNA, TEA, 3 * DAY, 5)], shown, [], rule="position_share")
    assert {row: minor for (_, row), (_, minor) in found.items()} == {1: 3, 0: 2}


def test_sums_beyond_what_floats_hold_are_shared_exactly() -> None:
    net = 2**62 + 1
    shown = [Shown(ANNA, TEA, at, position=position) for at, position in ((1, 2), (2, 5), (3, 9))]
    found = credited([Line(ANNA, TEA, DAY, net)], shown, [], rule="position_share")
    assert sum(minor for _, minor in found.values()) == net


def bought(**columns: list[Any]) -> pd.DataFrame:
    n = len(columns["amount_minor"])
    plain = {"user": [ANNA] * n, "order": [1] * n, "item": [TEA] * n, "currency": ["GBP"] * n, "at": list(range(n))}
    frame_ = pd.DataFrame({**plain, "is_refund": [False] * n, **columns})
    return frame_.assign(currency=frame_["currency"].astype("category"))


def nets(lines: pd.DataFrame) -> dict[tuple[int, int, str], tuple[int, int]]:
    standing = purchase_lines(lines)
    return {
        (row.order, row.item, row.currency): (row.at, row.net_minor)  # type: ignore[misc]  # rows of a frame
        for row in standing.itertuples()
    }


def test_a_line_is_what_was_bought_of_an_item_in_an_order_less_its_refunds() -> None:
    lines = bought(
        amount_minor=[100, 50, 30, 70, 7, 9],
        at=[5, 4, 9, 6, 7, 8],
        item=[TEA, TEA, TEA, CUP, TEA, TEA],
        order=[1, 1, 1, 1, 2, 1],
        currency=["GBP"] * 5 + ["USD"],
        is_refund=[False, False, True, False, False, False],
    )
    assert nets(lines) == {
        (1, TEA, "GBP"): (4, 120),
        (1, CUP, "GBP"): (6, 70),
        (2, TEA, "GBP"): (7, 7),
        (1, TEA, "USD"): (8, 9),
    }


def test_what_was_taken_back_whole_is_no_purchase_and_what_was_free_is_one() -> None:
    taken_back = bought(amount_minor=[100, 100], is_refund=[False, True])
    refunded_alone = bought(amount_minor=[100], is_refund=[True])
    free = bought(amount_minor=[0])
    assert [len(purchase_lines(lines)) for lines in (taken_back, refunded_alone, free)] == [0, 0, 1]


def test_nothing_bought_or_shown_is_nothing_credited() -> None:
    assert credited([], [], []) == {}
    assert credited([Line(ANNA, TEA, DAY)], [], []) == {}
    assert credited([], [Shown(ANNA, TEA, DAY)], []) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"window_days": 0}, "window_days must be at least 1, got 0"), ({"rule": "first"}, "rule must be one of")],
)
def test_another_rule_or_no_window_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        credited([], [], [], **changes)


USERS, PRODUCTS, CONTENT = st.sampled_from([ANNA, BEN]), st.sampled_from([TEA, CUP]), st.sampled_from([FILM, CLIP])
# Half days, so that instants meet each other and the ends of a window of one day.
INSTANTS = st.integers(0, 8).map(lambda half: half * DAY // 2)
LINES = st.lists(
    st.tuples(USERS, PRODUCTS, INSTANTS, st.integers(0, 10**6)).map(lambda row: Line(*row)), min_size=1, max_size=5
)
# A place in a feed holds one item.
SHOWN = st.lists(
    st.tuples(USERS, PRODUCTS | CONTENT, INSTANTS, st.integers(1, 4), st.integers(0, 2)).map(lambda row: Shown(*row)),
    min_size=1,
    max_size=10,
    unique_by=lambda one: (one.user, one.at, one.feed, one.position),
)
ACTS = st.lists(st.tuples(USERS, CONTENT, INSTANTS).map(lambda row: Act(*row)), max_size=5)
FEWER = settings(max_examples=50, deadline=None)


def slow(
    lines: list[Line], shown: list[Shown], acts: list[Act], rule: Rule
) -> dict[tuple[int, int], tuple[float, int]]:
    """The rules as the module states them, one line and one showing at a time, with a window of one day."""
    found = {}
    for n, line in enumerate(lines):
        touches = [
            (row, one)
            for row, one in enumerate(shown)
            if one.user == line.user
            and line.at - DAY <= one.at < line.at
            and (
                any((act.user, act.item) == (one.user, one.item) and one.at <= act.at < line.at for act in acts)
                if one.is_content
                else one.item == line.item
            )
        ]
        touches.sort(key=lambda touch: (-touch[1].at, -touch[1].feed, touch[1].position, touch[0]))
        if rule == "last_touch":
            touches = touches[:1]
        weights = [round(1e6 / math.log2(1 + one.position)) for _, one in touches]
        if rule == "last_touch":
            weights = [1] * len(touches)
        exact = [Fraction(line.net_minor * weight, sum(weights)) for weight in weights]
        given_ = [math.floor(part) for part in exact]
        by_remainder = sorted(range(len(exact)), key=lambda k: (given_[k] - exact[k], k))
        for k in by_remainder[: line.net_minor - sum(given_)] if touches else []:
            given_[k] += 1
        for (row, _), weight, minor in zip(touches, weights, given_, strict=True):
            found[n, row] = (weight / sum(weights), minor)
    return found


@FEWER
@given(LINES, SHOWN, ACTS, st.sampled_from(RULES))
def test_the_arrays_say_what_the_rules_say_one_by_one(
    lines: list[Line], shown: list[Shown], acts: list[Act], rule: Rule
) -> None:
    assert credited(lines, shown, acts, rule=rule, window_days=1) == slow(lines, shown, acts, rule)


@FEWER
@given(LINES, SHOWN, ACTS, st.sampled_from(RULES))
def test_the_credits_of_a_touched_line_add_up_to_it(
    lines: list[Line], shown: list[Shown], acts: list[Act], rule: Rule
) -> None:
    found = credited(lines, shown, acts, rule=rule)
    for n in {line for line, _ in found}:
        of_line = [credit for (line, _), credit in found.items() if line == n]
        assert sum(minor for _, minor in of_line) == lines[n].net_minor
        assert sum(share for share, _ in of_line) == pytest.approx(1)
        assert min(minor for _, minor in of_line) >= 0


@FEWER
@given(LINES, SHOWN, ACTS, st.sampled_from(RULES), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_pieces_of_users_change_a_credit(
    lines: list[Line], shown: list[Shown], acts: list[Act], rule: Rule, random: Any
) -> None:
    def by_content(rows: list[Line], showings: list[Shown], said: list[Act]) -> list[Any]:
        found = credited(rows, showings, said, rule=rule)
        return sorted((rows[line], showings[row], *credit) for (line, row), credit in found.items())

    whole = by_content(lines, shown, acts)
    shuffled = [random.sample(rows, len(rows)) for rows in (lines, shown, acts)]
    assert by_content(*shuffled) == whole
    pieces = [
        by_content(*([row for row in rows if row.user == user] for rows in (lines, shown, acts)))
        for user in (ANNA, BEN)
    ]
    assert sorted(pieces[0] + pieces[1]) == whole


@FEWER
@given(LINES, SHOWN, ACTS, st.sampled_from(RULES), st.integers(1, 3))
def test_how_much_is_looked_at_in_one_go_changes_no_credit(
    lines: list[Line], shown: list[Shown], acts: list[Act], rule: Rule, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        whole = credited(lines, shown, acts, rule=rule)
        patch.setattr(attribution, "_MOST_PAIRS", most)
        assert credited(lines, shown, acts, rule=rule) == whole
