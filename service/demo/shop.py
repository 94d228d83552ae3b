"""The simulated shop: a catalogue, users and half a year of what they did, in the bulk format of the log."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from recommender.events import Kind
from service.demo.assortment import CURRENCY, Assortment, assorted
from service.demo.histories import US_PER_DAY, Acts, history
from service.demo.tastes import COUNTRIES, LANGUAGES, Tastes, drawn_tastes
from service.demo.wording import PRODUCT_TYPES, STYLES

_TYPICAL_OPENS = 27.0
"""Items that the median customer opens, had she been with the shop from its first day."""
_OPENS_SPREAD = 1.45
"""Standard deviation of the logarithm of the opens: most customers do little, a few do hundreds of things."""
_MOST_OPENS = 600
"""Nobody opens more; keeps one customer from being a tenth of the log."""
_SHARE_FROM_FIRST_DAY = 0.4
"""Part of the customers who were there when the shop opened; the others join evenly afterwards."""
_YOUNGEST_DAYS = 3
"""Customers have been with the shop for this long at least."""

_ASSORTMENT_STREAM, _TASTE_STREAM, _HISTORY_STREAM = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopParameters:
    """All that decides a simulated shop: the same parameters make the same shop.

    Raises:
        ValueError: If a size is too small to make a shop of, or the shop would open before 1970.
    """

    seed: int
    until_us: int
    """The end of the history, microseconds UTC; nothing in it happens at or after this instant."""
    n_users: int = 3_000
    n_products: int = 600
    n_content: int = 300
    weeks: int = 26
    """Length of the history."""

    def __post_init__(self) -> None:
        smallest = {"seed": 0, "n_users": 1, "n_products": len(PRODUCT_TYPES), "n_content": 1, "weeks": 1}
        for name, least in smallest.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} of a simulated shop must be at least {least}, got {getattr(self, name)}")
        if self.opened_at_us < 0:
            raise ValueError(f"a simulated shop must open after 1970-01-01, got until_us {self.until_us}")

    @property
    def opened_at_us(self) -> int:
        """When the shop opened, microseconds UTC."""
        return self.until_us - self.weeks * 7 * US_PER_DAY

    def to_mapping(self) -> dict[str, int]:
        """The fields as a plain mapping, for keeping with the log."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """The parameters that ``to_mapping`` wrote."""
        return cls(**mapping)


@dataclass(frozen=True, slots=True, eq=False)
class Shop:
    """A simulated shop. The frames are what the log stores; the rest is the truth behind them."""

    parameters: ShopParameters
    assortment: Assortment
    tastes: Tastes
    """Tastes of the users, in the order of ``users``."""
    items: pd.DataFrame
    """``item, kind, title, categories, tags, creator, price_minor, currency, published_at, url, image_url, available,
    is_service``."""
    users: pd.DataFrame
    """``user, attributes``."""
    events: pd.DataFrame
    """``id, payload_hash, kind, user, item, at, order_id, quantity, amount_minor, currency, seconds_watched,
    seconds_total``, ordered by instant; missing where a kind of event doesn't have it."""

    def affinity(self, user_index: int) -> npt.NDArray[np.float64]:
        """How much the user in row ``user_index`` of ``users`` truly likes each item, 0 to 1, shape ``(n_items,)``."""
        return self.tastes.affinity(np.array([user_index]), self.assortment).ravel()


def simulated_shop(parameters: ShopParameters) -> Shop:
    """The shop that ``parameters`` describe.

    The history holds what users did, but no impressions: what was on their screens wasn't shown by this service.
    """
    assortment = assortment_of(parameters)
    tastes = drawn_tastes(parameters.n_users, rng=np.random.default_rng([parameters.seed, _TASTE_STREAM]))
    rng = np.random.default_rng([parameters.seed, _HISTORY_STREAM])
    joined_at_us = _joining(parameters, rng)
    with_the_shop = (parameters.until_us - joined_at_us) / (parameters.until_us - parameters.opened_at_us)
    n_opens = np.ceil(typical_opens(parameters.n_users, rng) * with_the_shop).astype(np.int64)
    acts = history(
        tastes, assortment, joined_at_us=joined_at_us, n_opens=n_opens, until_us=parameters.until_us, rng=rng
    )
    users = pd.DataFrame({"user": _user_ids(parameters.n_users), "attributes": attributes_of(tastes)})
    return Shop(
        parameters=parameters,
        assortment=assortment,
        tastes=tastes,
        items=_items_frame(assortment),
        users=users,
        events=_events_frame(acts, assortment, users["user"].to_numpy(), seed=parameters.seed),
    )


def assortment_of(parameters: ShopParameters) -> Assortment:
    """What the shop of ``parameters`` offers, without the cost of its history."""
    return assorted(
        parameters.n_products,
        parameters.n_content,
        opened_at_us=parameters.opened_at_us,
        until_us=parameters.until_us,
        rng=np.random.default_rng([parameters.seed, _ASSORTMENT_STREAM]),
    )


