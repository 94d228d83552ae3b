"""What customers did before anybody measured: histories of acts, in bulk."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from recommender.events import Kind
from service.demo.assortment import Assortment
from service.demo.behaviour import N_DRAWS, choice_weights, chosen_columns, reactions
from service.demo.tastes import Tastes

US_PER_SECOND = 1_000_000
"""Microseconds in a second: the unit of the log's instants."""
US_PER_DAY = 86_400 * US_PER_SECOND
"""Microseconds in a day."""

_OPENS_PER_VISIT = 5.0
"""Items a customer opens in one visit, on average."""
_PAUSE_US = 40 * US_PER_SECOND
"""Time between two items in one visit."""
_AFTER_US = 4 * US_PER_SECOND
"""Time between two acts on the same item."""
_BOUGHT_OF_CARTED = 0.55
"""Part of the carted products that are paid for."""
_STAYING = (0.55, 0.4)
"""Chance to buy a used-up product again: for a customer without affinity, and what full affinity adds."""
_CYCLE_SHAPE = 25.0
"""Gamma shape of the time until a product is used up: one standard deviation is a fifth of the product's cycle."""
_REFUNDED = 0.02
"""Part of the purchases that are given back, after 3 to 14 days."""
_CUSTOMERS_AT_ONCE = 1_000
"""Customers whose choices are drawn together; bounds the memory, not the result's kind."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Acts:
    """Acts of customers on items, as equally long columns ordered by instant."""

    customers: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int8]
    """Codes of ``recommender.events.Kind``."""
    at_us: npt.NDArray[np.int64]
    quantities: npt.NDArray[np.int64]
    """Pieces bought or given back; 0 for other acts."""
    watched_shares: npt.NDArray[np.float64]
    """Part of a video that was watched; NaN for other acts."""
    orders: npt.NDArray[np.int64]
    """Number shared by the purchases of one customer's UTC day; a refund has its purchase's; -1 for other acts."""

    def __len__(self) -> int:
        return len(self.customers)

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Self:
        """The acts that a mask or an array of positions chooses."""
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True, slots=True, eq=False)
class _Opens:
    """Items that customers sought out and opened."""

    customers: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]
    at_us: npt.NDArray[np.int64]
    affinities: npt.NDArray[np.float64]


def history(
    tastes: Tastes,
    assortment: Assortment,
    *,
    joined_at_us: npt.NDArray[np.int64],
    n_opens: npt.NDArray[np.int64],
    until_us: int,
    rng: np.random.Generator,
) -> Acts:
    """What the customers did by themselves from joining until ``until_us``: opened, watched, liked, carted, bought.

    What a customer opens follows taste and popularity; what she does with it follows taste. A product that is used
    up is bought again after about its cycle, until she stays with it no longer. Items not yet out are not acted on.

    Args:
        tastes: One row per customer.
        assortment: What there is.
        joined_at_us: When each customer came first, before ``until_us``.
        n_opens: How many items each customer opens.
        until_us: Nothing happens at or after this instant.
        rng: Source of all chance.
    """
    opens = _opens(tastes, assortment, joined_at_us=joined_at_us, n_opens=n_opens, until_us=until_us, rng=rng)
    is_content = assortment.is_content[opens.items]
    reacted = reactions(opens.affinities, is_content, rng.random((len(opens.items), N_DRAWS)), sought=True)
    masks = {
        Kind.VIEW: ~is_content,
        Kind.WATCH: is_content,
        Kind.LIKE: reacted.liked,
        Kind.SAVE: reacted.saved,
        Kind.SHARE: reacted.shared,
        Kind.ADD_TO_CART: reacted.carted,
    }
    parts = [_acts(opens, mask, kind, after_us=place * _AFTER_US) for place, (kind, mask) in enumerate(masks.items())]
    parts[1] = replace(parts[1], watched_shares=reacted.watched_shares[is_content])
    # Buying the same again is the cycle's business.
    bought = _first_of_each_pair(opens, reacted.carted & (rng.random(len(opens.items)) < _BOUGHT_OF_CARTED))
    first = _acts(opens, bought, Kind.PURCHASE, after_us=len(masks) * _AFTER_US)
    again = _bought_again(first, opens.affinities[bought], assortment, until_us=until_us, rng=rng)
    purchases = _ordered(_joined([first, again]), rng)
    acts = _joined([*parts, purchases, _refunds(purchases, rng)])
    acts = acts.take(acts.at_us < until_us)
    return acts.take(np.argsort(acts.at_us, kind="stable"))


def _opens(
    tastes: Tastes,
    assortment: Assortment,
    *,
    joined_at_us: npt.NDArray[np.int64],
    n_opens: npt.NDArray[np.int64],
    until_us: int,
    rng: np.random.Generator,
) -> _Opens:
    """What each customer opened, and when: her visits are spread evenly over her time with the shop.

    A wish for an item that is not out yet comes to nothing, as does the wish for a video she has already seen.
    """
    customers = np.repeat(np.arange(len(tastes)), n_opens)
    items = np.empty(len(customers), dtype=np.int64)
    affinities = np.empty(len(customers))
    for start in range(0, len(tastes), _CUSTOMERS_AT_ONCE):
        some = np.arange(start, min(start + _CUSTOMERS_AT_ONCE, len(tastes)))
        theirs = slice(*np.searchsorted(customers, [some[0], some[-1] + 1]))
        affinity = tastes.affinity(some, assortment)
        rows = customers[theirs] - start
        items[theirs] = chosen_columns(choice_weights(affinity, assortment), rows, rng.random(len(rows)))
        affinities[theirs] = affinity[rows, items[theirs]]
    n_visits = np.ceil(n_opens / _OPENS_PER_VISIT).astype(np.int64)
    first_visit = np.cumsum(n_visits) - n_visits
    visits = np.sort(first_visit[customers] + rng.integers(n_visits[customers]))
    visitors = np.repeat(np.arange(len(tastes)), n_visits)
    visit_at = rng.integers(joined_at_us[visitors], until_us)
    place = np.arange(len(visits)) - np.searchsorted(visits, visits)
    at_us = visit_at[visits] + place * _PAUSE_US
    out = at_us >= assortment.published_at_us[items]
    opens = _Opens(customers[out], items[out], at_us[out], affinities[out])
    fresh = ~assortment.is_content[opens.items] | _first_of_each_pair(opens, assortment.is_content[opens.items])
    return _Opens(opens.customers[fresh], opens.items[fresh], opens.at_us[fresh], opens.affinities[fresh])


def _first_of_each_pair(opens: _Opens, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Of the chosen opens, the earliest of each customer and item."""
    where = np.flatnonzero(chosen)
    where = where[np.lexsort((opens.at_us[where], opens.items[where], opens.customers[where]))]
    customers, items = opens.customers[where], opens.items[where]
    is_first = np.ones(len(where), dtype=bool)
    is_first[1:] = (customers[1:] != customers[:-1]) | (items[1:] != items[:-1])
    first = np.zeros(len(chosen), dtype=bool)
    first[where[is_first]] = True
    return first


