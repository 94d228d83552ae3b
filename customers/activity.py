"""What customers did beside ordering, summed up: minutes, likes, sessions, weeks of use; each up to its landmark."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SESSION_GAP_MINUTES = 30
"""A customer who does nothing for longer has left, and comes back for another session: web analytics' usual rule."""

_MICROSECONDS = 1_000_000
_WEEK_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """Acts of customers, in any order; all arrays have shape ``(n_acts,)``.

    Attributes:
        customer_rows: Who.
        at: When, microseconds UTC.
        seconds_watched: 0 where nothing was watched, or nobody said for how long.
        is_like: Whether it is a like.
        is_share: Whether it is a share.
    """

    customer_rows: npt.NDArray[np.int32]
    at: IntArray
    seconds_watched: npt.NDArray[np.float32]
    is_like: BoolArray
    is_share: BoolArray

    def __len__(self) -> int:
        """Acts."""
        return int(self.at.size)


def engagement_of(acts: Acts, *, until: IntArray) -> Mapping[str, FloatArray]:
    """What each customer did, by measure of ``customers.engagement.MEASURES``; nothing is 0.

    - ``interactions_per_week``: acts over the weeks from the first one to the landmark, at least one week
    - ``session_minutes``: mean length of a session, from its first act to its last, and at least what was watched in it
    - ``use_weeks``: from the first act to the last

    Args:
        acts: Those before the landmark of who did them.
        until: Landmark of each customer, microseconds UTC, shape ``(n_customers,)``.
    """
    n = until.size
    n_acts = np.bincount(acts.customer_rows, minlength=n)
    order = np.lexsort((acts.at, acts.customer_rows))
    rows, at = acts.customer_rows[order], acts.at[order]
    has_any = n_acts > 0
    ends = np.cumsum(n_acts)
    first, last = until.copy(), until.copy()
    first[has_any], last[has_any] = at[(ends - n_acts)[has_any]], at[ends[has_any] - 1]
    known_weeks = np.maximum((until - first) / (_MICROSECONDS * _WEEK_SECONDS), 1.0)
    return {
        "minutes_watched": np.bincount(acts.customer_rows, weights=acts.seconds_watched, minlength=n) / 60,
        "likes": _counts(acts.customer_rows[acts.is_like], n),
        "shares": _counts(acts.customer_rows[acts.is_share], n),
        "session_minutes": _session_minutes(rows, at, acts.seconds_watched[order], n),
        "interactions_per_week": n_acts / known_weeks,
        "use_weeks": (last - first) / (_MICROSECONDS * _WEEK_SECONDS),
    }


def _counts(rows: npt.NDArray[np.int32], n: int) -> FloatArray:
    return np.bincount(rows, minlength=n).astype(np.float64)


def _session_minutes(rows: npt.NDArray[np.int32], at: IntArray, watched: npt.NDArray[np.float32], n: int) -> FloatArray:
    """Mean length of each customer's sessions; acts are in the order of customers and time."""
    minutes = np.zeros(n)
    if not rows.size:
        return minutes
    is_new = np.ones(rows.size, dtype=np.bool_)
    is_new[1:] = (rows[1:] != rows[:-1]) | (np.diff(at) > SESSION_GAP_MINUTES * 60 * _MICROSECONDS)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], rows.size) - 1
    seconds = np.maximum((at[ends] - at[starts]) / _MICROSECONDS, np.add.reduceat(watched.astype(np.float64), starts))
    owners = rows[starts]
    n_sessions = np.bincount(owners, minlength=n)
    np.divide(np.bincount(owners, weights=seconds, minlength=n), 60 * n_sessions, out=minutes, where=n_sessions > 0)
    return minutes
