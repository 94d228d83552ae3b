"""A file of events as ``kembang export events`` writes it, by the rules of ``POST /v1/events``.

A payload hash in the file is kept, else it is computed, so that an event sent over HTTP before is a duplicate. An event
without user and visitor is only known of imported sales; it stays an anonymous one. What is dated up to five minutes
ahead happened now.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from recommender.events import Kind
from service.jobs.importing.cells import Texts
from service.jobs.importing.columns import EVENT_FIELDS
from service.jobs.importing.dates import Instants
from service.jobs.importing.layout import Table, holds_null_character
from service.jobs.importing.lines import WrittenCurrencies, text, written_currencies
from service.jobs.importing.numbers import Decimals
from service.jobs.importing.reading import Sheet
from service.jobs.importing.refusals import LAYOUT_REASONS, Reasons, first_reasons, refused_rows
from service.jobs.importing.sent_values import (
    SentMoney,
    SentNumbers,
    are_ids,
    nullable,
    sent_decimals,
    sent_instants,
    sent_money,
    sent_numbers,
)
from service.jobs.importing.understanding import understood
from service.log.append import said_costs

MAX_AHEAD_MICROS = 300_000_000
"""How far a sender's clock may run ahead: such an event counts as happening now."""
_MAX_EVENT_ID, _MAX_FEED_ID, _MAX_ORDER_ID = 128, 64, 128
_MAX_QUANTITY = 1_000_000
MONEY = ("amount", "cost", "fee")
"""Fields that are sums of the event's one currency."""
_PIECE_ROWS = 50_000
_INSTANT = "must be an RFC 3339 instant with an offset, such as 2026-01-31T12:00:00Z, of 1970 or later"
_WHO = (
    "an event must name either user_id or visitor_id: 1 to 256 printable characters without '/'; only imported sales "
    "may name neither"
)

REASONS: Reasons = MappingProxyType(
    {
        "too_many_cells": LAYOUT_REASONS["too_many_cells"],
        "bad_text": LAYOUT_REASONS["bad_text"],
        "bad_id": ("id", f"an id must be 1 to {_MAX_EVENT_ID} printable characters"),
        "bad_kind": ("kind", f"kind must be one of {', '.join(kind.name.lower() for kind in Kind)}"),
        "bad_user": ("", _WHO),
        "bad_item": ("item_id", "item_id must be 1 to 256 printable characters"),
        "bad_date": ("at", f"at {_INSTANT}"),
        "future_date": ("at", "at must not lie in the future: check the sender's clock"),
        "bad_sent_at": ("sent_at", f"sent_at {_INSTANT}"),
        "bad_feed_id": ("feed_id", f"feed_id must be at most {_MAX_FEED_ID} letters"),
        "bad_order_id": ("order_id", f"order_id must be at most {_MAX_ORDER_ID} letters"),
        "bad_quantity": ("quantity", f"quantity must be a whole number from 1 to {_MAX_QUANTITY}"),
        **{
            f"bad_{name}": (name, f"{name} must be a plain decimal from 0 to 1000000000000")
            for name in ("amount", "cost", "fee")
        },
        "bad_currency": ("currency", "currency must be an ISO 4217 code of three capital letters"),
        "bad_seconds_watched": ("seconds_watched", "seconds_watched must be a number of at least 0"),
        "bad_seconds_total": ("seconds_total", "seconds_total must be a number above 0"),
        "bad_payload_hash": ("payload_hash", "payload_hash must be 32 hexadecimal digits"),
    }
)
"""Why an event is refused."""


def events_sheet(table: Table, columns: Mapping[str, int], *, currency: str, now: int) -> Sheet:
    """The events in ``table``.

    Args:
        table: The file's cells.
        columns: Column number by field.
        currency: ISO 4217 code of amounts in a file that names none.
        now: Microseconds UTC.
    """
    said = {field: text(table, columns, field) for field in EVENT_FIELDS}
    currencies = written_currencies(table, columns, currency=currency)
    at, sent_at = sent_instants(said["at"]), sent_instants(said["sent_at"])
    quantities = sent_decimals(said["quantity"])
    money = {name: sent_money(said[name], minor_digits=currencies.minor_digits) for name in MONEY}
    seconds = {field: sent_numbers(said[field]) for field in ("seconds_watched", "seconds_total")}
    refusals = first_reasons(
        REASONS,
        {
            "too_many_cells": table.is_overlong,
            "bad_text": holds_null_character(table),
            **_bad_names(said),
            "bad_date": ~at.is_valid,
            "future_date": at.utc > now + MAX_AHEAD_MICROS,
            "bad_sent_at": ~sent_at.is_valid & ~said["sent_at"].is_empty,
            **_bad_numbers(said, quantities, money, seconds),
            "bad_currency": ~currencies.are_codes & _has_money(said),
        },
    )
    rows = np.flatnonzero(refusals == "")
    return Sheet(
        kind="events",
        events=_events(table, said, rows, at, sent_at, quantities, money, currencies, seconds, now=now),
        refused=refused_rows(table, columns, refusals, reasons=REASONS, mended={}),
        headings=table.headings,
        rows_read=len(refusals),
        reading=understood(
            table, columns, kind="events", dates=None, decimal_mark=".", is_mark_assumed=False, notes=()
        ),
    )


