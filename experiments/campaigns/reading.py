"""What a campaign has shown once its window has passed: outcomes by arm, net of vouchers, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from experiments.campaigns.foresight import FEWEST_ORDERING
from experiments.campaigns.standing import WindowOrders
from experiments.statistics.randomisation import LotsEffect, lots_effect

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Outcome = Literal["ordered", "orders", "margin"]

Kind = Literal["works", "brings_customers", "costs", "loses_customers", "no_difference", "undecided"]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Who was drawn and what was known of each then; arrays of shape ``(n_units,)``.

    Attributes:
        customer_ids: Sorted, each once.
        block: Block in which her lot was drawn.
        is_contacted: Her lot.
        activity: As in ``Standing``, on the first day.
        margin_activity: Likewise.
    """

    customer_ids: IntArray
    block: IntArray
    is_contacted: BoolArray
    activity: FloatArray
    margin_activity: FloatArray

    def __len__(self) -> int:
        """Units."""
        return int(self.customer_ids.size)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a campaign has shown.

    Attributes:
        kind: The verdict. ``works``: margin net of vouchers is certainly higher among the contacted. ``costs``: it is
            certainly lower. ``brings_customers``: more of them ordered, and nobody can say yet whether that paid.
            ``loses_customers``: fewer of them ordered, and nobody can say yet what that cost. ``no_difference``: none
            was found; ``undecided``: there is too little to look at.
        n_contacted: Units in that arm.
        n_held_out: Units in the other.
        n_ordering: Units of both arms who ordered in the window.
        outcomes: Effect of each outcome per customer: share who ordered, order days, margin in minor units net of
            vouchers. None where it can't be told.
    """

    kind: Kind
    n_contacted: int
    n_held_out: int
    n_ordering: int
    outcomes: Mapping[Outcome, LotsEffect | None]


def read_campaign(
    units: Units, did: WindowOrders, *, voucher_cost_minor: FloatArray, has_money: bool, rng: np.random.Generator
) -> Reading:
    """The reading of a window that has passed.

    Everybody counts in the arm that her lot put her in, whether the message reached her or not.

    Args:
        units: Who was drawn.
        did: What they did in the window, in the same order.
        voucher_cost_minor: What vouchers gave each of them, shape ``(n_units,)``, 0 for those held out.
        has_money: Whether the records say what orders were worth; without, only orders are counted.
        rng: Source of the draws behind the intervals.
    """
    n_ordering = int(did.ordered.sum())
    activity, money = units.activity[:, None], units.margin_activity[:, None]
    asked: dict[Outcome, tuple[FloatArray, FloatArray]] = {
        "ordered": (did.ordered.astype(np.float64), activity),
        "orders": (did.orders.astype(np.float64), activity),
    }
    if has_money:
        asked["margin"] = (did.margin_minor - voucher_cost_minor, money)
    outcomes: dict[Outcome, LotsEffect | None] = dict.fromkeys(asked)
    if n_ordering >= FEWEST_ORDERING:
        for name, (values, known) in asked.items():
            outcomes[name] = lots_effect(values, units.is_contacted, units.block, covariates=known, rng=rng)
    return Reading(
        kind=_kind(outcomes),
        n_contacted=int(units.is_contacted.sum()),
        n_held_out=int((~units.is_contacted).sum()),
        n_ordering=n_ordering,
        outcomes=outcomes,
    )


def _kind(outcomes: Mapping[Outcome, LotsEffect | None]) -> Kind:
    """Two claims of good, each wrong in at most 2.5 % of campaigns that change nothing: together in at most 5 %.

    Of harm there are two more, of which the same is true.
    """
    ordered, margin = outcomes["ordered"], outcomes.get("margin")
    if margin is not None and margin.interval[0] > 0:
        return "works"
    if margin is not None and margin.interval[1] < 0:
        return "costs"
    if ordered is None:
        return "undecided"
    if ordered.interval[0] > 0:
        return "brings_customers"
    return "loses_customers" if ordered.interval[1] < 0 else "no_difference"
