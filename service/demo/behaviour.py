"""How customers of known taste react to items: one arithmetic for histories and for customers acted over HTTP."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.demo.assortment import Assortment

N_DRAWS = 7
"""Uniform numbers that one reaction takes, whatever comes out: so the same numbers can be played under another feed."""

_APPEAL = 5.0
"""How strongly taste steers what a customer opens by herself: full affinity multiplies a chance by e to this."""
_PULL_OF_CONTENT = 2.5
"""How much sooner a piece of content is opened than an equally popular product: it costs nothing."""
_SHARE_OF_INDIFFERENT = 0.12
"""Part of a video that a customer without any affinity watches on average."""
_SHARE_OF_AFFINITY = 0.75
"""What full affinity adds to it."""
_SHARE_NOISE = 0.3
"""Width of the uniform noise on the watched share."""
_LONGEST_GLANCE = 0.02
"""Smallest watched share: nobody sees nothing of a video she opened."""


@dataclass(frozen=True, slots=True, eq=False)
class Reactions:
    """What customers do with items in front of them, one row per meeting of a customer and an item."""

    opened: npt.NDArray[np.bool_]
    """Opened the product, or let the video play."""
    watched_shares: npt.NDArray[np.float64]
    """The part of an opened video that was watched, above 0 to 1; NaN elsewhere."""
    liked: npt.NDArray[np.bool_]
    """Said so."""
    saved: npt.NDArray[np.bool_]
    """Kept for later."""
    shared: npt.NDArray[np.bool_]
    """Sent the video on."""
    carted: npt.NDArray[np.bool_]
    """Put the product in the cart."""
    dismissed: npt.NDArray[np.bool_]
    """Asked not to be shown the item again, instead of opening it."""


def reactions(
    affinities: npt.NDArray[np.float64],
    is_content: npt.NDArray[np.bool_],
    draws: npt.NDArray[np.float64],
    *,
    sought: bool,
) -> Reactions:
    """The reaction to each item, given how much its customer likes it.

    Every chance rises with affinity (that of a dismissal falls), so what a customer does tells her taste.

    Args:
        affinities: 0 to 1, shape ``(n,)``.
        is_content: Whether each item is content, shape ``(n,)``.
        draws: Uniform numbers, shape ``(n, N_DRAWS)``.
        sought: Whether the customers chose the items themselves and so open all of them.
    """
    opened = np.ones(len(affinities), dtype=bool) if sought else draws[:, 0] < 0.1 + 0.8 * affinities
    mean_share = _SHARE_OF_INDIFFERENT + _SHARE_OF_AFFINITY * affinities
    watched = (mean_share + _SHARE_NOISE * (draws[:, 1] - 0.5)).clip(_LONGEST_GLANCE, 1.0)
    return Reactions(
        opened=opened,
        watched_shares=np.where(opened & is_content, watched, np.nan),
        liked=opened & (draws[:, 2] < 0.4 * affinities),
        saved=opened & (draws[:, 3] < 0.12 * affinities),
        shared=opened & is_content & (draws[:, 4] < 0.08 * affinities),
        carted=opened & ~is_content & (draws[:, 5] < 0.02 + 0.5 * affinities),
        dismissed=~opened & (draws[:, 6] < 0.01 * (1.0 - affinities)),
    )


def choice_weights(affinities: npt.NDArray[np.float64], assortment: Assortment) -> npt.NDArray[np.float64]:
    """Relative chances that each item is what a customer opens next by herself, shape of ``affinities``.

    An item's pull on everybody times the exponential of her affinity (a multinomial logit choice).
    """
    pull = assortment.popularity * np.where(assortment.is_content, _PULL_OF_CONTENT, 1.0)
    return np.asarray(pull * np.exp(_APPEAL * affinities))


def chosen_columns(
    weights: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], draws: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """For each entry of ``rows``, a column drawn with that row's weights.

    Inverts the rows' distribution functions, laid end to end so that one search serves all.

    Args:
        weights: Shape ``(n_rows, n_columns)``, not negative, each row with a positive sum.
        rows: Row of each draw.
        draws: Uniform numbers in ``[0, 1)``, one per entry of ``rows``.
    """
    cumulative = np.cumsum(weights, axis=1)
    cumulative /= cumulative[:, -1:]
    n_rows, n_columns = weights.shape
    end_to_end = (cumulative + np.arange(n_rows)[:, None]).ravel()
    found = np.searchsorted(end_to_end, rows + draws, side="right") - rows * n_columns
    return np.asarray(found.clip(0, n_columns - 1))
