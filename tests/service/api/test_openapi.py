"""Promises of the OpenAPI document: every answer is in it, and what it says of a request holds."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.routes import HTTPRoute
from processes import ServiceProcess, served

from service.api.text import checked_id, name_schema
from service.app import create_app
from service.problems import RequestRefused

SUPPORT = Path(__file__).parents[2] / "support"
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A real server of a shop with a product, a video, a customer and an experiment that runs."""
    home = tmp_path_factory.mktemp("openapi") / "home"
    with served("serve", home=home) as service, httpx.Client(base_url=service.base_url) as client:
        items = [
            {"id": "p", "kind": "product", "title": "P", "price": "2.50"},
            {"id": "v", "kind": "content", "title": "V"},
        ]
        client.put("/v1/items", json={"items": items}).raise_for_status()
        client.put("/v1/users", json={"users": [{"id": "anna", "attributes": {}}]}).raise_for_status()
        design = {
            "key": "x",
            "control": "a",
            "arms": [{"key": "a", "share": 0.5}, {"key": "b", "share": 0.5}],
            "primary": {"outcome": "orders", "window_days": 7},
        }
        client.post("/v1/experiments", json=design).raise_for_status()
        client.post("/v1/experiments/x/start").raise_for_status()
        yield service


@pytest.fixture(scope="module")
def client(service: ServiceProcess) -> Iterator[httpx.Client]:
    """Asks that server."""
    with httpx.Client(base_url=service.base_url) as asking:
        yield asking


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    said: dict[str, Any] = client.get("/schema/openapi.json").json()
    return said


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_is_documented_but_those_for_machines(shop: Any, document: dict[str, Any]) -> None:
    app = create_app(shop.services)._app  # type: ignore[attr-defined]  # the app inside the layer that counts requests
    assert isinstance(app, Litestar)
    routes = {
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"OPTIONS"}
    }
    documented = {(method, path) for method, path, _ in operations(document)}
    assert {path for _, path in routes - documented} == {"/metrics", "/schema", "/schema/openapi.json"}
    assert documented <= routes


def test_every_operation_documents_its_refusals_as_problems(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["Problem"]["required"]) == {"type", "title", "status", "detail"}
    for method, path, operation in operations(document):
        answers = operation["responses"]
        if path.startswith("/v1/"):
            assert {"400", "414"} <= set(answers), (
                f"{method} {path} documents no refusals: give its route responses=refusals(...)"
            )
        for status, answer in answers.items():
            if status >= "400" and not path.startswith("/health/"):
                # An address too long is answered by the server before the app hears of it.
                assert answer.get("content") == (None if status == "414" else PROBLEM), f"{method} {path} {status}"
        if "503" in answers:
            assert answers["503"]["headers"]["Retry-After"]["required"], f"{method} {path}"


def test_every_body_has_its_limits_and_its_known_fields(document: dict[str, Any]) -> None:
    bodies = 0
    for method, path, operation in operations(document):
        if "requestBody" not in operation:
            continue
        bodies += 1
        assert {"400", "413", "415", "503"} <= set(operation["responses"]), f"{method} {path}"
        for media_type, content in operation["requestBody"]["content"].items():
            if media_type == "application/json":
                assert content["schema"]["additionalProperties"] is False, f"{method} {path}"
                assert content["schema"]["required"], f"{method} {path}"
    assert bodies >= 4


def test_the_document_says_what_a_query_can(document: dict[str, Any]) -> None:
    said = {
        entry["name"]: entry["schema"] for entry in document["paths"]["/v1/users/{user_id}/feed"]["get"]["parameters"]
    }
    assert said["limit"].items() >= {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}.items()
    assert said["kind"].items() >= {"type": "string", "enum": ["product", "content"]}.items()
    assert said["cursor"].items() >= {"type": "string", "maxLength": 64}.items()
    assert said["exclude"].items() >= {"type": "array", "maxItems": 500, "items": {"type": "string"}}.items()
    assert said["user_id"].items() >= {"type": "string", "minLength": 1, "maxLength": 256}.items()


def test_the_documented_rules_of_an_event_are_those_of_the_code(document: dict[str, Any]) -> None:
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    entries = body["properties"]["events"]
    event = entries["items"]
    assert (entries["maxItems"], event["additionalProperties"]) == (500, False)
    assert set(event["required"]) == {"id", "kind", "item_id", "at"}
    assert (event["properties"]["id"]["maxLength"], event["properties"]["item_id"]["maxLength"]) == (128, 256)
    assert event["properties"]["at"]["format"] == "date-time"
    assert [sorted(one["required"]) for one in event["oneOf"]] == [["user_id"], ["visitor_id"]]


# Characters that every release of Unicode since 14 knows: older and newer ones would judge the others differently.
_KNOWN = st.characters(categories=("L", "M", "N", "P", "S", "Z", "Cc", "Cf"))


@given(text=st.text(_KNOWN, max_size=8) | st.sampled_from(["", "x" * 256, "x" * 257, "a b", " a", "a ", "a/b", "a\n"]))
def test_the_documented_rule_of_an_id_is_the_one_that_is_held(text: str) -> None:
    documented = jsonschema_rs.Draft202012Validator(name_schema()).is_valid(text)
    try:
        held = checked_id(text, "id") == text
    except RequestRefused:
        held = False
    assert documented == held


