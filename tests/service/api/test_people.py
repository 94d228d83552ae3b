"""Promises of people's rights over HTTP: merged, handed over whole, forgotten everywhere, and welcome again."""

from typing import Any

import pytest
from sqlalchemy import select

from service.log.append import FORGOTTEN
from service.log.tables import dead_letters

AT = "2026-11-19T12:00:00Z"
EXPERIMENT = {
    "key": "feed-1",
    "hypothesis": "It helps.",
    "unit": "user",
    "control": "popular",
    "layer": "feed",
    "arms": [
        {"key": "popular", "share": 0.5, "policy": {"sources": ["popularity"]}},
        {"key": "personal", "share": 0.5},
    ],
    "primary": {"outcome": "repeat_in_window", "window_days": 7},
}


def act(id_: str, *, kind: str = "view", item: str = "p0", **more: Any) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "item_id": item, "at": AT, **more}


def merge(shop: Any, user: str, visitor: str) -> Any:
    return shop.ask("POST", f"/v1/users/{user}/merge", json={"visitor_id": visitor})


def data(shop: Any, path: str) -> dict[str, Any]:
    answer = shop.ask("GET", f"{path}/data")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def forget(shop: Any, path: str) -> dict[str, Any]:
    answer = shop.ask("DELETE", path)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def start_experiment(shop: Any, **changes: Any) -> None:
    assert shop.ask("POST", "/v1/experiments", json={**EXPERIMENT, **changes}).status_code == 201
    assert shop.ask("POST", "/v1/experiments/feed-1/start").status_code == 200


def test_what_a_visitor_did_becomes_the_users_now_and_later(either_shop: Any) -> None:
    shop = either_shop
    shop.tell(act("early", visitor_id="browser"), act("seen", kind="impression", visitor_id="browser"))
    answer = merge(shop, "anna", "browser")
    assert answer.json() == {"user_id": "anna", "moved": {"events": 2, "exposures": 0, "assignments": 0}}
    assert shop.tell(act("late", visitor_id="browser"))[0]["result"] == "accepted"
    held = data(shop, "/v1/users/anna")
    assert {event["id"] for event in held["events"]} == {"early", "seen", "late"}
    assert [visitor["visitor_id"] for visitor in held["visitors"]] == ["browser"]
    assert data(shop, "/v1/visitors/browser") == held


def test_merging_again_moves_nothing_more(shop: Any) -> None:
    shop.tell(act("early", visitor_id="browser"))
    assert merge(shop, "anna", "browser").json()["moved"]["events"] == 1
    assert merge(shop, "anna", "browser").json()["moved"] == {"events": 0, "exposures": 0, "assignments": 0}


def test_a_visitor_never_met_can_be_merged_before_her_events_arrive(either_shop: Any) -> None:
    assert merge(either_shop, "anna", "browser").status_code == 200
    either_shop.tell(act("late", visitor_id="browser"))
    assert [event["id"] for event in data(either_shop, "/v1/users/anna")["events"]] == ["late"]


def test_a_visitor_of_one_user_is_not_given_to_another_and_nobody_is_named(shop: Any) -> None:
    shop.tell(act("early", visitor_id="browser"))
    merge(shop, "anna", "browser")
    answer = merge(shop, "ben", "browser")
    assert answer.status_code == 409
    assert "give the browser a new visitor id after a log-out" in answer.json()["detail"]
    assert "anna" not in answer.text
    assert [event["id"] for event in data(shop, "/v1/users/anna")["events"]] == ["early"]


@pytest.mark.parametrize("forgotten", ["/v1/users/anna", "/v1/visitors/browser"])
def test_who_asked_to_be_forgotten_is_not_brought_back_by_a_merge(shop: Any, forgotten: str) -> None:
    shop.tell(act("early", visitor_id="browser"), act("own", user_id="anna"))
    forget(shop, forgotten)
    answer = merge(shop, "anna", "browser")
    assert answer.status_code == 409
    assert "asked to be forgotten" in answer.json()["detail"]
    assert data(shop, forgotten)["events"] == []


def test_of_two_arms_in_one_experiment_the_earlier_exposure_stays(either_shop: Any) -> None:
    start_experiment(either_shop, unit="visitor")
    for number in range(8):
        ask_feed(either_shop, f"a{number}", now="2026-11-20T12:00:01Z")
        ask_feed(either_shop, f"b{number}", now="2026-11-20T12:00:00Z")
        merge(either_shop, f"u{number}", f"a{number}")
    before = {number: data(either_shop, f"/v1/visitors/b{number}")["assignments"] for number in range(8)}
    for number in range(8):
        assert merge(either_shop, f"u{number}", f"b{number}").json()["moved"]["assignments"] == 1
        assert data(either_shop, f"/v1/users/u{number}")["assignments"] == before[number]


