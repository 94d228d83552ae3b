"""Promises of POST /v1/events."""

import json
import threading
from typing import Any

import pytest
from sqlalchemy import Connection, select

from service.log.tables import dead_letters, events


def purchase(id_: str = "e1", **changes: Any) -> dict[str, Any]:
    event = {
        "id": id_,
        "kind": "purchase",
        "user_id": "anna",
        "item_id": "p1",
        "at": "2026-11-20T11:59:00Z",
        "amount": "2.50",
        "currency": "GBP",
    }
    return {name: value for name, value in {**event, **changes}.items() if value is not None}


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
        ({"kind": "buy"}, "Invalid enum value 'buy'"),
        ({"at": "yesterday"}, "RFC3339"),
        ({"at": "2026-11-20T11:59:00"}, "timezone"),
        ({"at": "2026-11-20T12:06:00Z"}, "must not lie in the future"),
        ({"amount": "-1"}, "amount must be from 0"),
        ({"amount": "NaN"}, "amount must be from 0"),
        ({"amount": "1e999999"}, "amount must be from 0"),
        ({"currency": "pounds"}, "currency"),
        ({"quantity": 0}, "quantity"),
        ({"user_id": None}, "either user_id or visitor_id"),
        ({"visitor_id": "v"}, "either user_id or visitor_id"),
        ({"user_id": ""}, "user_id must be 1 to 256"),
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
        ('{"event": []}', "one field 'events'"),
        ('{"events": {}}', "must be JSON"),
        ('{"events": [' + ",".join(["1"] * 501) + "]}", "at most 500 events, got 501"),
    ],
)
def test_a_body_that_is_no_batch_is_refused_whole_with_what_to_send(shop: Any, body: str, said: str) -> None:
    answer = shop.ask("POST", "/v1/events", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_too_large_a_body_is_refused_before_it_is_read(shop: Any) -> None:
    assert shop.ask("POST", "/v1/events", content=b" " * 1_000_001).status_code == 413


def test_an_event_of_more_than_32_kilobytes_is_rejected(shop: Any) -> None:
    (result,) = shop.tell({"id": "large", "padding": "x" * 32_000})
    assert (result["result"], "at most 32000 bytes" in result["reason"]) == ("rejected", True)


def test_no_event_is_answered_before_its_commit(shop: Any) -> None:
    shop.tell(purchase())
    with shop.services.database.reader.connect() as connection:
        assert connection.execute(select(events.c.id)).scalars().all() == ["e1"]


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
