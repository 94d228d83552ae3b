"""What users did, as columns, and how much interest each act shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

SECONDS_PER_DAY = 86_400


class Kind(IntEnum):
    """The kinds of event. The codes are stored in logs and artifacts: never renumber one."""

    IMPRESSION = 1
    VIEW = 2
    WATCH = 3
    LIKE = 4
    SHARE = 5
    COMMENT = 6
    FOLLOW = 7
    SAVE = 8
    ADD_TO_CART = 9
    PURCHASE = 10
    REFUND = 11
    DISMISS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Events as equally long columns, in any order.

    Raises:
        ValueError: If the columns differ in length.
    """

    user_ids: npt.NDArray[np.int64]
    """Who acted, any non-negative integers."""
    item_ids: npt.NDArray[np.int64]
    """On what, any non-negative integers."""
    kinds: npt.NDArray[np.int8]
    """Codes of `Kind`."""
    at_seconds: npt.NDArray[np.int64]
    """When, in Unix seconds UTC."""
    quantities: npt.NDArray[np.float32]
    """Pieces of a purchase or refund; NaN where none was given."""
    watch_shares: npt.NDArray[np.float32]
    """The part of a video that was watched, 0 to 1; NaN where none was given."""

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of events must be equally long, got {lengths}")

    def __len__(self) -> int:
        return len(self.user_ids)

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.integer[Any]] | slice) -> Events:
        """The events that a mask, an array of positions or a slice chooses."""
        return Events(
            user_ids=self.user_ids[chosen],
            item_ids=self.item_ids[chosen],
            kinds=self.kinds[chosen],
            at_seconds=self.at_seconds[chosen],
            quantities=self.quantities[chosen],
            watch_shares=self.watch_shares[chosen],
        )

    def before(self, at_seconds: int) -> Events:
        """The events strictly earlier than ``at_seconds``."""
        earlier = self.at_seconds < at_seconds
        # Of a whole log no copy is made.
        return self if earlier.all() else self.take(earlier)


@dataclass(frozen=True, slots=True)
class InterestConfig:
    """How much interest each kind of event shows, in purchases: a purchase is 1 by definition.

    The order follows effort: what costs money or is seen by others says more than what costs a moment. The
    ranking needs the order and the rough distances only, since interest is summed, decayed and put on a log scale.
    """

    impression: float = 0.0
    """Being shown an item is the shop's act, not the user's."""
    view: float = 0.1
    """A glance; ten of them weigh as much as one purchase."""
    watch: float = 0.5
    """A whole video; a part counts in proportion to the share that was watched."""
    like: float = 0.5
    """One touch, but said about the item itself."""
    share: float = 0.7
    """The user stands for the item before friends."""
    comment: float = 0.4
    """Effort, but a comment may be a complaint."""
    follow: float = 0.4
    """Interest in who made the item, more than in the item."""
    save: float = 0.6
    """Meant to be come back to."""
    add_to_cart: float = 0.6
    """The step before a purchase; many carts are left behind."""
    purchase: float = 1.0
    """The unit. The quantity is ignored: twelve cups on one invoice tell of the size of the household or the
    business, not of twelve times the liking, while buying again another day is an event of its own."""
    refund: float = -1.0
    """Takes back one purchase."""
    dismiss: float = -1.0
    """The user said no; outweighs a like and a few views."""
    half_life_days: float = 90.0
    """Interest halves in this time. On the Online Retail log, ALS trained on interest with this half-life finds
    more of the next two months' purchases than on undecayed counts."""

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError(f"half_life_days must be above 0, got {self.half_life_days}")

    def to_mapping(self) -> dict[str, float]:
        """The fields as a plain mapping, for a manifest."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, float]) -> Self:
        """The configuration that `to_mapping` wrote."""
        return cls(**mapping)

    def grades(self) -> npt.NDArray[np.float32]:
        """Interest by code of `Kind`, shape ``(max code + 1,)``; unused codes have 0."""
        by_code = np.zeros(max(Kind) + 1, dtype=np.float32)
        for kind in Kind:
            by_code[kind] = getattr(self, kind.name.lower())
        return by_code


def interest(events: Events, config: InterestConfig) -> npt.NDArray[np.float32]:
    """The interest each event shows, undecayed, in purchases.

    A watch counts in proportion to the share that was watched; a watch without a known share counts as a view,
    since all that is known is that the video was opened.

    Returns:
        Shape ``(n_events,)``; negative for refunds and dismissals.
    """
    graded = config.grades()[events.kinds]
    watched = events.kinds == Kind.WATCH
    if watched.any():
        shares = events.watch_shares[watched]
        graded[watched] = np.where(np.isnan(shares), np.float32(config.view), config.watch * np.clip(shares, 0.0, 1.0))
    return graded


def decay(ages_seconds: npt.NDArray[np.integer[Any]], half_life_days: float) -> npt.NDArray[np.float64]:
    """What remains of 1 after each age, halving every ``half_life_days``; 1 for ages below 0 (a clock ran ahead)."""
    ages_days = np.maximum(ages_seconds, 0) / SECONDS_PER_DAY
    remaining: npt.NDArray[np.float64] = np.exp2(-ages_days / half_life_days)
    return remaining
