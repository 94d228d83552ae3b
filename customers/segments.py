"""Segments by silence and probability, each customer with a reason in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from customers.books.entries import Value
from customers.orders import OrderStatistics
from customers.rfm import scores_by_rank
from customers.silence import HORIZON_DAYS, Comebacks, Silences, silences
from customers.wording import VALUE_WORDS, Language, Words, frequency_in_words, words

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LOYAL_ORDER_DAYS = 3
LONG_GAPS = 2.0
"""Usual gaps after which anybody is called quiet longer than usual."""

LEFT_BELOW = 0.5
"""P(alive) below which one usual gap is enough: the customer has more likely left than not."""

QUIET_BELOW = 0.2
"""Chance of an order within the horizon below which a customer quiet longer than usual is called quiet. It is the
chance that the customer's reason tells, so that the two never disagree."""

QUIET_GAPS = 4.0
"""Usual gaps that stand for that chance where neither the shop's record nor a model gives it."""

FEWEST_CASES = 30
"""Cases below which the shop's own rate of such customers is not told: of 30, the usual error is still 8 in 100."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of ``SEGMENTS``; a customer is in the first of them that fits.

    Attributes:
        id: Stable: for targeting, feeds, experiments and files.
        name: In words.
        rule: Who is in it; ``definition`` fills in ``{value}`` and ``{horizon}``.
        rule_without_model: The same where no model gives chances of an order, if that is another.
    """

    id: str
    name: Words
    rule: Words
    rule_without_model: Words | None = None

    def definition(self, language: Language, *, value: Value, has_model: bool, horizon_days: int = HORIZON_DAYS) -> str:
        """Who is in it, in words; what "quiet longer than usual" means in them, ``QUIET_LONGER`` says.

        Args:
            language: Of the words.
            value: What customer value consists of, see ``SalesLines.value``: revenue is never called margin.
            has_model: Whether customers were segmented with a model's chances of an order.
            horizon_days: That of the ``comebacks`` they were segmented with.
        """
        without = None if has_model else self.rule_without_model
        rule = self.rule if without is None else without
        return rule[language].format(value=VALUE_WORDS[value][language], horizon=horizon_days)


SEGMENTS: tuple[Segment, ...] = (
    Segment(
        "quiet",
        words(en="Quiet", id="Lama diam"),
        words(
            en="Quiet longer than usual, with a chance below 1 in 5 of ordering within {horizon} days: by the shop's "
            "own record of such customers, and where that is short by the model.",
            id="Diam lebih lama dari biasanya, dengan peluang di bawah 1 dari 5 untuk membeli dalam {horizon} hari: "
            "menurut catatan toko tentang pelanggan seperti itu, dan bila catatannya sedikit menurut model.",
        ),
        words(
            en="Quiet longer than usual, and fewer than 1 in 5 such customers bought again within {horizon} days; "
            "where the shop's record of them is short: quiet for more than four usual gaps.",
            id="Diam lebih lama dari biasanya, dan kurang dari 1 di antara 5 pelanggan seperti itu membeli lagi dalam "
            "{horizon} hari; bila catatan toko sedikit: diam lebih dari empat kali jeda biasanya.",
        ),
    ),
    Segment(
        "at_risk",
        words(en="At risk: quiet longer than usual", id="Berisiko: diam lebih lama dari biasanya"),
        words(
            en="Came back before, is quiet longer than usual, and is not among the quiet.",
            id="Pernah kembali, kini diam lebih lama dari biasanya, dan tidak termasuk yang lama diam.",
        ),
    ),
    Segment(
        "champions",
        words(en="Champions", id="Juara"),
        words(
            en="The tenth of customers who brought most {value} so far, not quiet longer than usual.",
            id="Sepersepuluh pelanggan yang sejauh ini membawa {value} terbanyak, tidak diam lebih lama dari biasanya.",
        ),
    ),
    Segment(
        "new",
        words(en="New", id="Baru"),
        words(
            en="One order day, no longer ago than customers usually take to come back.",
            id="Satu hari belanja, belum lebih lama dari jeda pelanggan biasanya kembali.",
        ),
    ),
    Segment(
        "loyal",
        words(en="Loyal", id="Setia"),
        words(
            en="Three order days or more, not quiet longer than usual.",
            id="Tiga hari belanja atau lebih, tidak diam lebih lama dari biasanya.",
        ),
    ),
    Segment(
        "occasional",
        words(en="Occasional", id="Sesekali"),
        words(
            en="One or two order days, and none of the others.",
            id="Satu atau dua hari belanja, dan tidak termasuk yang lain.",
        ),
    ),
)
"""In the order in which they are tried: who is quiet longer than usual is no champion now, whatever she brought."""

