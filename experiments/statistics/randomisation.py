"""The effect of a drawing of lots, judged by the lots that might have been drawn instead.

Small groups and heavy tails make Welch's interval wrong: with nine customers held out it often rests on one of them.
Here the lots are drawn again, a couple of thousand times, the way they were drawn: within blocks of alike units. Under
the hypothesis that every unit's value was moved by the same amount, what any of those draws would have shown is known
exactly (Fisher 1935), so the p-value of that amount asks nothing of the tails. It is an estimate from those draws and
the one that was seen, which is one of them too, so that none is 0 (Phipson and Smyth 2010, SAGMB 9). Ties count half
(mid-p, Lancaster 1961, JASA 56), so it is right on average and not a bound: where few draws are possible, a true amount
can be rejected somewhat more often than it says. The interval is all amounts that are not rejected. The statistic is
studentised, which makes the test also valid, in large samples, for the mean of effects that differ from unit to unit
(Wu and Ding 2021, JASA 116), and values are first freed of what covariates known before the draw explain (Rosenbaum
2002, Statistical Science 17), which narrows the interval and can't bias it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DRAWS = 1_999
"""Draws behind a p-value: at 0.025 its own standard error is 0.0035."""

MOST_DRAWN_UNITS = 5_000
"""Units beyond which the draws are replaced by the normal curve that they have come to by then."""

_LIMIT_SHARE = 1e-4
"""Share of a standard error to which the ends of an interval are looked for; the draws tell them less exactly."""

_CELLS_AT_A_TIME = 1_000_000
_TIE = 1e-7
"""Statistics closer than this are one: they come from the same sums in another order."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Which units were drawn together, and how many of each block were treated.

    Attributes:
        order: Rows of the units, block after block, shape ``(n_units,)``.
        of: Block of each of them, in that order, counting from 0.
        starts: Where each block begins, shape ``(n_blocks,)``.
        sizes: Units of each block.
        treated: Treated units of each block.
    """

    order: IntArray
    of: IntArray
    starts: IntArray
    sizes: IntArray
    treated: IntArray

    @property
    def is_readable(self) -> bool:
        """Whether each block has two units of either kind, without which no spread can be told."""
        return self.sizes.size > 0 and bool(((self.treated >= 2) & (self.sizes - self.treated >= 2)).all())

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums within each block, of values in block order along the last axis."""
        return np.add.reduceat(values, self.starts, axis=-1)

    def centred(self, values: FloatArray) -> FloatArray:
        """Values in block order less the mean of their block."""
        return values - (self.sums(values) / self.sizes)[self.of]


def blocks_of(block: IntArray, is_treated: BoolArray) -> Blocks:
    """The blocks of units, neighbours joined where units have gone since and a block has not two of either kind left.

    Args:
        block: Block of each unit; neighbouring numbers are alike, shape ``(n_units,)``.
        is_treated: Same shape.
    """
    order = np.argsort(block, kind="stable").astype(np.int64)
    _, code = np.unique(block[order], return_inverse=True)
    sizes = np.bincount(code)
    treated = np.bincount(code, weights=is_treated[order]).astype(np.int64)
    joined = np.zeros(sizes.size, dtype=np.int64)
    number = n_treated = n_control = 0
    for place in range(sizes.size):
        joined[place] = number
        n_treated, n_control = n_treated + treated[place], n_control + sizes[place] - treated[place]
        if n_treated >= 2 and n_control >= 2:
            number, n_treated, n_control = number + 1, 0, 0
    joined = np.minimum(joined, max(number - 1, 0))  # what is left over at the end joins the last one
    of = joined[code]
    return Blocks(
        order=order,
        of=of,
        starts=np.searchsorted(of, np.arange(of[-1] + 1 if of.size else 0)),
        sizes=np.bincount(of),
        treated=np.bincount(of, weights=is_treated[order]).astype(np.int64),
    )


