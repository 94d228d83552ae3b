"""Which showing a purchase is credited to, by rules that are stated: an association, never called a cause.

Whether feeds cause purchases is for experiments to say. Credit answers another question, where to look: which videos
and products stand before orders. These are the rules, each with its reason.

- *Line*: what one person bought of one item in one order and currency, less what was refunded of the same order, item
  and currency. Money that went back was not earned; what was taken back whole is no purchase. Currencies stay apart.
- *Window*: a showing at ``s`` may be credited with a line bought at ``t`` if ``t - window <= s < t``. Half-open, so
  that windows laid end to end count nothing twice; nothing is credited to what came with or after the purchase.
- *Touch of a product*: the very item that was bought. That something else was bought after it says little about it.
- *Touch of a content item*: content is not bought, so it touches every line its viewer buys, but only where she acted
  on it (viewed, watched, liked, shared, saved, commented, followed) from its showing on and before the purchase: a
  video that was merely in the feed led nobody anywhere. Several acts make it no more than one touch.
- ``last_touch``: all credit to the latest touch. Of equal instants the later feed wins, in it the lower position.
- ``position_share``: credit shared by all touches in proportion to ``1 / log2(1 + position)``, the discount of Järvelin
  and Kekäläinen (2002): what stands higher is looked at more. Discounts are taken to six decimals, so that shares are
  ratios of whole numbers; minor units left over by rounding down go to the largest remainders, of equal ones to the
  latest touch. So the credits of a line always add up to it, to the minor unit.
- *Conversions*: a showing is credited with a line at most once, and all showings together with no more than the line.
  One showing may stand before many lines. A line without a touch is credited to nothing, and counted as such.

Järvelin, K. & Kekäläinen, J. (2002). Cumulated gain-based evaluation of IR techniques. ACM TOIS 20(4), 422-446.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.outcomes import DAY_MICROSECONDS, IntArray

Rule = Literal["last_touch", "position_share"]
RULES: tuple[Rule, ...] = get_args(Rule)

LINE_KEYS = ["user", "order", "item", "currency"]

_DISCOUNT_UNIT = 1_000_000
_MOST_PAIRS = 1_000_000
"""Touches looked at in one go: what bounds the memory that somebody with very many showings and purchases takes."""


def purchase_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per line that stands: bought, and not taken back whole.

    Args:
        lines: Columns ``user``, ``order``, ``item`` (int64), ``currency`` (category), ``at`` (microseconds UTC),
            ``amount_minor`` (0 or more), ``is_refund``; one row per purchase or refund event.

    Returns:
        Columns ``user``, ``order``, ``item``, ``currency``, ``at`` (of its first purchase), ``net_minor`` (0 or more;
        0 only where no amount was said or the goods were free).
    """
    signed = lines.assign(net_minor=lines["amount_minor"].where(~lines["is_refund"], -lines["amount_minor"]))
    sums = signed.groupby(LINE_KEYS, sort=False, observed=True).agg(
        net_minor=("net_minor", "sum"), n_refunds=("is_refund", "sum")
    )
    bought = lines.loc[~lines["is_refund"].to_numpy(dtype=bool)]
    standing = bought.groupby(LINE_KEYS, sort=False, observed=True)[["at"]].min().join(sums)
    stands = (standing["net_minor"] > 0) | ((standing["net_minor"] == 0) & (standing["n_refunds"] == 0))
    return standing.loc[stands, ["at", "net_minor"]].reset_index()


def discounts(positions: IntArray) -> IntArray:
    """What each position counts, in millionths of the first: ``1 / log2(1 + position)``."""
    millionths: IntArray = np.rint(_DISCOUNT_UNIT / np.log2(1.0 + positions)).astype(np.int64)
    return millionths