def _bought_again(
    bought: Acts,
    affinities: npt.NDArray[np.float64],
    assortment: Assortment,
    *,
    until_us: int,
    rng: np.random.Generator,
) -> Acts:
    """The purchases that follow each first one, a cycle apart, as long as the customer stays with the product."""
    staying = _STAYING[0] + _STAYING[1] * affinities
    going = np.flatnonzero(np.isfinite(assortment.cycle_days[bought.items]))
    last_at_us = bought.at_us
    rounds = []
    while len(going := going[rng.random(len(going)) < staying[going]]):
        cycles = assortment.cycle_days[bought.items[going]] * rng.gamma(_CYCLE_SHAPE, 1.0 / _CYCLE_SHAPE, len(going))
        next_at_us = last_at_us[going] + (cycles * US_PER_DAY).astype(np.int64)
        going, next_at_us = going[next_at_us < until_us], next_at_us[next_at_us < until_us]
        last_at_us = last_at_us.copy()
        last_at_us[going] = next_at_us
        rounds.append((going, next_at_us))
    if not rounds:
        return bought.take(np.empty(0, dtype=np.int64))
    sources, instants = (np.concatenate(column) for column in zip(*rounds, strict=True))
    return replace(bought.take(sources), at_us=instants)


def _ordered(purchases: Acts, rng: np.random.Generator) -> Acts:
    """The purchases with their orders and with the pieces bought, mostly one."""
    customer_days = np.stack([purchases.customers, purchases.at_us // US_PER_DAY], axis=1)
    return replace(
        purchases,
        quantities=rng.choice([1, 2, 3], size=len(purchases), p=[0.85, 0.12, 0.03]),
        orders=np.unique(customer_days, axis=0, return_inverse=True)[1].ravel(),
    )


def _refunds(purchases: Acts, rng: np.random.Generator) -> Acts:
    """A refund for some of the purchases, of all their pieces."""
    back = purchases.take(rng.random(len(purchases)) < _REFUNDED)
    return replace(
        back,
        kinds=np.full(len(back), Kind.REFUND, dtype=np.int8),
        at_us=back.at_us + rng.integers(3 * US_PER_DAY, 14 * US_PER_DAY, len(back)),
    )


def _acts(opens: _Opens, chosen: npt.NDArray[np.bool_], kind: Kind, *, after_us: int) -> Acts:
    """One act of ``kind`` for each chosen open."""
    customers = opens.customers[chosen]
    return Acts(
        customers=customers,
        items=opens.items[chosen],
        kinds=np.full(len(customers), kind, dtype=np.int8),
        at_us=opens.at_us[chosen] + after_us,
        quantities=np.zeros(len(customers), dtype=np.int64),
        watched_shares=np.full(len(customers), np.nan),
        orders=np.full(len(customers), -1, dtype=np.int64),
    )


def _joined(parts: list[Acts]) -> Acts:
    return Acts(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Acts)})