QUIET_LONGER = words(
    en="Quiet longer than usual: for more than two usual gaps, or for more than one where the model gives less than an "
    "even chance of still being a customer.",
    id="Diam lebih lama dari biasanya: lebih dari dua kali jeda biasanya, atau lebih dari satu kali bila menurut model "
    "peluang masih menjadi pelanggan kurang dari separuh.",
)
"""What the definitions mean by it. Silence alone suffices: where customers never seem to leave for good, a model's
P(alive) is nearly 1 for everybody, and would call nobody quiet."""

_CODES: Mapping[str, int] = MappingProxyType({segment.id: code for code, segment in enumerate(SEGMENTS)})

_SILENT = words(en="{days} days silent", id="diam {days} hari")
_SILENT_ONE = words(en="1 day silent", id="diam 1 hari")
_SILENT_NONE = words(en="ordered on the last day", id="membeli pada hari terakhir")
_OWN_GAP = words(en="usual gap {gap}", id="biasanya tiap {gap} hari")
_SHOP_GAP = words(en="usual gap of the shop {gap}", id="di toko ini biasanya tiap {gap} hari")
_MEASURED = words(
    en="{frequency} such customers bought again within {horizon} days ({back} of {cases})",
    id="{frequency} pelanggan seperti ini membeli lagi dalam {horizon} hari ({back} dari {cases})",
)
_EXPECTED = words(
    en="the model gives a chance of {percent} % to buy within {horizon} days",
    id="menurut model, peluang membeli dalam {horizon} hari {percent} %",
)


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """The segment of each customer and what its reason is made of; arrays have shape ``(n_customers,)``.

    Attributes:
        customer_ids: As in the statistics.
        codes: Which of ``SEGMENTS``.
        silences: How long each has been silent, and in which situation that is.
        comebacks: The shop's own record of such situations.
        p_order: Chance of an order within the record's horizon by the model, or None.
    """

    customer_ids: IntArray
    codes: npt.NDArray[np.int8]
    silences: Silences
    comebacks: Comebacks
    p_order: FloatArray | None

    @property
    def counts(self) -> Mapping[str, int]:
        """Customers in each segment by its id, in the order of ``SEGMENTS``."""
        counts = np.bincount(self.codes, minlength=len(SEGMENTS)).tolist()
        return MappingProxyType({segment.id: n for segment, n in zip(SEGMENTS, counts, strict=True)})

    def members(self, segment_id: str) -> IntArray:
        """Customers in a segment, in the order of the statistics.

        Raises:
            ValueError: If there is no such segment.
        """
        if segment_id not in _CODES:
            raise ValueError(f"segment must be one of {', '.join(_CODES)}, got {segment_id!r}")
        members: IntArray = self.customer_ids[self.codes == _CODES[segment_id]]
        return members

    def reason(self, row: int, *, language: Language) -> str:
        """How long the customer of a row has been silent, and what that means.

        For example "46 days silent, usual gap 14; about 1 in 5 such customers bought again within 90 days (31 of
        155)".

        The rate is the shop's own, measured in its past, of customers with about as many order days who had been
        silent for about as many usual gaps. Where too few were, the model's chance for this customer stands there,
        called so; without a model, nothing.
        """
        days, gap = int(self.silences.days[row]), float(self.silences.usual_gap_days[row])
        silent = _SILENT_NONE if days == 0 else _SILENT_ONE if days == 1 else _SILENT
        text = silent[language].format(days=days)
        if not np.isnan(gap):
            usual = _OWN_GAP if self.silences.has_own_gap[row] else _SHOP_GAP
            text += ", " + usual[language].format(gap=max(1, round(gap)))
        chance = self._chance(row, language)
        return text if chance is None else f"{text}; {chance}"

    def _chance(self, row: int, language: Language) -> str | None:
        record, situation = self.comebacks, int(self.silences.situations[row])
        cases, back = int(record.n_cases[situation]), int(record.n_came_back[situation])
        if cases >= FEWEST_CASES:
            return _MEASURED[language].format(
                frequency=frequency_in_words(back, cases, language=language),
                horizon=record.horizon_days,
                back=back,
                cases=cases,
            )
        if self.p_order is None:
            return None
        chance = float(self.p_order[row])
        # A chance that is below the limit is not rounded up to it.
        most = 99 if chance >= QUIET_BELOW else round(100 * QUIET_BELOW) - 1
        percent = min(most, max(1, round(100 * chance)))
        return _EXPECTED[language].format(percent=percent, horizon=record.horizon_days)