def credits_of(
    lines: pd.DataFrame, shown: pd.DataFrame, acts: pd.DataFrame, *, window_days: int, rule: Rule
) -> Iterator[pd.DataFrame]:
    """The credit that showings get for lines; lines without a touch are in none of the frames.

    Credits of a line depend on its own user's rows only, so users may be passed in any pieces.

    Args:
        lines: As ``purchase_lines`` gives them.
        shown: One row per item shown: ``user``, ``item``, ``at``, ``position`` (from 1 on), ``feed`` (int64, later ones
            higher), ``is_content`` (bool). Previews are not to be among them: nobody was shown those in earnest.
        acts: What users did with content: ``user``, ``item``, ``at``.
        window_days: Length of the window, in days of 24 hours, at least 1.
        rule: How a line's credit is given to its touches.

    Yields:
        Columns ``line`` and ``shown`` (row numbers in the arguments), ``share`` (of the line, 0 to 1),
        ``credited_minor`` (int64); every line in one frame only, its latest touch first.

    Raises:
        ValueError: If ``window_days`` is below 1 or the rule is none.
    """
    if window_days < 1:
        raise ValueError(f"window_days must be at least 1, got {window_days}")
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}")
    runs = _runs(lines, shown, acts, window_us=window_days * DAY_MICROSECONDS)
    touched = np.sum([run.counts for run in runs], axis=0)
    net = lines["net_minor"].to_numpy(dtype=np.int64)
    bought_at = lines["at"].to_numpy(dtype=np.int64)
    for chosen in _slices(touched, most=_MOST_PAIRS):
        pairs = _latest_first(np.concatenate([run.pairs(chosen, before=bought_at) for run in runs], axis=1), shown)
        if not pairs.shape[1]:
            continue
        share = _last_touch if rule == "last_touch" else _position_share
        yield share(pairs, net, shown["position"].to_numpy(dtype=np.int64))


@dataclass(frozen=True, slots=True)
class _Runs:
    """For each line the showings that may touch it: those from ``start`` on and before ``end`` in ``rows``."""

    rows: IntArray
    """Row numbers of showings, so sorted that what may touch one line lies together."""
    acted_at: IntArray
    """When each of ``rows`` was first acted on from its showing on."""
    start: IntArray
    end: IntArray

    @property
    def counts(self) -> IntArray:
        return self.end - self.start

    def pairs(self, lines: slice, *, before: IntArray) -> IntArray:
        """Line and showing of each touch, shape ``(2, n)``: those acted on before the purchase."""
        counts = self.counts[lines]
        line = np.repeat(np.arange(lines.start, lines.stop), counts)
        within = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = self.start[line] + within
        is_touch = self.acted_at[at] < before[line]
        return np.stack([line[is_touch], self.rows[at[is_touch]]])


def _runs(lines: pd.DataFrame, shown: pd.DataFrame, acts: pd.DataFrame, *, window_us: int) -> tuple[_Runs, _Runs]:
    frames = (lines, shown, acts)
    line_user, shown_user, _ = _codes(*(frame["user"] for frame in frames))
    line_pair, shown_pair, act_pair = _pair_codes(*frames)
    at, shown_at = lines["at"].to_numpy(dtype=np.int64), shown["at"].to_numpy(dtype=np.int64)
    is_content = shown["is_content"].to_numpy(dtype=bool)

    products = np.flatnonzero(~is_content)
    content = np.flatnonzero(is_content)
    acted_at = _first_at_or_after(act_pair, acts["at"].to_numpy(dtype=np.int64), shown_pair[content], shown_at[content])
    was_acted_on = acted_at >= 0
    content, acted_at = content[was_acted_on], acted_at[was_acted_on]

    def runs(rows: IntArray, groups: IntArray, acted: IntArray, line_groups: IntArray) -> _Runs:
        order = np.lexsort((shown_at[rows], groups[rows]))
        keys = groups[rows][order], shown_at[rows][order]
        start, end = (_rows_before(*keys, line_groups, bound) for bound in (at - window_us, at))
        return _Runs(rows[order], acted[order], start, end)

    # Being shown is all that a product has to be: as good as acted on at once.
    return (
        runs(products, shown_pair, shown_at[products], line_pair),
        runs(content, shown_user, acted_at, line_user),
    )


