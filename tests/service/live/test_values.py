"""Promises of the live values: the published ones, swapped whole, never damaged ones, and nobody who was forgotten."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from customers.snapshots import live_version
from service.clock import microseconds
from service.jobs.valuing import Valued, value_and_publish
from service.live.values import LiveValues
from service.log.home import log_id
from service.metrics import Metrics

pytestmark = pytest.mark.usefixtures("bought")


def published(shop: Any, *, day: int = 20) -> Valued:
    settings = shop.services.settings
    return value_and_publish(
        shop.services.database.reader,
        settings.values,
        currency=settings.currency,
        timezone=settings.timezone,
        margin_rate=None,
        until=microseconds(datetime(2026, 11, day, 12, tzinfo=UTC)),
        seed=1,
        on_progress=lambda *_: None,
    )


def sample(shop: Any, name: str, **labels: str) -> float:
    value: float | None = shop.services.metrics.registry.get_sample_value(name, labels)
    return 0.0 if value is None else value


def value_of(shop: Any, user: str, **request: Any) -> Any:
    return shop.ask("GET", f"/v1/users/{user}/value", **request)


def test_values_are_answered_from_the_next_look_on(shop: Any) -> None:
    """Three orders of 2.50 each on the 10th, 11th and 12th; the 20th is eight days after the last."""
    assert value_of(shop, "anna").status_code == 404
    # The books end with the last thing the log knows of, whoever did it.
    seen = {"id": "a-view", "kind": "view", "visitor_id": "browser-1", "item_id": "p3", "at": "2026-11-20T11:00:00Z"}
    shop.tell(seen)
    made = published(shop)
    answer = value_of(shop, "anna").json()
    assert answer["user_id"] == "anna"
    assert (answer["model_version"], answer["as_of"]) == (made.version, "2026-11-20T12:00:00Z")
    assert (answer["so_far"], answer["currency"], answer["value"]) == ("7.50", "GBP", "revenue")
    assert (answer["order_days"], answer["last_order"]) == (3, "2026-11-12")
    # Three customers carry no projection, and the answer says so instead of guessing.
    assert answer["projection"] is None
    assert answer["segment"]["reason"].startswith("8 days silent, usual gap 1")
    indonesian = value_of(shop, "anna", headers={"Accept-Language": "id"}).json()
    assert indonesian["segment"]["reason"].startswith("diam 8 hari")


@pytest.mark.parametrize("user", ["nobody", "dewi"])
def test_who_has_no_value_is_answered_alike_known_or_not(shop: Any, user: str) -> None:
    shop.tell({"id": "v", "kind": "view", "user_id": "dewi", "item_id": "p0", "at": "2026-11-13T12:00:00Z"})
    published(shop)
    answer = value_of(shop, user)
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
    assert "had not ordered by" in answer.json()["detail"]


def test_segments_are_told_with_their_sizes_in_the_readers_language(shop: Any) -> None:
    before = shop.ask("GET", "/v1/segments").json()
    assert (before["as_of"], {segment["customers"] for segment in before["segments"]}) == (None, {None})
    published(shop)
    found = shop.ask("GET", "/v1/segments").json()
    assert sum(segment["customers"] for segment in found["segments"]) == 3
    assert [segment["id"] for segment in found["segments"]] == [segment["id"] for segment in before["segments"]]
    indonesian = shop.ask("GET", "/v1/segments", headers={"Accept-Language": "id"}).json()
    assert "Juara" in [segment["name"] for segment in indonesian["segments"]]


@pytest.mark.parametrize("path", ["/v1/segments?sort=size", "/v1/users/anna/value?horizon=4"])
def test_an_unknown_query_parameter_is_refused(shop: Any, path: str) -> None:
    assert shop.ask("GET", path).status_code == 400


def test_age_and_coverage_are_metrics(shop: Any) -> None:
    shop.tell({"id": "v", "kind": "view", "user_id": "dewi", "item_id": "p0", "at": "2026-11-13T12:00:00Z"})
    published(shop)
    shop.ask("GET", "/v1/segments")
    assert sample(shop, "kembang_values_customers") == 3
    assert sample(shop, "kembang_values_coverage_ratio") == 0.75  # dewi has ordered nothing
    assert sample(shop, "kembang_values_loads_total", outcome="loaded") == 1
    age = sample(shop, "kembang_values_age_seconds")
    published(shop, day=13)
    shop.ask("GET", "/v1/segments")
    assert sample(shop, "kembang_values_age_seconds") - age == pytest.approx(7 * 86_400, abs=60)


def test_damaged_values_are_refused_and_the_old_ones_go_on_serving(shop: Any) -> None:
    old = published(shop, day=14)
    shop.ask("GET", "/v1/segments")
    new = published(shop)
    file = shop.services.settings.values / new.version / "so_far_minor.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    assert value_of(shop, "anna").json()["model_version"] == old.version
    assert sample(shop, "kembang_values_loads_total", outcome="refused") == 1


def test_values_of_another_log_are_refused(shop: Any, tmp_path: Path) -> None:
    published(shop)
    metrics = Metrics()
    values = LiveValues(shop.services.settings.values, log_id="another", metrics=metrics)
    assert not values.refresh()
    assert values.current is None
    own = LiveValues(shop.services.settings.values, log_id=log_id(shop.services.database.reader), metrics=metrics)
    assert own.refresh()
    assert not own.refresh()


def test_a_forgotten_user_leaves_the_values_that_are_served(shop: Any) -> None:
    published(shop, day=14)
    published(shop)
    assert value_of(shop, "anna").status_code == 200
    live = live_version(shop.services.settings.values)
    receipt = shop.ask("DELETE", "/v1/users/anna").json()
    assert receipt["removed"]["values"] == 2
    assert receipt["left"]["values"] == 0
    assert value_of(shop, "anna").status_code == 404
    assert value_of(shop, "ben").json()["model_version"] == live
    assert sample(shop, "kembang_values_customers") == 2


def test_what_a_visitor_bought_counts_once_she_is_merged(shop: Any) -> None:
    shop.tell(
        {
            "id": "guest",
            "kind": "purchase",
            "visitor_id": "browser",
            "item_id": "p0",
            "at": "2026-11-14T12:00:00Z",
            "amount": "4.00",
        }
    )
    published(shop)
    assert value_of(shop, "anna").json()["so_far"] == "7.50"
    shop.ask("POST", "/v1/users/anna/merge", json={"visitor_id": "browser"})
    published(shop)
    assert value_of(shop, "anna").json()["so_far"] == "11.50"


def test_all_that_snapshots_say_of_somebody_is_handed_over(shop: Any) -> None:
    shop.ask("POST", "/v1/users/anna/merge", json={"visitor_id": "browser"})
    made = [published(shop, day=day) for day in (14, 20)]
    held = shop.ask("GET", "/v1/users/anna/data", headers={"Accept-Language": "id"}).json()["values"]
    assert [one["model_version"] for one in held] == [one.version for one in made]
    assert held[-1] == value_of(shop, "anna", headers={"Accept-Language": "id"}).json()
    # She is the same, whichever of her names she asks under.
    of_visitor = shop.ask("GET", "/v1/visitors/browser/data", headers={"Accept-Language": "id"}).json()
    assert of_visitor["values"] == held
    shop.ask("DELETE", "/v1/users/anna")
    for path in ("/v1/users/anna", "/v1/users/nobody", "/v1/visitors/nobody"):
        assert shop.ask("GET", f"{path}/data").json()["values"] == []
    (shop.services.settings.values / made[0].version / "segment.npy").write_bytes(b"")
    ben = shop.ask("GET", "/v1/users/ben/data").json()["values"]
    assert [one["model_version"] for one in ben] == [made[1].version]
