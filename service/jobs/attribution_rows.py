"""The rows of an attribution: credits added up by what was shown, or told order by order."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from service.clock import instant_text
from service.log.database import Reader
from service.log.dictionaries import ItemLabel, item_labels
from service.money import decimal_amount

_SHARE_DECIMALS = 6
_ORDER = ["user", "order"]


class CreditRows(Protocol):
    """What takes in credits and lists them in the end."""

    def add(self, parts: Iterable[pd.DataFrame]) -> None:
        """Takes in all credits of some users, in parts.

        Args:
            parts: Columns ``share``, ``credited_minor``; of the line ``user``, ``order``, ``order_at`` (microseconds
                UTC), ``bought_item``, ``currency``; of the showing ``item``, ``is_content``, ``source``, ``position``,
                ``at``.
        """

    def listed(self, reader: Reader, *, limit: int) -> tuple[list[dict[str, Any]], int]:
        """At most ``limit`` rows in the shape of the API, and how many there are in all."""


class CreditedShowings:
    """Credits added up by one property of the showing: the item, its kind, or the source that chose it."""

    def __init__(self, by: Literal["item", "source", "kind"]) -> None:
        self._by = by
        self._credits = pd.DataFrame({"key": [], "currency": [], "purchases": [], "credited_minor": []})
        self._orders = pd.Series(dtype=np.int64)

    def add(self, parts: Iterable[pd.DataFrame]) -> None:
        """Takes in all credits of some users, in parts."""
        orders = []
        for part in parts:
            keyed = part.assign(key=self._keys(part), currency=part["currency"].astype(object))
            sums = keyed.groupby(["key", "currency"], sort=False).agg(
                purchases=("share", "sum"), credited_minor=("credited_minor", "sum")
            )
            both = [self._credits, sums.reset_index()] if len(self._credits) else [sums.reset_index()]
            self._credits = pd.concat(both).groupby(["key", "currency"], sort=False).sum().reset_index()
            orders.append(keyed[["key", *_ORDER]].drop_duplicates())
        if orders:
            # An order is its user's, and all of a user's credits come together, so these counts may be added up.
            counts = pd.concat(orders).drop_duplicates().groupby("key", sort=False).size()
            self._orders = self._orders.add(counts, fill_value=0).astype(np.int64)

    def listed(self, reader: Reader, *, limit: int) -> tuple[list[dict[str, Any]], int]:
        """At most ``limit`` rows, those that stood before most purchases first."""
        totals = self._credits.groupby("key")["purchases"].sum().sort_index()
        first = totals.sort_values(ascending=False, kind="stable").head(limit)
        keys: list[Any] = first.index.tolist()
        sums: dict[Any, dict[str, str]] = {key: {} for key in keys}
        chosen = self._credits.loc[self._credits["key"].isin(keys)].sort_values("currency")
        for key, currency, minor in chosen[["key", "currency", "credited_minor"]].itertuples(index=False):
            if currency:
                sums[key][currency] = money(minor, currency)
        labels = _labels(reader, keys) if self._by == "item" else {}
        rows = [
            {
                **(_item(key, labels) if self._by == "item" else {self._by: key}),
                "purchases": round(purchases, _SHARE_DECIMALS),
                "orders": int(self._orders.loc[key]),
                "credited": sums[key],
            }
            for key, purchases in zip(keys, first.tolist(), strict=True)
        ]
        return rows, len(totals)

    def _keys(self, part: pd.DataFrame) -> Any:
        if self._by == "kind":
            return np.where(part["is_content"], "content", "product")
        return part[self._by]


class CreditedOrders:
    """Credits told order by order: what was bought, and what had been shown before; the latest orders first.

    Args:
        lines: All lines, credited or not, with ``order_at``.
        order_keys: What each order code is called.
        limit: Orders to keep, so that memory holds no more than can be listed.
    """

    def __init__(self, lines: pd.DataFrame, order_keys: pd.Index, *, limit: int) -> None:
        self._lines = lines
        self._order_keys = order_keys
        self._limit = limit
        self._kept = pd.DataFrame()
        self._orders = 0

    def add(self, parts: Iterable[pd.DataFrame]) -> None:
        """Takes in all credits of some users, in parts."""
        seen = []
        for part in parts:
            seen.append(part[_ORDER].drop_duplicates())
            both = pd.concat([self._kept, part.assign(currency=part["currency"].astype(object))], ignore_index=True)
            self._kept = both.merge(_latest(both, self._limit)[_ORDER], on=_ORDER)
        self._orders += len(pd.concat(seen).drop_duplicates()) if seen else 0

    def listed(self, reader: Reader, *, limit: int) -> tuple[list[dict[str, Any]], int]:
        """At most ``limit`` orders, the latest first."""
        if not self._orders:
            return [], 0
        latest = _latest(self._kept, limit)
        bought = self._lines.merge(latest[_ORDER], on=_ORDER)
        labels = _labels(reader, [*bought["item"], *self._kept["item"]])
        lines_of = {key: _records(lines) for key, lines in bought.groupby(_ORDER)}
        touches_of = {key: _records(touches) for key, touches in self._kept.groupby(_ORDER)}
        rows = [
            {
                "order_id": str(self._order_keys[order]),
                "at": instant_text(at),
                "items": [
                    {**_item(line["item"], labels), **_amount("net", line["net_minor"], line["currency"])}
                    for line in lines_of[user, order]
                ],
                "touches": [_touch(touch, labels) for touch in touches_of[user, order]],
            }
            for user, order, at in latest.itertuples(index=False)
        ]
        return rows, self._orders


def money(minor: int, currency: str) -> str:
    """The amount as exact decimal text."""
    return f"{decimal_amount(minor, currency):f}"


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return rows.to_dict("records")  # type: ignore[return-value]  # column names are strings


def _latest(credited: pd.DataFrame, limit: int) -> pd.DataFrame:
    orders = credited[[*_ORDER, "order_at"]].drop_duplicates()
    return orders.sort_values(["order_at", *_ORDER], ascending=[False, True, True]).head(limit)


def _labels(reader: Reader, ids: Collection[int]) -> dict[int, ItemLabel]:
    with reader.connect() as connection:
        return item_labels(connection, [int(id_) for id_ in ids])


def _item(id_: int, labels: Mapping[int, ItemLabel]) -> dict[str, Any]:
    label = labels[id_]
    return {"item_id": label.external_id, "kind": label.kind, "title": label.title}


def _amount(name: str, minor: int, currency: str) -> dict[str, Any]:
    return {name: money(minor, currency) if currency else None, "currency": currency or None}


def _touch(touch: Mapping[str, Any], labels: Mapping[int, ItemLabel]) -> dict[str, Any]:
    return {
        **_item(touch["item"], labels),
        "source": touch["source"],
        "position": touch["position"],
        "at": instant_text(touch["at"]),
        "for_item": labels[touch["bought_item"]].external_id,
        "share": round(touch["share"], _SHARE_DECIMALS),
        **_amount("credited", touch["credited_minor"], touch["currency"]),
    }