def segmented(
    statistics: OrderStatistics,
    *,
    margins_minor: IntArray,
    comebacks: Comebacks,
    p_alive: FloatArray | None,
    p_order: FloatArray | None,
) -> Segmentation:
    """The segment of each customer.

    Args:
        statistics: Customers who have ordered.
        margins_minor: What each brought so far, of either sign, shape ``(n_customers,)``.
        comebacks: From ``customers.silence.comebacks`` of the same history.
        p_alive: Probability of still being a customer, same shape, from Pareto/NBD or MBG/NBD: BG/NBD's is 1 for
            everybody who bought once, and says nothing. None where no such model is; then silence alone says who is
            quiet longer than usual.
        p_order: Probability of an order within the horizon of ``comebacks``, same shape, or None where no model is.

    Raises:
        ValueError: If lengths differ or a probability is none.
    """
    for name, values in (("margins_minor", margins_minor), ("p_alive", p_alive), ("p_order", p_order)):
        if values is not None and values.size != len(statistics):
            raise ValueError(f"{name} must have one value for each of {len(statistics)} customers, got {values.size}")
    for name, chances in (("p_alive", p_alive), ("p_order", p_order)):
        if chances is not None and not ((chances >= 0) & (chances <= 1)).all():
            raise ValueError(f"{name} must be from 0 to 1, got {chances[~((chances >= 0) & (chances <= 1))][0]}")
    silence, n_days = silences(statistics), statistics.frequency + 1
    is_longer: BoolArray = silence.gaps > LONG_GAPS
    if p_alive is not None:
        is_longer |= (silence.gaps > 1) & (p_alive < LEFT_BELOW)
    chances = _chances(silence, comebacks, p_order)
    is_quiet = is_longer & np.where(np.isnan(chances), silence.gaps > QUIET_GAPS, chances < QUIET_BELOW)
    fits = [
        is_quiet,
        is_longer & (n_days > 1),
        ~is_longer & (scores_by_rank(margins_minor, n_scores=10) == 10) & (margins_minor > 0),
        (n_days == 1) & (silence.gaps <= 1),
        n_days >= LOYAL_ORDER_DAYS,
    ]
    codes = np.select(fits, range(len(fits)), default=len(fits)).astype(np.int8)
    return Segmentation(statistics.customer_ids, codes, silence, comebacks, p_order)


def _chances(silence: Silences, comebacks: Comebacks, p_order: FloatArray | None) -> FloatArray:
    """Of an order within the horizon: the shop's own rate where it has seen enough, else the model's, else ``nan``."""
    rates = np.full(comebacks.n_cases.size, np.nan)
    np.divide(comebacks.n_came_back, comebacks.n_cases, out=rates, where=comebacks.n_cases >= FEWEST_CASES)
    chances: FloatArray = rates[silence.situations]
    return chances if p_order is None else np.where(np.isnan(chances), p_order, chances)
