"""Promises of engagement as sums: by hand, each up to its customer's landmark."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.activity import Acts, engagement_of
from customers.engagement import MEASURES

MINUTE, WEEK = 60_000_000, 7 * 86_400_000_000


def acts(*said: tuple[int, int, float, str]) -> Acts:
    """Acts as (customer, at, seconds watched, kind)."""
    rows, at, watched, kinds = zip(*said, strict=True) if said else ((), (), (), ())
    return Acts(
        np.array(rows, dtype=np.int32),
        np.array(at, dtype=np.int64),
        np.array(watched, dtype=np.float32),
        np.array([kind == "like" for kind in kinds], dtype=np.bool_),
        np.array([kind == "share" for kind in kinds], dtype=np.bool_),
    )


def test_everything_that_is_measured_follows_by_hand() -> None:
    found = engagement_of(
        acts(
            (1, 3 * WEEK, 0, "share"),  # a session of its own, of no length
            (1, 10 * MINUTE, 300, "watch"),
            (1, 0, 0, "like"),
            (1, 40 * MINUTE, 60, "watch"),  # 30 minutes after the last act: still the same session
            (0, 5 * MINUTE, 900, "watch"),
        ),
        until=np.array([2 * MINUTE + 5 * MINUTE, 4 * WEEK, 4 * WEEK]),
    )
    assert found["minutes_watched"].tolist() == [15, 6, 0]
    assert found["likes"].tolist() == [0, 1, 0]
    assert found["shares"].tolist() == [0, 1, 0]
    # Sessions of 40 and 0 minutes; one that is shorter than what was watched in it lasted as long as that.
    assert found["session_minutes"].tolist() == [15, (40 + 0) / 2, 0]
    # Four acts in four weeks; one in less than a week counts as one in a week.
    assert found["interactions_per_week"].tolist() == [1, 4 / 4, 0]
    assert found["use_weeks"].tolist() == [0, 3, 0]


def test_half_an_hour_of_nothing_ends_a_session() -> None:
    until = np.array([WEEK])
    together = engagement_of(acts((0, 0, 0, "view"), (0, 30 * MINUTE, 0, "view")), until=until)
    apart = engagement_of(acts((0, 0, 0, "view"), (0, 30 * MINUTE + 1, 0, "view")), until=until)
    assert (together["session_minutes"].tolist(), apart["session_minutes"].tolist()) == ([30], [0])


def test_without_acts_everything_is_nothing_and_every_measure_is_known() -> None:
    found = engagement_of(acts(), until=np.array([WEEK, WEEK]))
    assert set(found) <= set(MEASURES)
    assert all(values.tolist() == [0, 0] for values in found.values())


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**12), st.floats(0, 100, width=32)), max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_order_of_acts_does_not_matter(said, random) -> None:
    until = np.full(4, 10**12 + 1)
    one = engagement_of(acts(*((*act, "view") for act in said)), until=until)
    random.shuffle(said)
    other = engagement_of(acts(*((*act, "view") for act in said)), until=until)
    for measure, values in one.items():
        assert values == pytest.approx(other[measure])