def ask_feed(shop: Any, visitor: str, *, now: str = "2026-11-20T12:00:00Z") -> dict[str, Any]:
    answer = shop.ask("GET", f"/v1/visitors/{visitor}/feed", now=now)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_everything_held_is_handed_over_in_the_shops_own_words(either_shop: Any) -> None:
    shop = either_shop
    start_experiment(shop)
    shop.ask("PUT", "/v1/users", json={"users": [{"id": "anna", "attributes": {"country": "ID"}}]})
    shop.tell(
        act("bought", kind="purchase", user_id="anna", amount="12.30", currency="GBP", order_id="o-1", quantity=2),
        act("watched", kind="watch", item="v0", user_id="anna", seconds_watched=3.5, seconds_total=7.0),
        act("bad", kind="steal", user_id="anna"),
        act("other", user_id="ben"),
    )
    feed = shop.feed("anna")
    held = data(shop, "/v1/users/anna")
    assert held["user_id"] == "anna"
    assert held["attributes"] == {"country": "ID"}
    assert {event["id"]: event for event in held["events"]} == {
        "bought": {
            **act("bought", kind="purchase"),
            "received_at": "2026-11-20T12:00:00Z",
            "order_id": "o-1",
            "quantity": 2,
            "amount": "12.30",
            "currency": "GBP",
        },
        "watched": {
            **act("watched", kind="watch", item="v0"),
            "received_at": "2026-11-20T12:00:00Z",
            "seconds_watched": 3.5,
            "seconds_total": 7.0,
        },
    }
    (shown,) = held["exposures"]
    assert shown["feed_id"] == feed["feed_id"]
    assert shown["arms"] == feed["arms"]
    assert [item["item_id"] for item in shown["items"]] == [item["item_id"] for item in feed["items"]]
    assert [(one["experiment"], one["arm"]) for one in held["assignments"]] == list(feed["arms"].items())
    (letter,) = held["refused"]
    assert '"kind":"steal"' in letter["payload"].replace(" ", "")
    assert "kind must be one of" in letter["reason"]


def test_of_somebody_unknown_the_same_is_handed_over_empty(shop: Any) -> None:
    shop.tell(act("own", user_id="anna"))
    known, unknown = data(shop, "/v1/users/anna"), data(shop, "/v1/users/nobody")
    assert set(known) == set(unknown)
    assert [unknown[name] for name in ("events", "exposures", "assignments", "refused", "visitors")] == [[]] * 5


def test_forgetting_answers_what_went_and_a_second_look_that_found_nothing(either_shop: Any) -> None:
    shop = either_shop
    start_experiment(shop)
    shop.tell(
        act("bought", kind="purchase", user_id="anna", amount="12.30", currency="GBP"),
        act("back", kind="refund", user_id="anna", amount="2.30", currency="GBP"),
        act("in rupiah", kind="purchase", user_id="anna", amount="25000", currency="IDR"),
        act("bad", kind="steal", user_id="anna"),
        act("browsed", visitor_id="browser"),
    )
    merge(shop, "anna", "browser")
    (arm,) = shop.feed("anna")["arms"].values()
    receipt = forget(shop, "/v1/users/anna")
    assert receipt["removed"] == {
        "events": 4,
        "exposures": 1,
        "assignments": 1,
        "campaign_units": 0,
        "campaign_entries": 0,
        "values": 0,
        "dead_letters": 1,
        "visitors": 1,
        "users": 1,
        "refused_rows": 0,
    }
    assert receipt["money"] == {
        "GBP": {"purchases": "12.30", "refunds": "2.30"},
        "IDR": {"purchases": "25000.00", "refunds": "0.00"},
    }
    assert receipt["experiments"] == {"feed-1": {arm: 1}}
    assert set(receipt["left"].values()) == {0}
    assert "anna" not in str(receipt)
    assert "browser" not in str(receipt)
    results = shop.ask("GET", "/v1/experiments/feed-1/results").json()
    assert {key: said["erased"] for key, said in results["arms"].items()} == {
        key: int(key == arm) for key in ("popular", "personal")
    }
    held = data(shop, "/v1/users/anna")
    assert [held[name] for name in ("events", "exposures", "assignments", "refused")] == [[]] * 4


