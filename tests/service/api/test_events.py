"""Promises of POST /v1/events."""

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, event, insert, select

from service.app import create_app
from service.clock import instant_text
from service.log.append import CHANGED_PAYLOAD, FORGOTTEN
from service.log.names import UserKey
from service.log.suppressions import subject_hash
from service.log.tables import dead_letters, events, suppressions


def purchase(id_: str = "e1", **changes: Any) -> dict[str, Any]:
    said = {
        "id": id_,
        "kind": "purchase",
        "user_id": "anna",
        "item_id": "p1",
        "at": "2026-11-20T11:59:00Z",
        "amount": "2.50",
        "currency": "GBP",
    }
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def test_results_come_in_the_order_sent_and_a_bad_event_costs_only_itself(shop: Any) -> None:
    results = shop.tell(purchase("a"), {"id": "b"}, 7, purchase("c"), purchase("a"), purchase("a", quantity=2))
    assert [result["result"] for result in results] == [
        "accepted",
        "rejected",
        "rejected",
        "accepted",
        "duplicate",
        "rejected",
    ]
    assert [result["id"] for result in results] == ["a", "b", None, "c", "a", "a"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "buy"}, "kind must be one of impression, view, watch,"),
        ({"at": "yesterday"}, "RFC3339"),
        ({"at": "2026-11-20T11:59:00"}, "timezone"),
        ({"at": "2026-11-20T12:06:00Z"}, "must not lie in the future by more than 300 s"),
        ({"at": "2026-11-20T11:55:01Z", "sent_at": "2026-11-20T11:50:00Z"}, "must not lie after sent_at by more than"),
        ({"at": "1970-01-01T00:00:59Z", "sent_at": "2026-11-20T12:01:00Z"}, "at must not lie before 1970"),
        ({"at": "1969-12-31T23:59:59.999999Z"}, "at must not lie before 1970"),
        ({"at": "0001-01-01T00:00:00+23:59"}, "at must not lie before 1970"),
        ({"amount": "-1"}, "amount must be from 0"),
        ({"amount": "NaN"}, "amount must be from 0"),
        ({"amount": "1e999999"}, "amount must be from 0"),
        ({"currency": "pounds"}, "currency"),
        ({"currency": "GBP\n"}, "currency"),
        ({"quantity": 0}, "quantity"),
        ({"seconds_watched": 1e308}, "seconds_watched"),
        ({"seconds_watched": -1}, "seconds_watched"),
        ({"seconds_total": 5e-324}, "seconds_total"),
        ({"seconds_total": 1e39}, "seconds_total"),
        ({"user_id": None}, "either user_id or visitor_id"),
        ({"visitor_id": "v"}, "either user_id or visitor_id"),
        ({"user_id": ""}, "user_id must be 1 to 256"),
        ({"user_id": "a/b"}, "user_id must not hold '/', since a feed is asked for by its path"),
        ({"user_id": None, "visitor_id": "a/b"}, "visitor_id must not hold '/'"),
        ({"item_id": "x" * 257}, "item_id must be 1 to 256"),
        ({"id": "with\nbreak"}, "printable"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"order_id": "x" * 129}, "order_id"),
    ],
)
def test_a_rejected_event_says_what_is_wrong_and_is_kept(shop: Any, changes: dict[str, Any], reason: str) -> None:
    sent = purchase(**changes)
    (result,) = shop.tell(sent)
    assert result["result"] == "rejected"
    assert reason in result["reason"]
    with shop.services.database.reader.connect() as connection:
        letter = connection.execute(select(dead_letters.c.payload, dead_letters.c.reason)).one()
        assert connection.execute(select(events.c.id)).all() == []
    assert json.loads(letter.payload) == sent
    assert letter.reason == result["reason"]


def test_an_event_of_the_first_instant_of_1970_is_taken(shop: Any) -> None:
    assert shop.tell(purchase(at="1970-01-01T00:00:00Z"))[0]["result"] == "accepted"


@pytest.mark.parametrize("field", ["id", "user_id", "item_id", "order_id", "feed_id", "kind", "a\0name"])
def test_a_nul_anywhere_costs_only_its_own_event_on_either_database(either_shop: Any, field: str) -> None:
    sent = purchase("bad", **{field: "a\0b"})
    bad, good = either_shop.tell(sent, purchase("good"))
    assert (bad["result"], bad["id"]) == ("rejected", None if field == "id" else "bad")
    assert "U+0000" in bad["reason"]
    assert good == {"id": "good", "result": "accepted"}
    with either_shop.services.database.reader.connect() as connection:
        letter = connection.execute(select(dead_letters.c.event_id, dead_letters.c.payload)).one()
    assert (letter.event_id, json.loads(letter.payload)) == (bad["id"], sent)


