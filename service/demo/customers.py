"""Customers of known taste who can be acted against a running service: what they decide, and nothing of how it is sent.

Every decision is drawn from a generator seeded by the customer and the visit, and takes the same numbers whatever is
shown. So one customer can be played twice, under two feeds, and only the feeds make the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recommender.events import Kind
from service.demo.assortment import Assortment
from service.demo.behaviour import N_DRAWS, choice_weights, chosen_columns, reactions
from service.demo.histories import US_PER_DAY, US_PER_SECOND, Acts, history
from service.demo.tastes import Tastes, drawn_tastes

BASE_RATE = 0.08
"""Chance of a visit to end in a purchase that no feed has a part in: something she runs out of anyway."""
DEFAULT_LIFT = 0.3
"""What a perfectly relevant feed adds to that chance, unless told otherwise; a worthless one adds nothing."""
FEED_ITEMS = 20
"""Items asked for at each visit."""
BURN_IN_WEEKS = 8
"""Length of the history that customers bring along."""

_LEAST_SEEN = 8
"""Items that every visitor scrolls past; how many more is chance, up to the whole feed."""
_N_STAPLES = 3
"""Used-up products that a customer needs again and again, wherever she saw them first."""
_VISITS_PER_DAY = 1.0 / 7.0
"""Chance of the average customer to come on a given day after her first."""
_VISIT_SHAPE = 3.0
"""Gamma shape of that chance over customers: some come thrice as often as others."""
_MOST_VISITS_PER_DAY = 0.6
"""No customer's chance to come on a given day is higher."""
_BURN_IN_OPENS = 14.0
"""Items that the median customer opens in her burn-in."""
_PER_ITEM_SECONDS = 6
"""Time spent at each position of the feed."""
_CHECKOUT_SECONDS = 180
"""A purchase happens this long after the feed was shown."""
VISIT_SECONDS = 240
"""Every act of a visit happens within this time after the feed was shown."""

_TASTE_STREAM, _BURN_IN_STREAM, _COMING_STREAM, _VISIT_STREAM = 11, 12, 13, 14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Customer:
    """One customer to act."""

    number: int
    """Names her among the customers of one seed; with the seed it decides all her chances."""
    seed: int
    affinity: npt.NDArray[np.float64]
    """How much she likes each item of the assortment, 0 to 1, shape ``(n_items,)``."""
    staples: npt.NDArray[np.int64]
    """Rows of the products she buys anyway."""

    def relevance(self, rows: npt.NDArray[np.int64]) -> float:
        """How relevant the items in ``rows`` are to her, 0 to 1; rows of -1 are items she cares nothing for.

        0 is what items drawn blindly from the whole assortment would be, 1 the ``FEED_ITEMS`` items dearest to her;
        between them the mean affinity of what she saw counts in proportion.
        """
        if len(rows) == 0:
            return 0.0
        blind = float(self.affinity.mean())
        best = float(np.sort(self.affinity)[-FEED_ITEMS:].mean())
        if best <= blind:
            return 0.0
        seen = float(np.where(rows >= 0, self.affinity[rows], 0.0).mean())
        return min(max((seen - blind) / (best - blind), 0.0), 1.0)


class VisitAct(NamedTuple):
    """One act of a visit."""

    kind: Kind
    item: str
    after_seconds: int
    """When, counted from the moment the feed was shown."""
    from_feed: bool
    """Whether the item was in the feed."""
    seconds_watched: float | None = None
    seconds_total: float | None = None
    amount_minor: int | None = None
    """Price of all pieces, for purchases and refunds."""
    quantity: int = 1
    """Pieces bought or given back."""


class Visit(NamedTuple):
    """What a customer does with one feed."""

    acts: tuple[VisitAct, ...]
    """In the order of their instants; at most one is a purchase."""
    relevance: float
    """Of the items she saw, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """The customers of one play, and the history they bring along."""

    tastes: Tastes
    customers: tuple[Customer, ...]
    burn_in: Acts
    """``customers`` are numbers of ``Customer``; ends a day before the play starts, whatever the shop's time zone."""


def cast_for(assortment: Assortment, n_customers: int, *, seed: int, start_us: int) -> Cast:
    """``n_customers`` new customers, from the same distributions as the shop's own, with a burn-in history.

    Args:
        assortment: What the shop offers.
        n_customers: How many to make, at least 1.
        seed: Decides their tastes, history and all later chances.
        start_us: Start of the play, microseconds UTC.
    """
    tastes = drawn_tastes(n_customers, rng=np.random.default_rng([seed, _TASTE_STREAM]))
    rng = np.random.default_rng([seed, _BURN_IN_STREAM])
    affinity = tastes.affinity(np.arange(n_customers), assortment)
    used_up = np.isfinite(assortment.cycle_days)
    drawn_by = np.repeat(np.arange(n_customers), _N_STAPLES)
    wanted = choice_weights(affinity, assortment) * used_up
    staples = chosen_columns(wanted, drawn_by, rng.random(len(drawn_by))).reshape(n_customers, _N_STAPLES)
    burn_in = history(
        tastes,
        assortment,
        joined_at_us=np.full(n_customers, start_us - BURN_IN_WEEKS * 7 * US_PER_DAY),
        n_opens=np.ceil(rng.lognormal(np.log(_BURN_IN_OPENS), 0.8, n_customers)).astype(np.int64),
        until_us=start_us - US_PER_DAY,
        rng=rng,
    )
    customers = tuple(
        Customer(number=number, seed=seed, affinity=affinity[number], staples=staples[number])
        for number in range(n_customers)
    )
    return Cast(tastes, customers, burn_in)


