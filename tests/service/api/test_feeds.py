"""Promises of the feed and related endpoints that hold before any model is trained, and with any."""

from typing import Any

import pytest
from sqlalchemy import select

from service.log.tables import exposures


def ids(said: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in said["items"]]


def test_a_feed_is_never_empty_for_want_of_a_model(shop: Any) -> None:
    said = shop.feed()
    assert sorted(ids(said)) == ["p0", "p1", "p2", "p3", "v0", "v1"]
    assert (said["fallback"], said["model_version"]) == ("newest", None)
    assert {item["reason"] for item in said["items"]} == {"New in the shop"}
    assert [item["position"] for item in said["items"]] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("spoken", "said"), [("en", "From the shop"), ("id", "Dari toko ini")])
def test_only_what_was_published_lately_is_called_new(shop: Any, spoken: str, said: str) -> None:
    """The shop's clock stands at 20 November 2026; everything else was first told of at that instant."""
    old = {"kind": "product", "title": "P", "published_at": "2023-11-20T12:00:00Z"}
    recent = {**old, "published_at": "2026-10-22T12:00:00Z"}
    shop.ask("PUT", "/v1/items", json={"items": [{"id": "p0", **old}, {"id": "p1", **recent}]})
    answer = shop.ask("GET", "/v1/users/anna/feed", headers={"Accept-Language": spoken}).json()
    reasons = {item["item_id"]: item["reason"] for item in answer["items"]}
    assert reasons.pop("p0") == said
    assert len(set(reasons.values())) == 1
    assert said not in reasons.values()


def test_the_reason_is_in_the_browsers_language(shop: Any) -> None:
    said = shop.ask("GET", "/v1/users/anna/feed", headers={"Accept-Language": "id-ID,id;q=0.9,en;q=0.5"}).json()
    assert {item["reason"] for item in said["items"]} == {"Baru di toko"}


def test_the_exposure_says_exactly_what_was_answered(shop: Any) -> None:
    said = shop.feed(limit=3)
    with shop.services.database.reader.connect() as connection:
        kept = connection.execute(select(exposures)).mappings().one()
    id_of = shop.services.catalogue.current.id_of
    assert kept["feed_id"] == said["feed_id"]
    assert kept["items"] == [[id_of[item["item_id"]], item["source"], 1.0] for item in said["items"]]
    assert (kept["fallback"], kept["model_version"], kept["is_preview"]) == ("newest", None, False)


def test_what_is_not_available_is_not_shown_from_the_next_feed_on(shop: Any) -> None:
    shop.ask("PUT", "/v1/items", json={"items": [{"id": "p1", "kind": "product", "title": "P", "available": False}]})
    assert "p1" not in ids(shop.feed())


def test_an_item_known_only_from_events_is_not_shown(shop: Any) -> None:
    shop.tell({"id": "e", "kind": "view", "user_id": "anna", "item_id": "secret", "at": "2026-11-20T11:00:00Z"})
    assert "secret" not in ids(shop.feed("ben"))


def test_filters_and_exclusions_hold(shop: Any) -> None:
    assert set(ids(shop.feed(kind="content"))) == {"v0", "v1"}
    assert set(ids(shop.feed(category="care"))) == {"p0", "p1", "p2", "p3"}
    assert set(ids(shop.feed(kind="product", exclude=["p0", "p2"]))) == {"p1", "p3"}


def test_pages_neither_repeat_nor_skip_while_the_catalogue_moves(shop: Any) -> None:
    first = shop.feed(limit=2)
    shop.ask("PUT", "/v1/items", json={"items": [{"id": "p9", "kind": "product", "title": "Brand new"}]})
    second = shop.feed(limit=2, cursor=first["next_cursor"])
    third = shop.feed(limit=4, cursor=second["next_cursor"])
    pages = ids(first) + ids(second) + ids(third)
    assert sorted(pages) == ["p0", "p1", "p2", "p3", "p9", "v0", "v1"]
    assert third["next_cursor"] is None


def test_a_cursor_serves_only_the_user_it_was_given_to(shop: Any) -> None:
    cursor = shop.feed(limit=2)["next_cursor"]
    answer = shop.ask("GET", "/v1/users/ben/feed", params={"cursor": cursor})
    assert answer.status_code == 400
    assert "cursor must be the next_cursor of one of this user's feeds" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/v1/users/a%00/feed", "user_id"),
        ("/v1/visitors/a%00/feed", "visitor_id"),
        ("/v1/items/a%00/related", "item_id"),
        ("/v1/users/anna/feed?cursor=%00", "cursor"),
        ("/v1/experiments/a%00", "key"),
        ("/v1/experiments/a%00/results", "key"),
    ],
)
def test_a_nul_in_an_address_is_refused_on_either_database(either_shop: Any, path: str, subject: str) -> None:
    answer = either_shop.ask("GET", path)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{subject} must be")


def test_a_visitor_gets_a_feed_of_her_own(shop: Any) -> None:
    assert len(shop.ask("GET", "/v1/visitors/browser-1/feed").json()["items"]) == 6


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"kind": "service"}, "kind"),
        ({"preview_arm": "nothing:here"}, "preview_arm must be EXPERIMENT:ARM"),
    ],
)
def test_a_wrong_parameter_is_named(shop: Any, parameters: dict[str, Any], said: str) -> None:
    answer = shop.ask("GET", "/v1/users/anna/feed", params=parameters)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_related_to_an_item_nobody_knows_is_404_and_says_what_to_do(shop: Any) -> None:
    answer = shop.ask("GET", "/v1/items/unheard-of/related")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
    assert "PUT /v1/items" in answer.json()["detail"]


def test_a_browser_on_another_origin_may_ask(shop: Any) -> None:
    answer = shop.ask(
        "OPTIONS",
        "/v1/events",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] in ("*", "https://shop.example")
