"""Recency, frequency and value scored from 1 to 5, and the segments that marketing calls by name.

A score is a function of the value alone, so identical customers always share it:

- recency and value: the customer's place among all, where equal ones share the middle of their places, cut into fifths;
- frequency: 1 for one order day, by definition; those who came back share 2 to 5 by the same rule, in quarters. Where
  most customers bought once, fifths by rank cut through the middle of them by the order of the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from customers.wording import Words, words

IntArray = npt.NDArray[np.int64]
Scores = npt.NDArray[np.int8]
Range = tuple[int, int]

_ANY: Range = (1, 5)


@dataclass(frozen=True, slots=True)
class RfmSegment:
    """A segment by scores. Of the segments in ``RFM_SEGMENTS`` a customer is in the first whose ranges hold hers.

    Attributes:
        id: Stable: for targeting, feeds and files.
        name: As marketing calls it.
        definition: Who is in it, in words; 5 is the most recent, most frequent and most valuable.
        recency: Lowest and highest score, both included; so for the others.
        frequency: Of the number of order days.
        value: Of the money so far.
    """

    id: str
    name: Words
    definition: Words
    recency: Range
    frequency: Range
    value: Range = _ANY


RFM_SEGMENTS: tuple[RfmSegment, ...] = (
    RfmSegment(
        "champions",
        words(en="Champions", id="Juara"),
        words(
            en="Ordered lately, often, and brought much (recency, frequency and value 4 or 5).",
            id="Baru saja dan sering membeli, nilainya besar (kebaruan, frekuensi, dan nilai 4 atau 5).",
        ),
        recency=(4, 5),
        frequency=(4, 5),
        value=(4, 5),
    ),
    RfmSegment(
        "loyal",
        words(en="Loyal customers", id="Pelanggan setia"),
        words(
            en="Order often and are not long silent (frequency 3 to 5, recency 3 to 5), and are no champions.",
            id="Sering membeli dan belum lama diam (frekuensi 3–5, kebaruan 3–5), di luar juara.",
        ),
        recency=(3, 5),
        frequency=(3, 5),
    ),
    RfmSegment(
        "cannot_lose",
        words(en="Can't lose them", id="Jangan sampai hilang"),
        words(
            en="Ordered often and brought much, and are now among the longest silent (frequency and value 4 or 5, "
            "recency 1).",
            id="Dulu sering membeli dan nilainya besar, kini paling lama diam (frekuensi dan nilai 4 atau 5, "
            "kebaruan 1).",
        ),
        recency=(1, 1),
        frequency=(4, 5),
        value=(4, 5),
    ),
    RfmSegment(
        "at_risk",
        words(en="At risk", id="Berisiko"),
        words(
            en="Ordered often, and are long silent (frequency 3 to 5, recency 1 or 2).",
            id="Dulu sering membeli, kini lama diam (frekuensi 3–5, kebaruan 1 atau 2).",
        ),
        recency=(1, 2),
        frequency=(3, 5),
    ),
    RfmSegment(
        "new",
        words(en="New customers", id="Pelanggan baru"),
        words(
            en="Ordered on one day, lately (frequency 1, recency 4 or 5).",
            id="Membeli pada satu hari saja, baru-baru ini (frekuensi 1, kebaruan 4 atau 5).",
        ),
        recency=(4, 5),
        frequency=(1, 1),
    ),
    RfmSegment(
        "promising",
        words(en="Promising", id="Menjanjikan"),
        words(
            en="Ordered on one day, some time ago (frequency 1, recency 3).",
            id="Membeli pada satu hari saja, beberapa waktu lalu (frekuensi 1, kebaruan 3).",
        ),
        recency=(3, 3),
        frequency=(1, 1),
    ),
    RfmSegment(
        "potential_loyalist",
        words(en="Potential loyalists", id="Calon pelanggan setia"),
        words(
            en="Came back, but not yet often, and ordered lately (frequency 2, recency 4 or 5).",
            id="Sudah kembali tetapi belum sering, dan baru saja membeli (frekuensi 2, kebaruan 4 atau 5).",
        ),
        recency=(4, 5),
        frequency=(2, 2),
    ),
    RfmSegment(
        "need_attention",
        words(en="Need attention", id="Perlu perhatian"),
        words(
            en="Came back, but not often, and ordered some time ago (frequency 2, recency 3).",
            id="Sudah kembali tetapi tidak sering, dan membeli beberapa waktu lalu (frekuensi 2, kebaruan 3).",
        ),
        recency=(3, 3),
        frequency=(2, 2),
    ),
    RfmSegment(
        "about_to_sleep",
        words(en="About to sleep", id="Mulai diam"),
        words(
            en="Ordered seldom, and are longer silent than most (frequency 1 or 2, recency 2).",
            id="Jarang membeli, dan lebih lama diam daripada kebanyakan (frekuensi 1 atau 2, kebaruan 2).",
        ),
        recency=(2, 2),
        frequency=(1, 2),
    ),
    RfmSegment(
        "hibernating",
        words(en="Hibernating", id="Lama diam"),
        words(
            en="Ordered seldom, and are among the longest silent (frequency 1 or 2, recency 1).",
            id="Jarang membeli, dan termasuk yang paling lama diam (frekuensi 1 atau 2, kebaruan 1).",
        ),
        recency=(1, 1),
        frequency=(1, 2),
    ),
)
"""The conventional segments, made whole: every customer is in exactly one, and none is swallowed by another.

