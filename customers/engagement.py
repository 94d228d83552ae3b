"""How watching, liking and sharing go with later orders: customer by customer, and never as a cause.

Engagement is measured before a landmark and orders after it, since people who are still customers keep watching: over
the same weeks, staying a customer would look like an effect of watching.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from customers.rates import rate_regression
from customers.wording import Language, Words, words

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CAUTION = words(
    en="Customers who like more also buy more; causing likes may change nothing. This is so until an experiment says "
    "otherwise.",
    id="Pelanggan yang lebih banyak menyukai juga lebih banyak membeli; membuat orang menyukai belum tentu mengubah "
    "apa pun. Demikian adanya sampai sebuah eksperimen membuktikan lain.",
)
"""To stand beside every figure of this module and of ``customers.content``."""

FEWEST_CUSTOMERS = 30
"""Customers with an order afterwards, without one, and with any engagement, below which no ratio is told; and customers
without engagement, below which nobody is compared with them."""

MEASURES: Mapping[str, Words] = {
    "minutes_watched": words(en="minutes watched", id="menit tontonan"),
    "likes": words(en="likes", id="suka"),
    "shares": words(en="shares", id="kali membagikan"),
    "session_minutes": words(en="minutes per session", id="menit per sesi"),
    "use_weeks": words(en="weeks of use", id="minggu pemakaian"),
    "interactions": words(en="interactions", id="interaksi"),
    "interactions_per_week": words(en="interactions a week", id="interaksi per minggu"),
}
"""What is measured of each customer before the landmark, in words."""

_SENTENCE = words(
    en="Customers with {typical:.3g} {measure} ordered {ratio:.2f} times as often later as customers with {base} and "
    "as many earlier orders; 95 % interval {low:.2f} to {high:.2f}, from {n:,} customers, {engaged:,} of them with "
    "any.",
    id="Pelanggan dengan {typical:.3g} {measure} kemudian membeli {ratio:.2f} kali sesering pelanggan dengan {base} "
    "dan jumlah pembelian sebelumnya yang sama; rentang 95 % {low:.2f} sampai {high:.2f}, dari {n:,} pelanggan, "
    "{engaged:,} di antaranya punya.",
)
_NONE = words(en="none", id="nol")
_WITHHELD = words(
    en="Too few customers to say how {measure} go with later orders ({engaged:,} of {n:,} have any).",
    id="Terlalu sedikit pelanggan untuk mengatakan hubungan {measure} dengan pembelian berikutnya ({engaged:,} di "
    "antara {n:,} memilikinya).",
)


@dataclass(frozen=True, slots=True)
class Association:
    """How one measure before the landmark goes with orders after it.

    Attributes:
        measure: One of ``MEASURES``.
        n_customers: Customers looked at.
        n_engaged: Those with any of it.
        typical: How much is compared: the middle of those with any, or, where nearly everybody has some, what a quarter
            of all surpass; ``nan`` if nobody has any.
        base: With how much: none, or, where nearly everybody has some, what a quarter of all do not reach.
        ratio: Rate of later orders at ``typical`` over that at ``base``, at equal orders before; None where too few
            customers carry it.
        interval: 95 % interval of the ratio, robust to the spread of orders, or None.
        p_value: Two-sided, of a ratio of 1, adjusted by Holm for all measures asked about at once; or None.
    """

    measure: str
    n_customers: int
    n_engaged: int
    typical: float
    base: float
    ratio: float | None
    interval: tuple[float, float] | None
    p_value: float | None

    def sentence(self, language: Language) -> str:
        """The figure and what it does not mean; the two are never apart."""
        measure = MEASURES[self.measure][language]
        if self.ratio is None or self.interval is None:
            text = _WITHHELD[language].format(measure=measure, engaged=self.n_engaged, n=self.n_customers)
        else:
            low, high = self.interval
            text = _SENTENCE[language].format(
                typical=self.typical,
                measure=measure,
                base=f"{self.base:.3g}" if self.base else _NONE[language],
                ratio=self.ratio,
                low=low,
                high=high,
                engaged=self.n_engaged,
                n=self.n_customers,
            )
        return f"{text} {CAUTION[language]}"


def associations(
    engagement: Mapping[str, FloatArray], *, orders_before: IntArray, orders_after: IntArray
) -> list[Association]:
    """How each measure goes with later orders, one measure at a time.

    ``log E[orders after] = a + b log(1 + measure) + c log(1 + orders before)``: at equal orders before, so that a ratio
    does not just say that good customers do more of everything. Of customers alike in that, it still says nothing about
    what made them watch.

    Args:
        engagement: By measure (one of ``MEASURES``): what each customer did before the landmark, at least 0, shape
            ``(n_customers,)``.
        orders_before: Order days up to the landmark, same shape.
        orders_after: Order days after it, over the same number of weeks for everybody, same shape.

    Raises:
        ValueError: If a measure is unknown, negative or no number, or lengths differ.
    """
    for measure, values in engagement.items():
        if measure not in MEASURES:
            raise ValueError(f"engagement must be of {', '.join(MEASURES)}, got {measure!r}")
        if not values.shape == orders_before.shape == orders_after.shape:
            raise ValueError(f"{measure}, orders_before and orders_after must have equal lengths")
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(f"{measure} must be at least 0 for every customer, and is not")
    found = [_association(measure, values, orders_before, orders_after) for measure, values in engagement.items()]
    return _adjusted(found)


def _association(measure: str, values: FloatArray, orders_before: IntArray, orders_after: IntArray) -> Association:
    n, engaged = values.size, values > 0
    base, typical = _compared(values)
    unknown = Association(measure, n, int(engaged.sum()), typical, base, None, None, None)
    groups = [np.count_nonzero(orders_after > 0), np.count_nonzero(orders_after == 0), np.count_nonzero(engaged)]
    if min(groups) < FEWEST_CUSTOMERS or base == typical:
        return unknown
    columns = [np.ones(n), np.log1p(values)]
    if np.ptp(orders_before):
        columns.append(np.log1p(orders_before))
    fit = rate_regression(np.column_stack(columns), orders_after)
    if fit is None:
        return unknown
    reach, error = float(np.log1p(typical) - np.log1p(base)), float(np.sqrt(fit.covariance[1, 1]))
    slope, margin = float(fit.coefficients[1]), float(stats.t.isf(0.025, fit.degrees)) * error
    return replace(
        unknown,
        ratio=float(np.exp(slope * reach)),
        interval=(float(np.exp((slope - margin) * reach)), float(np.exp((slope + margin) * reach))),
        p_value=float(2 * stats.t.sf(abs(slope) / error, fit.degrees)),
    )


def _adjusted(found: list[Association]) -> list[Association]:
    """The same with p-values adjusted by Holm (1979, Scand. J. Statistics 6)."""
    known = sorted((one.p_value, row) for row, one in enumerate(found) if one.p_value is not None)
    adjusted, least = dict[int, float](), 0.0
    for rank, (p_value, row) in enumerate(known):
        least = max(least, min(1.0, p_value * (len(known) - rank)))
        adjusted[row] = least
    return [replace(one, p_value=adjusted.get(row)) for row, one in enumerate(found)]


def _compared(values: FloatArray) -> tuple[float, float]:
    """The two amounts of a measure that are compared: what few do, and what many do."""
    engaged = values > 0
    if not engaged.any():
        return 0.0, float("nan")
    if np.count_nonzero(~engaged) >= FEWEST_CUSTOMERS:
        return 0.0, float(np.median(values[engaged]))
    low, high = np.quantile(values, (0.25, 0.75))
    return float(low), float(high)