def _codes(*columns: pd.Series) -> list[IntArray]:
    """The same small integer for equal values, whichever column they stand in."""
    codes = pd.factorize(np.concatenate([column.to_numpy(dtype=np.int64) for column in columns]))[0].astype(np.int64)
    return np.split(codes, np.cumsum([len(column) for column in columns])[:-1])


def _pair_codes(*frames: pd.DataFrame) -> list[IntArray]:
    users, items = (_codes(*(frame[name] for frame in frames)) for name in ("user", "item"))
    most = max((int(codes.max()) for codes in items if len(codes)), default=0) + 1
    return [user * most + item for user, item in zip(users, items, strict=True)]


def _rows_before(groups: IntArray, at: IntArray, wanted_groups: IntArray, wanted_at: IntArray) -> IntArray:
    """How many rows, sorted by group and instant, come before each wanted group and instant: a search by two keys."""
    is_row = np.repeat([False, True], [len(wanted_groups), len(groups)])
    order = np.lexsort((is_row, np.concatenate([wanted_at, at]), np.concatenate([wanted_groups, groups])))
    rows_so_far = np.cumsum(is_row[order])
    is_wanted = ~is_row[order]
    before = np.empty(len(wanted_groups), dtype=np.int64)
    before[order[is_wanted]] = rows_so_far[is_wanted]
    return before


def _first_at_or_after(groups: IntArray, at: IntArray, wanted_groups: IntArray, wanted_at: IntArray) -> IntArray:
    """The first instant of each wanted group at or after the wanted one; -1 where there is none."""
    order = np.lexsort((at, groups))
    groups, at = groups[order], at[order]
    next_row = _rows_before(groups, at, wanted_groups, wanted_at)
    found = next_row < len(groups)
    found[found] = groups[next_row[found]] == wanted_groups[found]
    first = np.full(len(wanted_groups), -1, dtype=np.int64)
    first[found] = at[next_row[found]]
    return first


def _slices(counts: IntArray, *, most: int) -> Iterator[slice]:
    """Neighbouring lines with at most ``most`` possible touches together, or one line alone."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, done + most, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def _latest_first(pairs: IntArray, shown: pd.DataFrame) -> IntArray:
    """The pairs line by line, the latest touch of each first."""
    line, row = pairs
    at, feed, position = (shown[name].to_numpy(dtype=np.int64)[row] for name in ("at", "feed", "position"))
    return pairs[:, np.lexsort((position, -feed, -at, line))]


def _last_touch(pairs: IntArray, net: IntArray, _positions: IntArray) -> pd.DataFrame:
    line, row = pairs[:, _starts(pairs[0])]
    return pd.DataFrame({"line": line, "shown": row, "share": 1.0, "credited_minor": net[line]})


def _position_share(pairs: IntArray, net: IntArray, positions: IntArray) -> pd.DataFrame:
    line, row = pairs
    weight, starts = discounts(positions[row]), _starts(line)
    sizes = np.diff(np.append(starts, len(line)))
    total = np.repeat(np.add.reduceat(weight, starts), sizes)
    # In whole numbers throughout: amount x weight could overflow, quotient and rest apart cannot.
    whole, rest = np.divmod(net[line], total)
    extra, remainder = np.divmod(rest * weight, total)
    floor = whole * weight + extra
    left_over = np.repeat(net[line[starts]] - np.add.reduceat(floor, starts), sizes)
    by_remainder = np.lexsort((np.arange(len(line)), -remainder, line))
    rank = np.empty(len(line), dtype=np.int64)
    rank[by_remainder] = np.arange(len(line)) - np.repeat(starts, sizes)
    return pd.DataFrame(
        {"line": line, "shown": row, "share": weight / total, "credited_minor": floor + (rank < left_over)}
    )


def _starts(sorted_lines: npt.NDArray[np.int64]) -> IntArray:
    """Where each line's pairs begin."""
    return np.flatnonzero(np.diff(sorted_lines, prepend=-1)).astype(np.int64)
