"""Promises of the feed desk: the next feed knows the last event, and what was not committed was not served."""

import threading
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from service.log.tables import exposures


def ids(said: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in said["items"]]


def count_exposures(shop: Any) -> int:
    with shop.services.database.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(exposures)).scalar_one())


@pytest.mark.usefixtures("bought")
def test_what_was_just_bought_leaves_the_very_next_feed_without_retraining(shop: Any, train: Any) -> None:
    train()
    assert "p3" in ids(shop.feed("dewi"))
    at = "2026-11-20T12:00:00Z"
    shop.tell({"id": "e", "kind": "purchase", "user_id": "dewi", "item_id": "p3", "at": at, "amount": "2.50"})
    assert "p3" not in ids(shop.feed("dewi"))
    assert "p3" in ids(shop.feed("eka")), "somebody else's purchase is none of hers"


@pytest.mark.usefixtures("bought")
def test_the_next_feed_of_a_user_knows_what_she_did_as_a_visitor(shop: Any, train: Any) -> None:
    train()
    at = "2026-11-20T12:00:00Z"
    shop.tell({"id": "e", "kind": "purchase", "visitor_id": "browser", "item_id": "p3", "at": at, "amount": "2.50"})
    assert "p3" in ids(shop.feed("dewi"))
    assert shop.ask("POST", "/v1/users/dewi/merge", json={"visitor_id": "browser"}).status_code == 200
    assert "p3" not in ids(shop.feed("dewi"))


@pytest.mark.usefixtures("bought")
def test_a_forgotten_users_feed_is_a_strangers(shop: Any, train: Any) -> None:
    train()
    shop.tell({"id": "e", "kind": "dismiss", "user_id": "dewi", "item_id": "p0", "at": "2026-11-20T12:00:00Z"})
    assert shop.ask("DELETE", "/v1/users/dewi").status_code == 200
    assert ids(shop.feed("dewi")) == ids(shop.feed("a stranger"))


@pytest.mark.usefixtures("bought")
def test_what_was_dismissed_leaves_the_very_next_feed(shop: Any, train: Any) -> None:
    train()
    assert "p0" in ids(shop.feed("dewi"))
    shop.tell({"id": "e", "kind": "dismiss", "user_id": "dewi", "item_id": "p0", "at": "2026-11-20T12:00:00Z"})
    assert "p0" not in ids(shop.feed("dewi"))


@pytest.mark.usefixtures("bought")
def test_an_event_that_has_not_happened_yet_is_not_looked_back_on(shop: Any, train: Any) -> None:
    """On a simulated clock a feed may be asked for at an instant before what the log already knows."""
    train()
    later = "2026-11-25T12:00:00Z"
    shop.tell({"id": "e", "kind": "dismiss", "user_id": "dewi", "item_id": "p0", "at": later}, now=later)
    assert "p0" in ids(shop.feed("dewi", now="2026-11-24T12:00:00Z"))
    assert "p0" not in ids(shop.feed("dewi", now=later))


def test_a_feed_that_cannot_be_committed_is_not_served(shop: Any) -> None:
    """The queue of this shop holds three writes; a fourth is turned away, and its feed with it."""
    gate, entered = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        entered.set()
        gate.wait()

    held = shop.services.writer.submit(hold)
    entered.wait()
    waiting = [shop.services.writer.submit(lambda _: None) for _ in range(3)]
    try:
        answer = shop.ask("GET", "/v1/users/anna/feed")
        ready = shop.ask("GET", "/health/ready")
    finally:
        gate.set()
    for future in (held, *waiting):
        future.result()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "items" not in answer.json()
    assert (ready.status_code, ready.json()["reasons"]) == (503, ["the queue of the log is full"])
    assert count_exposures(shop) == 0
    assert len(shop.feed()["items"]) == 6
    assert count_exposures(shop) == 1


@pytest.mark.usefixtures("bought")
def test_the_rung_and_the_sources_of_every_feed_are_counted(shop: Any, train: Any) -> None:
    shop.feed("nobody-knows-her")
    train()
    shop.feed("anna")
    shop.feed("nobody-knows-her-either")
    sample = shop.services.metrics.registry.get_sample_value
    assert {rung: sample("kembang_feeds_total", {"rung": rung}) for rung in ("newest", "popular", "policy")} == {
        "newest": 1,
        "popular": 1,
        "policy": 1,
    }
    assert sample("kembang_feed_items_total", {"source": "newest"}) >= 6
    assert sample("kembang_feed_stage_duration_seconds_count", {"stage": "commit"}) == 3
    assert sample("kembang_feeds_empty_total") == 0


def test_an_empty_shop_serves_an_empty_feed_and_counts_it(shop: Any) -> None:
    said = shop.feed(category="nothing is in here")
    assert (said["items"], said["next_cursor"]) == ([], None)
    assert shop.services.metrics.registry.get_sample_value("kembang_feeds_empty_total") == 1


@pytest.mark.usefixtures("bought")
def test_related_items_leave_out_the_item_itself_and_what_is_not_sold(shop: Any, train: Any) -> None:
    assert shop.ask("GET", "/v1/items/p0/related").json() == {"items": [], "model_version": None}
    trained = train()
    said = shop.ask("GET", "/v1/items/p0/related").json()
    assert said["model_version"] == trained.version
    # Everybody bought p0, p1 and p2, and nobody anything else.
    assert set(ids(said)) == {"p1", "p2"}
    assert {item["reason"] for item in said["items"]} == {"Similar to Product 0"}
    shop.ask("PUT", "/v1/items", json={"items": [{"id": "p1", "kind": "product", "title": "P", "available": False}]})
    assert ids(shop.ask("GET", "/v1/items/p0/related").json()) == ["p2"]