def test_an_escape_that_is_only_written_out_is_plain_text(either_shop: Any) -> None:
    """Backslash, u, four noughts: six characters that any database keeps."""
    assert either_shop.tell(purchase(order_id="a\\u0000"))[0]["result"] == "accepted"


@pytest.mark.parametrize(
    ("at", "sent_at", "happened_at"),
    [
        # No sent_at: up to five minutes ahead counts as the arrival, which is noon.
        ("2026-11-20T12:05:00Z", None, "2026-11-20T12:00:00Z"),
        # Her clock is an hour ahead, or years: what she sent at once happened on arrival.
        ("2026-11-20T13:00:00Z", "2026-11-20T13:00:00Z", "2026-11-20T12:00:00Z"),
        ("2031-01-01T00:00:00Z", "2031-01-01T00:10:00Z", "2026-11-20T11:50:00Z"),
        # Behind, or merely late: nobody can tell.
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        # Events are stamped and sent by two clocks at times: a little after sent_at is taken.
        ("2026-11-20T11:54:00Z", "2026-11-20T11:50:00Z", "2026-11-20T11:54:00Z"),
    ],
)
def test_a_clock_is_set_right_where_sent_at_proves_that_it_runs_ahead(
    shop: Any, at: str, sent_at: str | None, happened_at: str
) -> None:
    assert shop.tell(purchase(at=at, sent_at=sent_at)) == [{"id": "e1", "result": "accepted"}]
    with shop.services.database.reader.connect() as connection:
        assert instant_text(connection.execute(select(events.c.at)).scalar_one()) == happened_at


def test_of_somebody_forgotten_a_late_event_leaves_neither_id_nor_payload_and_is_answered_by_its_id(shop: Any) -> None:
    services = shop.services

    def forget(connection: Connection) -> None:
        hashed = subject_hash(connection, UserKey(False, "anna"))
        connection.execute(insert(suppressions).values(subject_hash=hashed, erased_at=1, receipt={}))

    services.writer.run(forget)
    late, other = shop.tell(purchase("late"), purchase("other", user_id="ben"))
    assert late == {"id": "late", "result": "rejected", "reason": FORGOTTEN}
    assert other["result"] == "accepted"
    with services.database.reader.connect() as connection:
        letter = connection.execute(select(dead_letters)).one()
        assert connection.execute(select(events.c.id)).scalars().all() == ["other"]
    assert (letter.event_id, letter.payload, letter.reason) == (None, "", FORGOTTEN)


def test_what_was_sent_under_a_used_id_is_kept_word_for_word(shop: Any) -> None:
    shop.tell(purchase())
    changed = json.dumps(purchase(amount="9.990"), indent=3)
    (result,) = shop.ask("POST", "/v1/events", content=f'{{"events": [{changed}]}}').json()["results"]
    assert (result["result"], result["reason"]) == ("rejected", CHANGED_PAYLOAD)
    with shop.services.database.reader.connect() as connection:
        letter = connection.execute(select(dead_letters)).one()
    assert (letter.origin, letter.event_id, letter.reason) == ("http", "e1", CHANGED_PAYLOAD)
    assert letter.payload == changed


@pytest.mark.parametrize(
    "rest",
    ['"quantity": 1e999', '"amount": {}', '"colour": "red"', '"x": ' + "[" * 500 + "]" * 500],
)
def test_the_id_of_a_rejected_event_is_told_whatever_is_wrong_with_the_rest(shop: Any, rest: str) -> None:
    (result,) = shop.ask("POST", "/v1/events", content=f'{{"events": [{{"id": "e1", {rest}}}]}}').json()["results"]
    assert (result["id"], result["result"]) == ("e1", "rejected")


def test_an_event_nested_beyond_reading_costs_no_more_than_a_refusal(shop: Any) -> None:
    deep = f'{{"id": "deep", "x": {"[" * 9_000}{"]" * 9_000}}}'
    answer = shop.ask("POST", "/v1/events", content=f'{{"events": [{deep}]}}')
    assert (answer.status_code, "nested too deeply" in answer.json()["detail"]) == (400, True)