def visit_instants(customer: Customer, *, start_us: int, weeks: int) -> list[int]:
    """When the customer comes, microseconds UTC: first in the first week, at most once a day, for ``weeks`` weeks."""
    rng = np.random.default_rng([customer.seed, _COMING_STREAM, customer.number])
    chance = min(rng.gamma(_VISIT_SHAPE, _VISITS_PER_DAY / _VISIT_SHAPE), _MOST_VISITS_PER_DAY)
    first = int(rng.integers(7))
    days = np.arange(weeks * 7)
    comes = (days == first) | ((days > first) & (rng.random(len(days)) < chance))
    times_of_day = rng.integers(US_PER_DAY - VISIT_SECONDS * US_PER_SECOND, size=len(days))
    return (start_us + days * US_PER_DAY + times_of_day)[comes].tolist()  # type: ignore[no-any-return]


def visit_decisions(
    customer: Customer,
    shown: Sequence[str],
    assortment: Assortment,
    *,
    rows_by_id: Mapping[str, int],
    visit: int,
    lift: float,
) -> Visit:
    """What the customer does with the feed that is shown at her visit number ``visit``.

    She sees the first 8 to 20 items and reacts to each by her taste. The visit ends in a purchase with probability
    ``BASE_RATE + lift * relevance``: below the base rate it is one of her staples, above it a product she saw, chosen
    in proportion to her squared affinity. One uniform number decides, so a more relevant feed never loses a purchase
    that a less relevant one would have won.

    Args:
        customer: Who visits.
        shown: Item ids of the feed, best first; ids outside the assortment mean nothing to her.
        assortment: What the shop offers.
        rows_by_id: Row in ``assortment`` of each item id.
        visit: Number of the visit, from 0.
        lift: What full relevance adds to the chance of a purchase, 0 to ``1 - BASE_RATE``.
    """
    rng = np.random.default_rng([customer.seed, _VISIT_STREAM, customer.number, visit])
    scroll, wins, picks, needs = rng.random(4)
    draws = rng.random((FEED_ITEMS, N_DRAWS))
    seen = list(shown[: _LEAST_SEEN + int(scroll * (FEED_ITEMS - _LEAST_SEEN + 1))])
    rows = np.array([rows_by_id.get(item, -1) for item in seen], dtype=np.int64)
    relevance = customer.relevance(rows)
    acts = [
        VisitAct(Kind.IMPRESSION, item, position * _PER_ITEM_SECONDS, from_feed=True)
        for position, item in enumerate(seen)
    ]
    acts += _reaction_acts(customer, seen, rows, assortment, draws[: len(seen)])
    if wins < BASE_RATE:
        staple = int(customer.staples[int(needs * len(customer.staples))])
        acts.append(_purchase(staple, assortment, from_feed=str(assortment.item_ids[staple]) in seen))
    elif wins < BASE_RATE + lift * relevance:
        chosen = _chosen_product(customer, rows, assortment, draw=picks)
        if chosen is not None:
            acts.append(_purchase(chosen, assortment, from_feed=True))
    return Visit(tuple(sorted(acts, key=lambda act: act.after_seconds)), relevance)


def _reaction_acts(
    customer: Customer,
    seen: Sequence[str],
    rows: npt.NDArray[np.int64],
    assortment: Assortment,
    draws: npt.NDArray[np.float64],
) -> list[VisitAct]:
    """What she does with each item on her way down the feed."""
    positions = np.flatnonzero(rows >= 0)
    known = rows[positions]
    is_content = assortment.is_content[known]
    reacted = reactions(customer.affinity[known], is_content, draws[positions], sought=False)
    masks = (
        (Kind.VIEW, 1, reacted.opened & ~is_content),
        (Kind.LIKE, 3, reacted.liked),
        (Kind.SAVE, 4, reacted.saved),
        (Kind.SHARE, 4, reacted.shared),
        (Kind.ADD_TO_CART, 5, reacted.carted),
        (Kind.DISMISS, 2, reacted.dismissed),
    )
    acts = [
        VisitAct(kind, seen[position], int(position) * _PER_ITEM_SECONDS + after, from_feed=True)
        for kind, after, mask in masks
        for position in positions[mask]
    ]
    for at in np.flatnonzero(reacted.opened & is_content):
        position, length = int(positions[at]), float(assortment.lengths_seconds[known[at]])
        watched = round(length * float(reacted.watched_shares[at]), 1)
        when = position * _PER_ITEM_SECONDS + 2
        acts.append(VisitAct(Kind.WATCH, seen[position], when, True, seconds_watched=watched, seconds_total=length))
    return acts


def _chosen_product(
    customer: Customer, rows: npt.NDArray[np.int64], assortment: Assortment, *, draw: float
) -> int | None:
    """The row of the product she takes from what she saw; None if there was none to her liking."""
    products = rows[(rows >= 0) & ~assortment.is_content[rows]]
    weights = customer.affinity[products] ** 2
    if not weights.sum() > 0:
        return None
    return int(products[chosen_columns(weights[None, :], np.zeros(1, dtype=np.int64), np.array([draw]))[0]])


def _purchase(row: int, assortment: Assortment, *, from_feed: bool) -> VisitAct:
    return VisitAct(
        Kind.PURCHASE,
        str(assortment.item_ids[row]),
        _CHECKOUT_SECONDS,
        from_feed=from_feed,
        amount_minor=int(assortment.prices_minor[row]),
    )