def test_nothing_brings_a_forgotten_person_back(either_shop: Any) -> None:
    shop = either_shop
    shop.tell(act("own", user_id="anna"), act("browsed", visitor_id="browser"))
    merge(shop, "anna", "browser")
    forget(shop, "/v1/users/anna")
    start_experiment(shop)
    late = shop.tell(act("late", user_id="anna"), act("late too", visitor_id="browser"), act("own", user_id="anna"))
    assert [(one["result"], one.get("reason")) for one in late] == [("rejected", FORGOTTEN)] * 3
    described = shop.ask("PUT", "/v1/users", json={"users": [{"id": "anna", "attributes": {"country": "ID"}}]})
    assert described.json()["results"] == [{"id": "anna", "result": "rejected", "reason": FORGOTTEN}]
    feed = shop.feed("anna")
    assert feed["arms"] == {}
    held = data(shop, "/v1/users/anna")
    assert (held["first_met_at"], held["attributes"]) == (None, {})
    assert [held[name] for name in ("events", "exposures", "assignments", "refused")] == [[]] * 4


@pytest.mark.parametrize("who", [{"user_id": "anna"}, {"user": "anna"}, {"visitor_id": "browser"}])
def test_what_is_refused_of_a_forgotten_person_is_not_kept(either_shop: Any, who: dict[str, str]) -> None:
    shop = either_shop
    shop.tell(act("browsed", visitor_id="browser"))
    merge(shop, "anna", "browser")
    forget(shop, "/v1/users/anna")
    assert shop.tell(act("anna-17", kind="steal", **who))[0]["result"] == "rejected"
    with shop.services.database.reader.connect() as connection:
        ((reason, payload, event_id),) = connection.execute(
            select(dead_letters.c.reason, dead_letters.c.payload, dead_letters.c.event_id)
        )
    assert (reason, payload, event_id) == (FORGOTTEN, "", None)


def test_what_is_refused_of_others_is_kept_word_for_word(shop: Any) -> None:
    forget(shop, "/v1/users/anna")
    forget(shop, "/v1/users/2")
    shop.tell(act("x", kind="steal", user_id="ben", order_id="anna"), act("y", kind="steal", quantity=2))
    with shop.services.database.reader.connect() as connection:
        assert all(connection.execute(select(dead_letters.c.payload)).scalars())


def test_forgetting_somebody_unknown_or_forgotten_answers_zeros_and_keeps_her_out(shop: Any) -> None:
    shop.tell(act("own", user_id="anna"))
    first, again, unknown = (forget(shop, f"/v1/users/{name}") for name in ("anna", "anna", "nobody"))
    assert set(first) == set(again) == set(unknown)
    assert set(again["removed"].values()) == set(unknown["removed"].values()) == {0}
    assert shop.tell(act("late", user_id="nobody"))[0]["reason"] == FORGOTTEN


def test_who_comes_back_and_agrees_is_new(either_shop: Any) -> None:
    shop = either_shop
    shop.tell(act("own", user_id="anna"))
    forget(shop, "/v1/users/anna")
    assert shop.ask("DELETE", "/v1/users/anna/suppression").json() == {"lifted": True}
    assert shop.ask("DELETE", "/v1/users/anna/suppression").json() == {"lifted": False}
    assert shop.tell(act("new", user_id="anna"))[0]["result"] == "accepted"
    assert [event["id"] for event in data(shop, "/v1/users/anna")["events"]] == ["new"]


def test_a_visitor_who_became_a_user_is_forgotten_as_that_user(shop: Any) -> None:
    shop.tell(act("own", user_id="anna"), act("browsed", visitor_id="browser"))
    merge(shop, "anna", "browser")
    receipt = forget(shop, "/v1/visitors/browser")
    assert (receipt["removed"]["events"], receipt["removed"]["users"], receipt["removed"]["visitors"]) == (2, 1, 1)
    assert shop.tell(act("late", user_id="anna"))[0]["reason"] == FORGOTTEN


def test_a_visitor_of_the_same_name_is_another_person(shop: Any) -> None:
    shop.tell(act("own", user_id="anna"), act("browsed", visitor_id="anna"))
    forget(shop, "/v1/users/anna")
    assert [event["id"] for event in data(shop, "/v1/visitors/anna")["events"]] == ["browsed"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"visitor_id": 1}', b'{"visitor_id": "a", "more": 1}'])
def test_a_merge_that_can_not_be_read_is_refused(shop: Any, body: bytes) -> None:
    assert shop.ask("POST", "/v1/users/anna/merge", content=body).status_code == 400
