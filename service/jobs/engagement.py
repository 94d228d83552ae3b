"""How what customers watched and liked goes with what they ordered later, by the log: measure by measure, item by item.

Everybody has a landmark: engagement is what lies before it, later orders are those of as many days after it for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customers.activity import SESSION_GAP_MINUTES, engagement_of
from customers.books.netting import net_sales
from customers.content import ContentAssociations, content_associations
from customers.engagement import CAUTION, MEASURES, Association, associations
from customers.landmarks import landmarks_at_order
from customers.orders import OrderDays
from customers.wording import Language
from service.clock import day_text, start_of_day
from service.jobs.bookkeeping import books_of_log
from service.log.activity import LoggedActivity, activity_before
from service.log.database import Reader
from service.log.dictionaries import item_labels

IntArray = NDArray[np.int64]

FALSE_SHARE = 0.1
"""Share of false ones that is put up with among the items called to stand out."""


class LandmarkRefused(Exception):
    """Nobody can be looked at from the landmark that was asked for; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """The customers looked at: rows of the books' names, last day to measure on, and order days on either side."""

    customers: IntArray
    days: IntArray
    orders_before: IntArray
    orders_after: IntArray


def engagement_document(
    reader: Reader,
    *,
    landmark_day: int | None,
    horizon_days: int,
    language: Language,
    currency: str,
    timezone: str,
    until: int,
    on_progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """What goes with later orders, as plain values in the shape of the command's JSON.

    Args:
        reader: The log.
        landmark_day: Last day to measure on, for everybody who had ordered by then, days since 1970-01-01. None takes
            each customer's second order day: whoever orders is there, so that little watching does not only mean to
            have left.
        horizon_days: Days after the landmark whose orders count, at least 1.
        language: Of the sentences.
        currency: ISO 4217 code of the shop's books.
        timezone: IANA zone of the shop's days.
        until: Microseconds UTC; what happened from then on is left out.
        on_progress: Told what is being done and the finished share.

    Raises:
        BooksEmpty: If the log holds no sale in that currency.
        LandmarkRefused: If nobody has a landmark with so many days behind it.
    """
    on_progress("reading orders", 0.0)
    opened = books_of_log(reader, currency=currency, timezone=timezone, until=until)
    assert opened.user_ids is not None
    orders, until_day = net_sales(opened.books, margin_rate=None).days, opened.books.until_day
    looked = _looked(orders, landmark_day=landmark_day, last_landmark=until_day - horizon_days, days=horizon_days)
    distinct, places = np.unique(looked.days, return_inverse=True)
    nights = [start_of_day(date.fromisoformat(day_text(day + 1)), timezone=timezone) for day in distinct.tolist()]
    ends = np.array(nights, dtype=np.int64)[places]
    found = activity_before(
        reader,
        opened.user_ids[looked.customers],
        until=ends,
        on_progress=lambda share: on_progress("reading what they did", 0.2 + 0.7 * share),
    )
    on_progress("comparing", 0.95)
    measured = associations(
        engagement_of(found.acts, until=ends), orders_before=looked.orders_before, orders_after=looked.orders_after
    )
    return {
        "landmark": "second order day" if landmark_day is None else day_text(landmark_day),
        "until": day_text(until_day),
        "horizon_days": horizon_days,
        "session_gap_minutes": SESSION_GAP_MINUTES,
        "customers": int(looked.customers.size),
        "orders_after": int(looked.orders_after.sum()),
        "acts": len(found.acts),
        "measures": [_measure(one, language) for one in measured],
        "content": _content(reader, found, looked),
        "caution": CAUTION[language],
    }


def _looked(orders: OrderDays, *, landmark_day: int | None, last_landmark: int, days: int) -> _Looked:
    if landmark_day is None:
        marks = landmarks_at_order(orders, until_day=last_landmark)
        customers, ends = marks.customer_ids, marks.days
        nobody = f"nobody had ordered on two days by {day_text(last_landmark)}"
    else:
        if landmark_day > last_landmark:
            raise LandmarkRefused(
                f"the landmark must have {days} days behind it, so be {day_text(last_landmark)} at the latest, got "
                f"{day_text(landmark_day)}: choose an earlier one, or fewer days"
            )
        customers = np.unique(orders.customer_ids[orders.days <= landmark_day])
        ends = np.full(customers.size, landmark_day)
        nobody = f"nobody had ordered by {day_text(landmark_day)}"
    if not customers.size:
        raise LandmarkRefused(f"{nobody}, {days} days before the last day: there is nobody to look at; try fewer days")
    places = np.minimum(np.searchsorted(customers, orders.customer_ids), customers.size - 1)
    is_looked_at = customers[places] == orders.customer_ids
    places, after = places[is_looked_at], (orders.days - ends[places])[is_looked_at]
    return _Looked(
        customers,
        ends,
        np.bincount(places[after <= 0], minlength=customers.size).astype(np.int64),
        np.bincount(places[(after > 0) & (after <= days)], minlength=customers.size).astype(np.int64),
    )


def _measure(one: Association, language: Language) -> dict[str, Any]:
    return {
        "measure": one.measure,
        "name": MEASURES[one.measure][language],
        "customers": one.n_customers,
        "engaged": one.n_engaged,
        "typical": None if np.isnan(one.typical) else one.typical,
        "base": one.base,
        "ratio": one.ratio,
        "interval": None if one.interval is None else list(one.interval),
        "p_value": one.p_value,
        "sentence": one.sentence(language),
    }


def _content(reader: Reader, found: LoggedActivity, looked: _Looked) -> list[dict[str, Any]] | None:
    """Every item of content that one of them saw, the highest ratio first; None where nothing is usual yet."""
    item_ids, rows = np.unique(found.seen_items, return_inverse=True)
    told = content_associations(
        found.seen_rows,
        rows,
        n_items=item_ids.size,
        orders_before=looked.orders_before,
        orders_after=looked.orders_after,
    )
    if told is None:
        return None
    with reader.connect() as connection:
        labels = item_labels(connection, item_ids.tolist())
    stands_out = set(told.standing_out(false_share=FALSE_SHARE).tolist())
    return [
        _item(told, row, stands_out=row in stands_out)
        | {"item_id": labels[int(item_ids[row])].external_id, "title": labels[int(item_ids[row])].title}
        for row in np.argsort(-told.ratio, kind="stable").tolist()
        if int(item_ids[row]) in labels
    ]


def _item(told: ContentAssociations, row: int, *, stands_out: bool) -> dict[str, Any]:
    return {
        "customers": int(told.n_customers[row]),
        "orders": int(told.orders[row]),
        "expected": float(told.expected[row]),
        "ratio": float(told.ratio[row]),
        "interval": [float(told.low[row]), float(told.high[row])],
        "q_value": float(told.q_value[row]),
        "stands_out": stands_out,
    }