def test_money_is_exact_whether_sent_as_number_or_as_text(shop: Any) -> None:
    sent = [
        json.dumps(purchase(id_, currency=currency)).replace('"2.50"', amount)
        for id_, amount, currency in (("a", "0.1", "GBP"), ("b", '"12345678901.23"', "GBP"), ("c", "250", "JPY"))
    ]
    body = f'{{"events":[{",".join(sent)}]}}'
    answer = shop.ask("POST", "/v1/events", content=body)
    assert [result["result"] for result in answer.json()["results"]] == ["accepted"] * 3
    with shop.services.database.reader.connect() as connection:
        stored = connection.execute(select(events.c.amount_minor).order_by(events.c.id)).scalars().all()
    assert stored == [10, 1_234_567_890_123, 250]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "must be JSON"),
        ('{"events": [', "must be JSON"),
        ("[]", "must be JSON"),
        ('{"events": [{"order_id": "caf\\ud83d"}]}', r"half of a character, as \ud83d is of an emoji cut in two"),
        ('{"events": [{"order_id": "caf\\udfff!"}]}', "half of a character"),
        ('{"event": []}', "one field 'events'"),
        ('{"events": {}}', "must be JSON"),
        ('{"events": ' + "[" * 200_000, "nested too deeply"),
        ('{"events": [' + ",".join(["1"] * 501) + "]}", "at most 500 events, got 501"),
    ],
)
def test_a_body_that_is_no_batch_is_refused_whole_with_what_to_send(shop: Any, body: str, said: str) -> None:
    answer = shop.ask("POST", "/v1/events", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_too_large_a_body_is_refused_before_it_is_read(shop: Any) -> None:
    answer = shop.ask("POST", "/v1/events", content=b" " * 1_000_001)
    assert (answer.status_code, "at most 1000000 bytes" in answer.json()["detail"]) == (413, True)


def test_an_event_of_more_than_32_kilobytes_is_rejected(shop: Any) -> None:
    (result,) = shop.tell({"id": "large", "padding": "x" * 32_000})
    assert (result["result"], "at most 32000 bytes" in result["reason"]) == ("rejected", True)


def test_no_event_is_answered_before_its_commit(shop: Any) -> None:
    """The log's writer is held where it has done everything but commit."""
    reached, gate = threading.Event(), threading.Event()

    @event.listens_for(shop.services.database.writing, "commit")
    def hold(_: Connection) -> None:
        reached.set()
        gate.wait()

    def stored() -> list[str]:
        with shop.services.database.reader.connect() as connection:
            return list(connection.execute(select(events.c.id)).scalars())

    async def tell() -> int:
        transport = httpx.ASGITransport(create_app(shop.services))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            headers = {"X-Kembang-Now": "2026-11-20T12:00:00Z"}
            asked = asyncio.create_task(client.post("/v1/events", json={"events": [purchase()]}, headers=headers))
            try:
                await asyncio.to_thread(reached.wait)
                for _ in range(1_000):  # turns of the loop: more than any answer takes that waits for nothing
                    await asyncio.sleep(0)
                assert (asked.done(), stored()) == (False, [])
            finally:
                gate.set()
            return (await asked).status_code

    assert asyncio.run(tell()) == 202
    assert stored() == ["e1"]


def test_a_full_queue_is_503_with_retry_after_and_stores_nothing(shop: Any) -> None:
    gate, entered = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        entered.set()
        gate.wait()

    held = [shop.services.writer.submit(hold)]
    entered.wait()
    held += [shop.services.writer.submit(lambda _: None) for _ in range(3)]  # the shop's queue takes three
    for method, path in (("POST", "/v1/events"), ("GET", "/v1/users/anna/feed")):
        answer = shop.ask(method, path, json={"events": [purchase()]} if method == "POST" else None)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert shop.ask("GET", "/health/ready").status_code == 503
    gate.set()
    for future in held:
        future.result()
    with shop.services.database.reader.connect() as connection:
        assert connection.execute(select(events.c.id)).all() == []
    assert shop.tell(purchase())[0]["result"] == "accepted"


def test_events_are_counted_by_kind_and_result(shop: Any) -> None:
    shop.tell(purchase(), purchase(), {"id": "bad"})
    page = shop.ask("GET", "/metrics").text
    assert 'kembang_events_total{kind="purchase",result="accepted"} 1.0' in page
    assert 'kembang_events_total{kind="purchase",result="duplicate"} 1.0' in page
    assert 'kembang_events_total{kind="unreadable",result="rejected"} 1.0' in page