def _bad_names(said: Mapping[str, Texts]) -> dict[str, NDArray[np.bool_]]:
    kinds = {kind.name.lower() for kind in Kind}
    has_user, has_visitor = ~said["user_id"].is_empty, ~said["visitor_id"].is_empty
    is_sale = _fact(said["kind"], lambda kind: kind in ("purchase", "refund"))
    is_imported = _fact(said["id"], lambda id_: id_.startswith("import-"))
    is_anonymous = ~has_user & ~has_visitor & is_sale & is_imported
    is_person = (has_user & are_ids(said["user_id"], is_person=True)) != (
        has_visitor & are_ids(said["visitor_id"], is_person=True)
    )
    return {
        "bad_id": ~are_ids(said["id"], longest=_MAX_EVENT_ID),
        "bad_kind": ~_fact(said["kind"], lambda kind: kind in kinds),
        "bad_user": ~is_anonymous & (~is_person | (has_user & has_visitor)),
        "bad_item": ~are_ids(said["item_id"]),
        "bad_feed_id": said["feed_id"].lengths > _MAX_FEED_ID,
        "bad_order_id": said["order_id"].lengths > _MAX_ORDER_ID,
        "bad_payload_hash": ~_fact(said["payload_hash"], _is_hash),
    }


def _bad_numbers(
    said: Mapping[str, Texts],
    quantities: Decimals,
    money: Mapping[str, SentMoney],
    seconds: Mapping[str, SentNumbers],
) -> dict[str, NDArray[np.bool_]]:
    is_count = quantities.is_valid & (quantities.scales == 0) & (quantities.mantissas >= 1)
    is_count &= quantities.mantissas <= _MAX_QUANTITY
    watched, total = seconds["seconds_watched"], seconds["seconds_total"]
    return {
        "bad_quantity": ~is_count & ~said["quantity"].is_empty,
        **{f"bad_{name}": ~sums.is_valid for name, sums in money.items()},
        "bad_seconds_watched": ~watched.is_valid | (watched.floats < 0),
        "bad_seconds_total": ~total.is_valid | (total.floats <= 0),
    }


def _has_money(said: Mapping[str, Texts]) -> NDArray[np.bool_]:
    """Whether the row says any sum, for which it then needs a currency."""
    has_money: NDArray[np.bool_] = np.logical_or.reduce([~said[name].is_empty for name in MONEY])
    return has_money


def _fact(texts: Texts, is_so: Callable[[str], bool]) -> NDArray[np.bool_]:
    return texts.spread(np.array([is_so(text) for text in texts.distinct], dtype=bool))


def _is_hash(text: str) -> bool:
    return text == "" or (len(text) == 32 and set(text.lower()) <= set("0123456789abcdef"))


def _events(
    table: Table,
    said: Mapping[str, Texts],
    rows: NDArray[np.intp],
    at: Instants,
    sent_at: Instants,
    quantities: Decimals,
    money: Mapping[str, SentMoney],
    currencies: WrittenCurrencies,
    seconds: Mapping[str, SentNumbers],
    *,
    now: int,
) -> pd.DataFrame:
    kept = {field: texts.take(rows) for field, texts in said.items()}
    currency = currencies.codes.take(rows).series()
    frame = pd.DataFrame(
        {
            "id": pd.Series(kept["id"].rows(), dtype="str"),
            "kind": kept["kind"].series(),
            "user": kept["user_id"].filled(kept["visitor_id"]).series(),
            "visitor": ~kept["visitor_id"].is_empty,
            "item": kept["item_id"].series(),
            "at": at.utc[rows],
            "sent_at": nullable(sent_at.utc[rows], sent_at.is_valid[rows]),
            "feed_id": kept["feed_id"].series(),
            "order_id": kept["order_id"].series(),
            "quantity": nullable(quantities.mantissas[rows], quantities.is_valid[rows]),
            **{f"{name}_minor": nullable(sums.minor[rows], sums.is_given[rows]) for name, sums in money.items()},
            "currency": currency.where(_has_money(kept)),
            **{field: numbers.floats[rows] for field, numbers in seconds.items()},
            "row_number": table.row_numbers[rows],
        }
    )
    hashes = _payload_hashes(frame, kept["payload_hash"])
    # What was sent is in the hash; a clock that runs a little ahead must not hide an event from the next feed.
    return frame.assign(payload_hash=hashes, at=np.minimum(frame["at"], now))


def _payload_hashes(events: pd.DataFrame, given: Texts) -> pd.Series:
    """Those the file gives, else what ``NewEvent.payload_hash`` makes of the same event.

    A loop over the rows without one: hashing has no vectorised form. It goes in pieces, so that only some of the rows
    are Python objects at any time.
    """
    hashes = [bytes.fromhex(digits) for digits in given.rows()]
    missing = np.flatnonzero(given.is_empty)
    for start in range(0, len(missing), _PIECE_ROWS):
        piece = missing[start : start + _PIECE_ROWS]
        for place, payload in zip(piece.tolist(), _payloads(events.iloc[piece]), strict=True):
            hashes[place] = blake2b(msgspec.msgpack.encode(payload), digest_size=16).digest()
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(hashes, type=pa.binary(16))), index=events.index)


def _payloads(events: pd.DataFrame) -> list[tuple[Any, ...]]:
    codes = {kind.name.lower(): int(kind) for kind in Kind}
    users = [
        (visitor, None if pd.isna(user) else user)
        for visitor, user in zip(events["visitor"].tolist(), events["user"].tolist(), strict=True)
    ]
    names = ("item", "at", "feed_id", "order_id", "quantity", "amount_minor", "currency")
    others = [_plain(events[name]) for name in (*names, "seconds_watched", "seconds_total")]
    said = zip([codes[kind] for kind in events["kind"]], users, *others, strict=True)
    costs = map(said_costs, _plain(events["cost_minor"]), _plain(events["fee_minor"]))
    return [(*payload, *paid) for payload, paid in zip(said, costs, strict=True)]


def _plain(values: pd.Series) -> list[Any]:
    objects = values.astype(object)
    plain: list[Any] = objects.where(values.notna(), None).tolist()
    return plain
