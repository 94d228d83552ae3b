from collections.abc import Callable
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.events import Kind
from service.clock import instant_text
from service.jobs.importing.reading import Sheet
from service.jobs.importing.sent_events import REASONS
from service.log.append import NewEvent
from service.log.names import UserKey

ReadBytes = Callable[..., Sheet]
NOW_SECONDS = 1_767_225_600
"""The first instant of 2026, when the files of these tests are read."""
FIELDS = (
    *("id", "kind", "user_id", "visitor_id", "item_id", "at", "sent_at", "feed_id", "order_id", "quantity", "amount"),
    *("cost", "fee", "currency", "seconds_watched", "seconds_total", "payload_hash"),
)
GOOD = {"id": "e1", "kind": "view", "user_id": "anna", "item_id": "tea", "at": "2024-03-05T10:00:00Z"}


def events(read_bytes: ReadBytes, *rows: dict[str, Any]) -> Sheet:
    lines = [",".join(str(row.get(field, "")) for field in FIELDS) for row in rows]
    return read_bytes("events.csv", "\n".join([",".join(FIELDS), *lines]).encode())


def event(sheet: Sheet) -> dict[str, Any]:
    frame = sheet.events.astype(object)
    return dict(frame.where(sheet.events.notna(), None).iloc[0])


def test_an_event_is_read_and_hashed_as_if_it_had_been_sent(read_bytes: ReadBytes) -> None:
    """10:00 UTC on 5 March 2024 is 1,709,632,800 seconds after 1970; 5.005 GBP are 500 pence, half to even."""
    row = {**GOOD, "kind": "purchase", "order_id": "7", "quantity": 2, "amount": "5.005", "feed_id": "f"}
    sheet = events(read_bytes, {**row, "sent_at": "2024-03-05T17:00:01+07:00"})
    found = event(sheet)
    sent = NewEvent(
        id="e1",
        kind=Kind.PURCHASE,
        user=UserKey(False, "anna"),
        item="tea",
        at=1_709_632_800_000_000,
        feed_id="f",
        order_id="7",
        quantity=2,
        amount_minor=500,
        currency="GBP",
    )
    assert found["payload_hash"] == sent.payload_hash()
    assert (found["user"], found["visitor"], found["kind"], found["at"]) == ("anna", False, "purchase", sent.at)
    assert (found["amount_minor"], found["currency"], found["quantity"]) == (500, "GBP", 2)
    assert found["sent_at"] == 1_709_632_801_000_000
    assert sheet.kind == "events"
    assert sheet.rows_read == 1


def test_a_visitor_watches_a_video(read_bytes: ReadBytes) -> None:
    row = {**GOOD, "kind": "watch", "user_id": "", "visitor_id": "v1", "seconds_watched": 12, "seconds_total": "30.5"}
    found = event(events(read_bytes, row))
    sent = NewEvent(
        id="e1",
        kind=Kind.WATCH,
        user=UserKey(True, "v1"),
        item="tea",
        at=1_709_632_800_000_000,
        seconds_watched=12.0,
        seconds_total=30.5,
    )
    assert (found["user"], found["visitor"]) == ("v1", True)
    assert (found["amount_minor"], found["currency"], found["order_id"]) == (None, None, None)
    assert found["payload_hash"] == sent.payload_hash()


def test_costs_are_in_the_hash_only_where_they_are_said(read_bytes: ReadBytes) -> None:
    """The hash without them is what it was before there were any: of the eleven values that an event had."""
    row = {**GOOD, "kind": "purchase", "amount": "5.00"}
    sent = {"id": "e1", "kind": Kind.PURCHASE, "user": UserKey(False, "anna"), "item": "tea"}
    paid = {**sent, "at": 1_709_632_800_000_000, "amount_minor": 500, "currency": "GBP"}
    bare = event(events(read_bytes, row))
    said = (Kind.PURCHASE, (False, "anna"), "tea", 1_709_632_800_000_000, None, None, None, 500, "GBP", None, None)
    assert bare["payload_hash"] == blake2b(msgspec.msgpack.encode(said), digest_size=16).digest()
    assert bare["payload_hash"] == NewEvent(**paid).payload_hash()
    for cost, fee, minor in (
        ("1.25", "", {"cost_minor": 125}),
        ("", "0.5", {"fee_minor": 50}),
        ("0", "0", {"cost_minor": 0, "fee_minor": 0}),
    ):
        found = event(events(read_bytes, {**row, "cost": cost, "fee": fee}))
        assert (found["cost_minor"], found["fee_minor"]) == (minor.get("cost_minor"), minor.get("fee_minor"))
        assert found["payload_hash"] == NewEvent(**paid, **minor).payload_hash() != bare["payload_hash"]


def test_the_hash_in_the_file_is_kept(read_bytes: ReadBytes) -> None:
    assert event(events(read_bytes, {**GOOD, "payload_hash": "0f" * 16}))["payload_hash"] == b"\x0f" * 16


