"""Promises of a service on PostgreSQL: the same as on SQLite, and the same on every replica."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import ServiceProcess, kembang, served

NOW = "2026-11-20T12:00:00Z"
PATIENCE_SECONDS = 20.0

DESIGN = {
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
ITEMS = [
    *({"id": f"p{number}", "kind": "product", "title": f"Product {number}"} for number in range(4)),
    *({"id": f"v{number}", "kind": "content", "title": f"Video {number}"} for number in range(2)),
]


def ask(service: ServiceProcess, method: str, path: str, **request: Any) -> dict[str, Any]:
    answer = httpx.request(method, f"{service.base_url}{path}", timeout=30, **request)
    assert answer.is_success, answer.text
    said: dict[str, Any] = answer.json()
    return said


def feed(service: ServiceProcess, user: str = "anna", **parameters: Any) -> dict[str, Any]:
    return ask(service, "GET", f"/v1/users/{user}/feed", params=parameters)


def shown(service: ServiceProcess, user: str = "anna") -> set[str]:
    return {item["item_id"] for item in feed(service, user)["items"]}


def post(service: ServiceProcess, *events: dict[str, Any]) -> list[str]:
    results = ask(service, "POST", "/v1/events", json={"events": events})["results"]
    return [result["result"] for result in results]


def until(holds: Callable[[], bool]) -> None:
    """Returns once it holds; replicas look at each other's changes every tenth of a second."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "the other replica never came to know it"


def dismissal(id_: str, item: str) -> dict[str, Any]:
    return {"id": id_, "kind": "dismiss", "user_id": "anna", "item_id": item, "at": NOW}


@pytest.fixture
def on_postgres(postgres_url: str) -> dict[str, str]:
    return {"KEMBANG_DATABASE_URL": postgres_url, "KEMBANG_SECRET": "one secret for all of the replicas"}


def test_a_service_on_postgresql_keeps_everything_over_a_restart(on_postgres: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    sales = tmp_path / "sales.csv"
    lines = [f"{day},p{day % 4},Item,1,2026-03-{day:02d},2.50,c{day % 5}" for day in range(1, 29)]
    sales.write_text("\n".join(["Invoice,SKU,Title,Qty,Date,Price,Customer", *lines]) + "\n")
    foreseen = kembang("import", str(sales), "--dry-run", home=home, env=on_postgres)
    assert foreseen.returncode == 0, foreseen.stderr
    assert "28 purchase" in foreseen.stdout, "there is no log yet, and that is no harm"
    assert kembang("import", str(sales), home=home, env=on_postgres).returncode == 0
    assert kembang("train", home=home, env=on_postgres).returncode == 0
    assert not list(home.glob("*.sqlite3"))
    with served("serve", home=home, env=on_postgres) as service:
        ask(service, "PUT", "/v1/items", json={"items": ITEMS})
        ask(service, "POST", "/v1/experiments", json=DESIGN)
        ask(service, "POST", "/v1/experiments/feed-1/start")
        bought = {"kind": "purchase", "user_id": "c1", "item_id": "p1", "at": NOW, "amount": "2.50"}
        assert post(service, {"id": "e1", **bought}, {"id": "e1", **bought}) == ["accepted", "duplicate"]
        before = feed(service, "c2")
        assert before["model_version"] is not None
        assert before["arms"]["feed-1"] in ("popular", "personal")
        assert service.stop() == 0
    with served("serve", home=home, env=on_postgres) as service:
        assert post(service, {"id": "e1", **bought}) == ["duplicate"]
        assert post(service, {"id": "e1", **bought, "amount": "9.99"}) == ["rejected"]
        after = feed(service, "c2")
        assert (after["arms"], after["model_version"]) == (before["arms"], before["model_version"])
        assert after["feed_id"] != before["feed_id"]
        results = ask(service, "GET", "/v1/experiments/feed-1/results")
        assert sum(arm["exposed"] for arm in results["arms"].values()) == 1


def test_two_replicas_are_one_service(on_postgres: dict[str, str], tmp_path: Path) -> None:
    with (
        served("serve", home=tmp_path / "one", env=on_postgres) as one,
        served("serve", home=tmp_path / "two", env=on_postgres) as other,
    ):
        ask(one, "PUT", "/v1/items", json={"items": ITEMS})
        until(lambda: len(shown(other)) == len(ITEMS))

        ask(other, "POST", "/v1/experiments", json=DESIGN)
        ask(other, "POST", "/v1/experiments/feed-1/start")
        until(lambda: "feed-1" in feed(one)["arms"])
        users = [f"u{number}" for number in range(12)]
        arms = [feed(one, user)["arms"] for user in users]
        assert arms == [feed(other, user)["arms"] for user in users]

        # What is read per request needs no look: an event one replica has accepted is known to the other at once.
        for number, (told, asked) in enumerate([(one, other), (other, one)]):
            bought = {"kind": "purchase", "user_id": "anna", "item_id": f"p{number}", "at": NOW, "amount": "2.50"}
            assert post(told, {"id": f"b{number}", **bought}) == ["accepted"]
            assert post(asked, {"id": f"b{number}", **bought}) == ["duplicate"]

        # A page begun on one replica goes on on the other.
        first = feed(one, "ben", limit=2)
        second = feed(other, "ben", limit=4, cursor=first["next_cursor"])
        pages = [item["item_id"] for page in (first, second) for item in page["items"]]
        assert sorted(pages) == sorted(item["id"] for item in ITEMS)

        ask(other, "PUT", "/v1/items", json={"items": [{**ITEMS[0], "available": False}]})
        until(lambda: "p0" not in shown(one, "citra"))


def test_an_event_that_one_replica_accepts_changes_the_next_feed_of_the_other(
    on_postgres: dict[str, str], tmp_path: Path
) -> None:
    """Both replicas serve one model from one folder, as replicas with shared storage do."""
    home = tmp_path / "home"
    sales = tmp_path / "sales.csv"
    lines = [f"{day},p{day % 4},Item,1,2026-03-{day:02d},2.50,c{day % 5}" for day in range(1, 29)]
    sales.write_text("\n".join(["Invoice,SKU,Title,Qty,Date,Price,Customer", *lines]) + "\n")
    assert kembang("import", str(sales), home=home, env=on_postgres).returncode == 0
    with (
        served("serve", home=home, env=on_postgres) as one,
        served("serve", home=home, env=on_postgres) as other,
    ):
        assert kembang("train", home=home, env=on_postgres).returncode == 0
        until(lambda: None not in (feed(one)["model_version"], feed(other)["model_version"]))
        for told, asked, item in ((one, other, "p0"), (other, one, "p1")):
            assert item in shown(asked)
            assert post(told, dismissal(f"d-{item}", item)) == ["accepted"]
            assert item not in shown(asked)