def typical_opens(n_customers: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """How many items each customer opens in a whole history: log-normal, at least 1."""
    opens = rng.lognormal(np.log(_TYPICAL_OPENS), _OPENS_SPREAD, n_customers)
    return np.asarray(opens.clip(1.0, _MOST_OPENS), dtype=np.float64)


def attributes_of(tastes: Tastes) -> list[dict[str, str]]:
    """The attributes a shop knows of each customer; her taste is not among them."""
    return [{"country": COUNTRIES[row], "language": LANGUAGES[row]} for row in tastes.countries.tolist()]


def _joining(parameters: ShopParameters, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """When each user came first, microseconds UTC."""
    latest = parameters.until_us - _YOUNGEST_DAYS * US_PER_DAY
    later = rng.integers(parameters.opened_at_us, latest, parameters.n_users)
    return np.where(rng.random(parameters.n_users) < _SHARE_FROM_FIRST_DAY, parameters.opened_at_us, later)


def _user_ids(n_users: int) -> list[str]:
    return [f"u{number:04d}" for number in range(1, n_users + 1)]


def _items_frame(assortment: Assortment) -> pd.DataFrame:
    is_content = assortment.is_content
    n_items = len(assortment)
    styles = [
        [STYLES[style] for style in np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)]]
        for weights in assortment.style_weights
    ]
    return pd.DataFrame(
        {
            "item": assortment.item_ids,
            "kind": np.where(is_content, "content", "product"),
            "title": assortment.titles,
            "categories": [[PRODUCT_TYPES[row].department, PRODUCT_TYPES[row].slug] for row in assortment.types],
            "tags": styles,
            "creator": pd.Series(assortment.creators, dtype="object"),
            "price_minor": pd.array(assortment.prices_minor, dtype="Int64"),
            "currency": _where(~is_content, CURRENCY),
            "published_at": assortment.published_at_us,
            "url": [
                f"https://shop.example/{'watch' if content else 'products'}/{item}"
                for item, content in zip(assortment.item_ids, is_content, strict=True)
            ],
            "image_url": pd.Series([None] * n_items, dtype="object"),
            "available": np.ones(n_items, dtype=bool),
            "is_service": np.zeros(n_items, dtype=bool),
        }
    ).assign(price_minor=lambda items: items["price_minor"].mask(items["kind"] == "content"))


def _events_frame(acts: Acts, assortment: Assortment, user_ids: npt.NDArray[np.object_], *, seed: int) -> pd.DataFrame:
    kind_names = np.array([None, *(kind.name.lower() for kind in Kind)], dtype=object)
    has_money = acts.quantities > 0
    lengths = np.where(acts.kinds == Kind.WATCH, assortment.lengths_seconds[acts.items], np.nan)
    quantities = pd.array(acts.quantities, dtype="Int64")
    amounts = pd.array(acts.quantities * assortment.prices_minor[acts.items], dtype="Int64")
    quantities[~has_money] = pd.NA
    amounts[~has_money] = pd.NA
    order_ids = np.full(len(acts), None, dtype=object)
    order_ids[has_money] = f"sim{seed}-o" + pd.Series(acts.orders[has_money]).astype(str).to_numpy(dtype=object)
    numbers = pd.Series(np.arange(len(acts))).astype(str).to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "id": f"sim{seed}-" + numbers,
            "payload_hash": _payload_hashes(acts),
            "kind": kind_names[acts.kinds],
            "user": user_ids[acts.customers],
            "item": assortment.item_ids[acts.items],
            "at": acts.at_us,
            "order_id": pd.Series(order_ids, dtype="object"),
            "quantity": quantities,
            "amount_minor": amounts,
            "currency": _where(has_money, CURRENCY),
            "seconds_watched": np.round(lengths * acts.watched_shares, 1),
            "seconds_total": lengths,
        }
    )


def _where(chosen: npt.NDArray[np.bool_], value: str) -> pd.Series:
    """``value`` in the chosen rows, None elsewhere."""
    column = np.full(len(chosen), None, dtype=object)
    column[chosen] = value
    return pd.Series(column, dtype="object")


def _payload_hashes(acts: Acts) -> list[bytes]:
    """16 bytes per act that differ when the act differs."""
    columns = pd.DataFrame(
        {
            "customer": acts.customers,
            "item": acts.items,
            "kind": acts.kinds.astype(np.int64),
            "at": acts.at_us,
            "quantity": acts.quantities,
            "share": acts.watched_shares,
        }
    )
    # Sixteen bytes of eight: the hash of a row depends on the order of its columns.
    halves = [pd.util.hash_pandas_object(c, index=False).to_numpy() for c in (columns, columns[columns.columns[::-1]])]
    hashes: list[bytes] = np.stack(halves, axis=1).view("V16").ravel().tolist()
    return hashes