Common tables (those of R's ``rfm`` among them) let "Loyal" hold customers long silent, "Potential loyalist" all new
ones and "At risk" all that must not be lost. Here the special stands before the general, loyal customers are not
silent, and what "new" and "promising" say of one order is true.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Rfm:
    """Scores from 1 to 5 and the segment of each customer; all arrays have shape ``(n_customers,)``.

    Attributes:
        recency: 5 for the most recent.
        frequency: 1 for one order day.
        value: 5 for the most money.
        segments: Which of ``RFM_SEGMENTS``.
    """

    recency: Scores
    frequency: Scores
    value: Scores
    segments: Scores

    @property
    def counts(self) -> Mapping[str, int]:
        """Customers in each segment by its id, in the order of ``RFM_SEGMENTS``."""
        counts = np.bincount(self.segments, minlength=len(RFM_SEGMENTS)).tolist()
        return MappingProxyType({segment.id: n for segment, n in zip(RFM_SEGMENTS, counts, strict=True)})


def rfm(days_silent: IntArray, *, n_order_days: IntArray, value_minor: IntArray) -> Rfm:
    """Scores and conventional segments of customers who have ordered.

    Args:
        days_silent: Days since the last order day, shape ``(n_customers,)``.
        n_order_days: Days with an order, at least 1, same shape.
        value_minor: Revenue or margin so far in minor units, of either sign, same shape.

    Raises:
        ValueError: If the arrays differ in length, or a customer never ordered or ordered in the future.
    """
    if not days_silent.shape == n_order_days.shape == value_minor.shape:
        raise ValueError(
            "days_silent, n_order_days and value_minor must have equal lengths, "
            f"got {days_silent.size}, {n_order_days.size} and {value_minor.size}"
        )
    if (n_order_days < 1).any():
        raise ValueError(f"n_order_days must be at least 1, got {n_order_days.min()}")
    if (days_silent < 0).any():
        raise ValueError(f"days_silent must be at least 0 (no order is in the future), got {days_silent.min()}")
    came_back = n_order_days > 1
    frequency = np.ones(n_order_days.size, dtype=np.int8)
    frequency[came_back] = 1 + scores_by_rank(n_order_days[came_back], n_scores=4)
    recency, value = scores_by_rank(-days_silent, n_scores=5), scores_by_rank(value_minor, n_scores=5)
    segments = _SEGMENT_OF[recency - 1, frequency - 1, value - 1]
    return Rfm(recency, frequency, value, segments)


def scores_by_rank(values: IntArray, *, n_scores: int) -> Scores:
    """The part of all values, counted from 1 for the lowest, in which the middle of a value's equals falls.

    With ``b`` values below and ``e`` equal to it (itself included) of ``n``, that middle is ``(b + e / 2) / n``.

    Args:
        values: Shape ``(n,)``.
        n_scores: Parts of equal size that all places are cut into.

    Returns:
        From 1 to ``n_scores``, never lower for a higher value, shape ``(n,)``.
    """
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    twice_middle = 2 * np.cumsum(counts) - counts
    scores = 1 + n_scores * twice_middle // (2 * max(values.size, 1))
    found: Scores = scores.astype(np.int8)[codes]
    return found


def score_ranges(values: IntArray, scores: Scores) -> dict[int, Range]:
    """Lowest and highest value with each score that somebody has: what the scores mean in this shop."""
    present = np.unique(scores).tolist()
    return {score: (int(values[scores == score].min()), int(values[scores == score].max())) for score in present}


def _segment_of_scores() -> Scores:
    """Which segment each triple of scores belongs to, shape ``(5, 5, 5)``: the first that matches."""
    table = np.full((5, 5, 5), -1, dtype=np.int8)
    for code in reversed(range(len(RFM_SEGMENTS))):
        segment = RFM_SEGMENTS[code]
        ranges = (segment.recency, segment.frequency, segment.value)
        table[tuple(slice(lowest - 1, highest) for lowest, highest in ranges)] = code
    return table


_SEGMENT_OF = _segment_of_scores()
