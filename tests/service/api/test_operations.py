"""Promises to those who run the service."""

from typing import Any

from service.clock import Clock


def test_readiness_tells_of_the_model_and_the_log(shop: Any) -> None:
    answer = shop.ask("GET", "/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": [], "model_version": None})
    assert shop.ask("GET", "/health/live").status_code == 200


def test_requests_are_counted_by_the_status_that_left_the_server(shop: Any) -> None:
    shop.ask("GET", "/nowhere")
    shop.ask("DELETE", "/v1/events")
    shop.ask("GET", "/v1/users/anna/feed", params={"limit": 0})
    shop.feed()
    page = shop.ask("GET", "/metrics").text
    for labels, count in (
        ('method="GET",route="unmatched",code="404"', 1),
        ('method="DELETE",route="unmatched",code="405"', 1),
        ('method="GET",route="/v1/users/{user_id}/feed",code="400"', 1),
        ('method="GET",route="/v1/users/{user_id}/feed",code="200"', 1),
    ):
        assert any(
            line.startswith("kembang_http_requests_total{")
            and all(part in line for part in labels.split(","))
            and line.endswith(f" {count}.0")
            for line in page.splitlines()
        ), labels


def test_a_real_clock_takes_no_instant_from_a_request(shop: Any) -> None:
    object.__setattr__(shop.services, "clock", Clock(simulated=False))
    answer = shop.ask("GET", "/v1/users/anna/feed")
    assert answer.status_code == 400
    assert "--simulated-clock" in answer.json()["detail"]


def test_the_api_documents_itself(shop: Any) -> None:
    paths = shop.ask("GET", "/schema/openapi.json").json()["paths"]
    assert {
        "/v1/events",
        "/v1/items",
        "/v1/users",
        "/v1/users/{user_id}/feed",
        "/v1/visitors/{visitor_id}/feed",
        "/v1/items/{item_id}/related",
        "/v1/experiments",
        "/v1/experiments/{key}/results",
        "/health/live",
        "/health/ready",
    } <= set(paths)
    event = paths["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "user_id" in event["properties"]["events"]["items"]["properties"]
    asked = {said["name"] for said in paths["/v1/users/{user_id}/feed"]["get"]["parameters"]}
    assert {"user_id", "limit", "cursor", "kind", "category", "exclude", "preview_arm"} <= asked