def test_only_imported_sales_may_name_nobody(read_bytes: ReadBytes) -> None:
    nobody = {**GOOD, "user_id": ""}
    sheet = events(read_bytes, nobody, {**nobody, "id": "import-1"}, {**nobody, "id": "import-1", "kind": "refund"})
    assert sheet.refused["row_number"].tolist() == [2, 3]
    assert sheet.events["user"].isna().tolist() == [True]


def test_what_is_dated_a_little_ahead_happened_now(read_bytes: ReadBytes) -> None:
    """From 5 minutes and a second on it is refused."""
    ahead, beyond = {**GOOD, "at": "2026-01-01T00:05:00Z"}, {**GOOD, "at": "2026-01-01T00:05:01Z"}
    sheet = events(read_bytes, ahead, beyond)
    assert sheet.events["at"].tolist() == [NOW_SECONDS * 1_000_000]
    assert sheet.refused["reason"].tolist() == ["future_date"]


REFUSALS = [
    ({"id": ""}, "bad_id"),
    ({"id": "e" * 129}, "bad_id"),
    ({"kind": "buy"}, "bad_kind"),
    ({"kind": "VIEW"}, "bad_kind"),
    ({"visitor_id": "v"}, "bad_user"),
    ({"user_id": "a/b"}, "bad_user"),
    ({"user_id": ""}, "bad_user"),
    ({"item_id": ""}, "bad_item"),
    ({"item_id": "x" * 257}, "bad_item"),
    ({"at": "2024-03-05 10:00:00"}, "bad_date"),
    ({"at": "2024-02-30T10:00:00Z"}, "bad_date"),
    ({"at": "1969-12-31T23:59:59Z"}, "bad_date"),
    ({"at": "2200-01-01T00:00:00Z"}, "future_date"),
    ({"sent_at": "soon"}, "bad_sent_at"),
    ({"feed_id": "f" * 65}, "bad_feed_id"),
    ({"order_id": "o" * 129}, "bad_order_id"),
    ({"quantity": "0"}, "bad_quantity"),
    ({"quantity": "1.5"}, "bad_quantity"),
    ({"quantity": "1000001"}, "bad_quantity"),
    ({"amount": "-1"}, "bad_amount"),
    ({"amount": "1e3"}, "bad_amount"),
    ({"cost": "-1"}, "bad_cost"),
    ({"fee": "free"}, "bad_fee"),
    ({"cost": "1", "currency": "pounds"}, "bad_currency"),
    ({"amount": "5", "currency": "pounds"}, "bad_currency"),
    ({"seconds_watched": "-1"}, "bad_seconds_watched"),
    ({"seconds_watched": "nan"}, "bad_seconds_watched"),
    ({"seconds_total": "0"}, "bad_seconds_total"),
    ({"payload_hash": "xyz"}, "bad_payload_hash"),
]


def test_an_event_that_makes_no_sense_costs_only_itself(read_bytes: ReadBytes) -> None:
    sheet = events(read_bytes, *({**GOOD, **wrong} for wrong, _ in REFUSALS), GOOD)
    assert sheet.refused["reason"].tolist() == [reason for _, reason in REFUSALS]
    assert sheet.refused["row_number"].tolist() == list(range(2, len(REFUSALS) + 2))
    assert len(sheet.events) == 1


def test_every_reason_to_refuse_is_tried(read_bytes: ReadBytes) -> None:
    line = '{"id": "e\\u0000", "kind": "view", "user_id": "anna", "item_id": "tea", "at": "2024-03-05T10:00:00Z"}'
    assert read_bytes("events.jsonl", line.encode()).refused["reason"].tolist() == ["bad_text"]
    assert {reason for _, reason in REFUSALS} | {"bad_text", "too_many_cells"} == set(REASONS)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, NOW_SECONDS * 1_000_000),
    amount_minor=st.none() | st.integers(0, 10**12),
    watched=st.none() | st.floats(0, 1e6),
    user=st.sampled_from(["anna", "=cmd", "'=x", "Ibu Sri"]),
)
def test_any_event_has_the_hash_of_the_same_event_sent(
    read_bytes: ReadBytes, at: int, amount_minor: int | None, watched: float | None, user: str
) -> None:
    """The instant is written with its microseconds, the amount in pence, the float as Python writes it."""
    sent = NewEvent(
        id="e1",
        kind=Kind.VIEW,
        user=UserKey(False, user),
        item="tea",
        at=at,
        amount_minor=amount_minor,
        currency=None if amount_minor is None else "GBP",
        seconds_watched=watched,
    )
    row = {
        **GOOD,
        "user_id": f"'{user}" if user.startswith(("=", "'")) else user,
        "at": instant_text(at),
        "amount": "" if amount_minor is None else f"{Decimal(amount_minor).scaleb(-2):f}",
        "seconds_watched": "" if watched is None else repr(watched),
    }
    found = event(events(read_bytes, row))
    assert (found["payload_hash"], found["user"]) == (sent.payload_hash(), user)