def draws(blocks: Blocks, n_draws: int, *, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Lots that might have been drawn, in block order: 1 for treated, in pieces of shape ``(some draws, n_units)``."""
    n = blocks.of.size
    at_a_time = max(1, _CELLS_AT_A_TIME // max(n, 1))
    alike = [(size, np.flatnonzero(blocks.sizes == size)) for size in np.unique(blocks.sizes)]
    for start in range(0, n_draws, at_a_time):
        lots = np.empty((min(at_a_time, n_draws - start), n))
        for size, members in alike:
            # The treated of a block are those of its smallest random numbers: as many as were treated.
            chances = rng.random((lots.shape[0], members.size, size))
            largest = np.take_along_axis(np.sort(chances, axis=2), (blocks.treated[members] - 1)[None, :, None], axis=2)
            places = blocks.starts[members][:, None] + np.arange(size)
            lots[:, places.ravel()] = (chances <= largest).reshape(lots.shape[0], -1)
        yield lots


@dataclass(frozen=True, slots=True)
class LotsEffect:
    """What the treatment added per unit.

    Attributes:
        control_mean: Mean of the untreated, each block weighted by its size.
        treated_mean: Mean of the treated, likewise.
        estimate: Treated less untreated, what covariates explain taken out of both.
        interval: All amounts that the lots do not reject at 5 %, both sides alike; an end may be infinite.
        p_value: Two-sided, of "it added nothing"; below 0.05 exactly when the interval leaves 0 out.
    """

    control_mean: float
    treated_mean: float
    estimate: float
    interval: tuple[float, float]
    p_value: float


def lots_effect(
    values: FloatArray,
    is_treated: BoolArray,
    block: IntArray,
    *,
    covariates: FloatArray,
    rng: np.random.Generator,
    alpha: float = 0.05,
) -> LotsEffect | None:
    """The effect of a treatment that was drawn by lot within blocks.

    Args:
        values: What each unit did, shape ``(n_units,)``.
        is_treated: Same shape.
        block: Block in which each unit's lot was drawn; alike blocks have neighbouring numbers.
        covariates: What was known of each unit before the draw, shape ``(n_units, n_covariates)``.
        rng: Source of the draws; the same one gives the same interval.
        alpha: Probability that the interval misses.

    Returns:
        None if there are not two units of either kind, or nothing varies.
    """
    blocks = blocks_of(block, is_treated)
    if not blocks.is_readable:
        return None
    lot = is_treated[blocks.order].astype(np.float64)
    held = _Residuals.of(blocks, values[blocks.order].astype(np.float64), lot, covariates[blocks.order])
    if not held.varies:
        return None
    observed = held.under(lot[None, :])
    estimate = float(observed.value[0] / observed.lot[0])
    if values.size > MOST_DRAWN_UNITS:
        distribution: _Moments | None = None
    else:
        distribution = _joined([held.under(lots) for lots in draws(blocks, DRAWS, rng=rng)])

    def tail(amount: float) -> float:
        """Chance of a statistic above the observed one, ties counting half, if every unit was moved by ``amount``."""
        seen = float(observed.statistics(amount)[0])
        if distribution is None:
            return float(stats.norm.sf(seen))
        drawn = distribution.statistics(amount)
        margin = _TIE * max(1.0, abs(seen))
        n_above, n_tied = np.sum(drawn > seen + margin), np.sum(np.abs(drawn - seen) <= margin)
        # What was seen is a draw too, and ties with itself.
        return float((n_above + (n_tied + 1) / 2) / (drawn.size + 1))

    above = tail(0.0)
    lower = _limit(lambda amount: tail(amount) < alpha / 2, estimate, -observed.spread)
    upper = _limit(lambda amount: 1 - tail(amount) < alpha / 2, estimate, observed.spread)
    share = blocks.sizes / values.size
    raw = values[blocks.order].astype(np.float64)
    return LotsEffect(
        control_mean=float((blocks.sums(raw * (1 - lot)) / (blocks.sizes - blocks.treated)) @ share),
        treated_mean=float((blocks.sums(raw * lot) / blocks.treated) @ share),
        estimate=estimate,
        interval=(lower, upper),
        p_value=min(1.0, 2 * min(above, 1 - above)),
    )


def lots_spread(
    values: FloatArray, block: IntArray, is_treated: BoolArray, *, covariates: FloatArray, rng: np.random.Generator
) -> float | None:
    """Standard deviation of the estimate over the lots that might be drawn, had the treatment no effect at all.

    Args:
        values: What each unit did without any treatment, shape ``(n_units,)``.
        block: Block of each unit.
        is_treated: One draw, which says how many of each block are treated.
        covariates: As for ``lots_effect``.
        rng: Source of the draws.

    Returns:
        None if there are not two units of either kind.
    """
    blocks = blocks_of(block, is_treated)
    if not blocks.is_readable:
        return None
    lot = is_treated[blocks.order].astype(np.float64)
    held = _Residuals.of(blocks, values[blocks.order].astype(np.float64), lot, covariates[blocks.order])
    n_draws = 400 if values.size <= MOST_DRAWN_UNITS else 40
    drawn = _joined([held.under(lots) for lots in draws(blocks, n_draws, rng=rng)])
    return float(np.std(drawn.value))


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Differences of means and their squared standard errors, one per draw, each shape ``(n_draws,)``.

    Those of ``value - amount * lot`` are differences linear and errors quadratic in the amount.
    """

    value: FloatArray
    lot: FloatArray
    value_value: FloatArray
    value_lot: FloatArray
    lot_lot: FloatArray

    def statistics(self, amount: float) -> FloatArray:
        """Studentised differences under each draw once ``amount`` is taken off every treated unit."""
        squared = self.value_value - 2 * amount * self.value_lot + amount**2 * self.lot_lot
        floor = np.finfo(np.float64).eps * (self.value_value.max() + amount**2 * self.lot_lot.max()) + 1e-300
        studentised: FloatArray = (self.value - amount * self.lot) / np.sqrt(np.maximum(squared, floor))
        return studentised

    @property
    def spread(self) -> float:
        """A standard error to begin a search with."""
        return float(np.sqrt(max(self.value_value[0], 0.0))) + 1e-12


def _joined(pieces: list[_Moments]) -> _Moments:
    return _Moments(
        *(np.concatenate([getattr(piece, name) for piece in pieces]) for name in _Moments.__dataclass_fields__)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Residuals:
    """Values and lots in block order, free of their blocks' means and of the covariates."""

    blocks: Blocks
    value: FloatArray
    lot: FloatArray

    @classmethod
    def of(cls, blocks: Blocks, values: FloatArray, lot: FloatArray, covariates: FloatArray) -> "_Residuals":
        known = np.column_stack([blocks.centred(column) for column in covariates.T] or [np.zeros((lot.size, 0))])
        both = np.column_stack([blocks.centred(values), blocks.centred(lot)])
        fitted = known @ np.linalg.lstsq(known, both, rcond=None)[0] if known.size else np.zeros_like(both)
        return cls(blocks, *(both - fitted).T)

    @property
    def varies(self) -> bool:
        """Whether there is anything to explain."""
        return bool(np.abs(self.value).max() > 0 and np.abs(self.lot).max() > 0)

    def under(self, lots: FloatArray) -> _Moments:
        """What the draws (rows of 0 and 1) make of the residuals: Neyman's (1923) difference and error, by block."""
        blocks, share = self.blocks, self.blocks.sizes / self.blocks.of.size
        n_treated, n_control = blocks.treated, blocks.sizes - blocks.treated
        treated = {name: blocks.sums(lots * getattr(self, name)) for name in ("value", "lot")}
        control = {name: blocks.sums(getattr(self, name)) - treated[name] for name in ("value", "lot")}

        def difference(name: str) -> FloatArray:
            difference_of: FloatArray = (treated[name] / n_treated - control[name] / n_control) @ share
            return difference_of

        def squared_error(one: str, other: str) -> FloatArray:
            product = getattr(self, one) * getattr(self, other)
            of_treated = blocks.sums(lots * product)
            of_control = blocks.sums(product) - of_treated
            spread = (of_treated - treated[one] * treated[other] / n_treated) / (n_treated * (n_treated - 1))
            spread = spread + (of_control - control[one] * control[other] / n_control) / (n_control * (n_control - 1))
            error: FloatArray = spread @ share**2
            return error

        return _Moments(
            difference("value"),
            difference("lot"),
            squared_error("value", "value"),
            squared_error("value", "lot"),
            squared_error("lot", "lot"),
        )


def _limit(is_rejected: Callable[[float], bool], estimate: float, step: float) -> float:
    """The amount, from the estimate in the direction of the step, at which rejection begins; infinite if it never does.

    Args:
        is_rejected: Tells whether an amount is.
        estimate: Which is not.
        step: First step, signed.
    """
    kept, reach = estimate, step
    for _ in range(60):
        if is_rejected(estimate + reach):
            break
        kept, reach = estimate + reach, reach * 1.6
    else:
        return float(np.copysign(np.inf, step))
    rejected = estimate + reach
    while abs(rejected - kept) > _LIMIT_SHARE * abs(step):
        middle = (kept + rejected) / 2
        if is_rejected(middle):
            rejected = middle
        else:
            kept = middle
    return (kept + rejected) / 2
