"""What every source of a ranking promises, and the scale on which sources are added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from recommender.interactions import History

Scores = npt.NDArray[np.float32]
Arrays = Mapping[str, npt.NDArray[Any]]
_Scalar = TypeVar("_Scalar", bound=np.generic)


class Source(Protocol):
    """A fitted source: item-side arrays, and from them a score per item for one history."""

    def scores(self, history: History) -> Scores:
        """Scores on a scale comparable between users, higher is better, shape ``(n_items,)``, always finite.

        They may be the source's own array, which cannot be written to.
        """
        ...

    def contributions(self, history: History, item_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """What each item of the history added to the raw scores of some items.

        Returns:
            Shape ``(len(item_rows), len(history.warm_rows))``; all 0 where the user's items have no part in the score.
        """
        ...

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that an artifact keeps of this source: item-side only, nothing of any user."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` described."""
        ...


def read_only(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    """The same numbers, not to be written to: one model serves all requests, and none may spoil it for the next."""
    view = array.view()
    view.setflags(write=False)
    return view


def standardised(values: npt.NDArray[np.floating[Any]]) -> Scores:
    """``values`` less their mean, over their standard deviation; all 0 where they do not differ."""
    centred = values - values.mean() if len(values) else values
    deviation = float(np.sqrt(np.dot(centred, centred) / max(len(values), 1)))
    # Below a millionth of the magnitude a difference is rounding, not signal.
    if deviation <= 1e-6 * max(float(np.abs(values).max(initial=0.0)), 1e-30):
        return np.zeros(len(values), dtype=np.float32)
    return (centred / deviation).astype(np.float32)