@pytest.mark.parametrize("path", ["/v1/users/anna/feed", "/v1/visitors/browser/feed"])
def test_a_query_that_breaks_a_rule_is_refused_with_the_rule_in_a_shops_words(client: httpx.Client, path: str) -> None:
    for query, said in {
        "limit=abc": "limit must be a whole number from 1 to 100, got 'abc'",
        "limit=0": "limit must be a whole number from 1 to 100, got '0'",
        "limit=101": "limit must be a whole number from 1 to 100, got '101'",
        "limit=": "limit must be a whole number from 1 to 100, got ''",
        "limit=null": "limit must be a whole number from 1 to 100, got 'null'",
        "limit=5&limit=6": "limit must be given once, got ['5', '6']",
        "kind=service": "kind must be one of product, content, got 'service'",
        "kind=null": "kind must be one of product, content, got 'null'",
        "kind=": "kind must be one of product, content, got ''",
        "cursor=" + "c" * 65: "cursor must be text of at most 64 characters, got '" + "c" * 40 + "'",
        "category=" + "c" * 257: "category must be text of at most 256 characters",
        "&".join(f"exclude={n}" for n in range(501)): "exclude must be given at most 500 times, got 501 values",
        "limt=5": "no query parameter 'limt': known are limit, cursor, kind, category, exclude, preview_arm",
        "limit=5&user_id=ben": "no query parameter 'user_id'",
        "%00=5": r"no query parameter '\x00'",
    }.items():
        answer = client.get(f"{path}?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), query
        assert said in answer.json()["detail"]
    assert client.get(f"{path}?{'&'.join(f'exclude={n}' for n in range(500))}").status_code == 200


def test_an_address_without_parameters_takes_none(client: httpx.Client) -> None:
    for method, path in (("POST", "/v1/events"), ("PUT", "/v1/items"), ("GET", "/v1/experiments")):
        answer = client.request(method, f"{path}?dry_run=true", json={})
        assert (answer.status_code, "no query parameter 'dry_run': it takes none" in answer.text) == (400, True)


@pytest.mark.parametrize("address", ["/metrics?name[]=up", "/health/live?now=1", "/health/ready?now=1"])
def test_those_who_watch_may_ask_with_any_parameter(client: httpx.Client, address: str) -> None:
    """Probes are configured once and for good; a service that is well must not look ill to them."""
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/v1/users/%ff/feed",
        "/v1/users/%ed%a0%80/feed",
        "/v1/visitors/a%C3/feed",
        "/v1/items/%ff/related",
        "/v1/experiments/%ff/results",
        "/v1/users/anna/feed?category=%ff",
        "/v1/users/anna/feed?%ff=1",
    ],
)
def test_an_address_that_is_no_text_is_refused_before_two_names_become_one(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert "an address must be percent-encoded UTF-8, got '" in answer.json()["detail"]


def test_an_action_that_no_experiment_takes_is_refused_by_name(client: httpx.Client) -> None:
    answer = client.post("/v1/experiments/x/explode")
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "action must be one of start, freeze, stop, archive, got 'explode'",
    )


@pytest.mark.parametrize("path", ["/nowhere", "/v1/users", "/schema/nowhere", "/v1/users/a/b/feed", "/"])
def test_an_address_that_nobody_knows_is_a_problem_too(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == (405 if path == "/v1/users" else 404)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(f"there is nothing at {path}" if path != "/v1/users" else "/v1/users ")


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/v1/experiments", {"GET", "POST"}), ("/v1/events", {"POST"}), ("/health/ready", {"GET", "HEAD"})],
)
def test_the_methods_of_an_address_are_told(client: httpx.Client, path: str, methods: set[str]) -> None:
    refused = client.patch(path)
    assert (refused.status_code, refused.headers["content-type"]) == (405, "application/problem+json")
    assert f"{path} takes no PATCH" in refused.json()["detail"]
    asked = client.options(path)
    assert (asked.status_code, asked.content) == (204, b"")
    for answer in (refused, asked):
        assert set(answer.headers["allow"].split(", ")) == {*methods, "OPTIONS"}


def test_a_compressed_body_is_415_and_says_so(client: httpx.Client) -> None:
    for method, path in (("POST", "/v1/events"), ("PUT", "/v1/items"), ("PUT", "/v1/users")):
        answer = client.request(method, path, content=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
        assert "the body must come uncompressed, got Content-Encoding 'gzip'" in answer.json()["detail"]


def test_a_fuzzer_finds_no_answer_that_is_not_documented(service: ServiceProcess, tmp_path: Path) -> None:
    """A few of the cases that the long run draws by the thousand, the same ones each time.

    A process of its own: the fuzzer brings settings for hypothesis and warnings that are not ours.
    """
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(SUPPORT / "fuzzing.toml"), "run"]
    options = ["--phases", "coverage,fuzzing", "--generation-deterministic", "--continue-on-failure"]
    options += ["--max-examples", "3", "--no-shrink", "--suppress-health-check", "all", "--no-color"]
    ended = subprocess.run(
        [*command, f"{service.base_url}/schema/openapi.json", *options],
        env={
            **os.environ,
            "PYTHONPATH": f"{SUPPORT}:{os.environ.get('PYTHONPATH', '')}",
            "SCHEMATHESIS_HOOKS": "fuzzing",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-30_000:] + ended.stderr[-2_000:]
    found = re.search(r"Tested: (\d+)", ended.stdout)
    assert found
    assert int(found[1]) >= 15
