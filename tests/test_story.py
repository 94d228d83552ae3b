"""The whole story against real server processes: sales come in, feeds go out, what they did is measured."""

import json
import os
import shutil
import sqlite3
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from processes import ServiceProcess, kembang, served

N_CUSTOMERS, N_PRODUCTS = 80, 40

EXPERIMENT = """
key = "feed-1"
hypothesis = "People who see what is for them come back."
unit = "user"
control = "popular"
layer = "feed"
secondary = ["orders", "revenue", "observed_clv", "projected_clv"]

[[arms]]
key = "popular"
share = 0.5
policy = { sources = ["popularity"] }

[[arms]]
key = "personal"
share = 0.5

[primary]
outcome = "repeat_in_window"
window_days = 28
"""


@pytest.fixture(scope="module")
def sales_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a year of a small shop: every customer keeps to three products of her own and buys every other week."""
    rng = np.random.default_rng(5)
    lines = ["Nomor Nota,Kode Barang,Nama Barang,Jumlah,Tanggal,Harga,Pelanggan"]
    for customer in range(N_CUSTOMERS):
        own = (customer + np.array([0, 1, 2])) % N_PRODUCTS
        for visit, day in enumerate(range(int(rng.integers(0, 14)), 180, 14)):
            when = np.datetime64("2026-05-20T10:00:00") + np.timedelta64(day, "D")
            item = own[visit % 3]
            lines.append(f"n{customer}-{visit},p{item:02d},Barang {item},1,{when},{2 + item % 5}.50,c{customer:02d}")
    lines.append("n-anonymous,p00,Barang 0,2,2026-06-01T10:00:00,2.50,")
    file = tmp_path_factory.mktemp("sales") / "penjualan.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def feed(service: ServiceProcess, user: str, **parameters: Any) -> dict[str, Any]:
    answer = httpx.get(f"{service.base_url}/v1/users/{user}/feed", params=parameters, timeout=10)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def post(service: ServiceProcess, *events: dict[str, Any]) -> list[str]:
    answer = httpx.post(f"{service.base_url}/v1/events", json={"events": events}, timeout=10)
    assert answer.status_code == 202, answer.text
    return [result["result"] for result in answer.json()["results"]]


def shown(said: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in said["items"]]


def test_the_whole_loop_runs_on_a_shops_sales(sales_file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    imported = json.loads(kembang("import", str(sales_file), "--currency", "IDR", "--json", home=home).stdout)
    assert sum(imported["stored"].values()) == imported["rows_read"] == len(sales_file.read_text().splitlines()) - 1
    assert imported["stored"]["anonymous"] == 1
    assert kembang("train", home=home).returncode == 0

    with served("serve", home=home, env={"KEMBANG_CURRENCY": "IDR"}) as service:
        first = feed(service, "c07", limit=10)
        # The customer keeps to products 7, 8 and 9; the last of them was bought more than three days ago.
        assert {"p07", "p08", "p09"} == set(shown(first)[:3])
        assert first["fallback"] is None
        assert feed(service, "stranger", limit=10)["fallback"] == "popular"

        bought = {"id": "e1", "kind": "purchase", "user_id": "c07", "item_id": "p08", "at": _now(), "amount": "2.50"}
        assert post(service, bought) == ["accepted"]
        after = feed(service, "c07", limit=10)
        assert "p08" not in shown(after), "what was just bought is left out of the very next feed"

        second_page = feed(service, "c07", limit=10, cursor=after["next_cursor"])
        assert not set(shown(after)) & set(shown(second_page)), "pages never repeat"

        _an_experiment_runs(service, tmp_path)
        _a_new_model_is_swapped_in_without_a_failed_request(service)
        _prometheus_understands_the_metrics(service)
    _nothing_acknowledged_is_lost_when_the_server_is_killed(home)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _an_experiment_runs(service: ServiceProcess, folder: Path) -> None:
    (folder / "feed-1.toml").write_text(EXPERIMENT)
    made = kembang("experiment", "create", str(folder / "feed-1.toml"), home=service.home)
    assert made.returncode == 0, made.stderr
    assert feed(service, "c01")["arms"] == {}, "a draft meets nobody"
    assert kembang("experiment", "start", "feed-1", home=service.home).returncode == 0

    arms = {user: feed(service, user)["arms"]["feed-1"] for user in (f"c{number:02d}" for number in range(N_CUSTOMERS))}
    assert set(arms.values()) == {"popular", "personal"}
    assert all(feed(service, user)["arms"]["feed-1"] == arm for user, arm in arms.items()), "arms do not change"
    sources = {item["source"] for item in feed(service, next(u for u, a in arms.items() if a == "popular"))["items"]}
    assert "repurchase" not in sources, "the arm's policy makes the feed"
    looked_at = feed(service, "c01", preview_arm="feed-1:popular")
    assert looked_at["arms"] == {"feed-1": "popular"}

    results = json.loads(kembang("experiment", "results", "feed-1", "--json", home=service.home).stdout)
    over_http = httpx.get(f"{service.base_url}/v1/experiments/feed-1/results", timeout=30).json()
    for said in (results, over_http):
        exposed = {arm: counts["exposed"] for arm, counts in said["arms"].items()}
        assert exposed == {arm: list(arms.values()).count(arm) for arm in ("popular", "personal")}
        assert said["balance"]["ok"]
        assert said["verdict"]["kind"] == "too_early", "no window has passed yet"
        assert {"repeat_in_window", "orders", "revenue", "observed_clv", "projected_clv"} <= set(said["outcomes"])
        assert said["outcomes"]["projected_clv"]["personal"]["projection"] is True
    stopped = kembang("experiment", "stop", "feed-1", "--json", home=service.home)
    assert json.loads(stopped.stdout)["status"] == "finished"
    assert feed(service, "c01")["arms"] == {}


def _a_new_model_is_swapped_in_without_a_failed_request(service: ServiceProcess) -> None:
    before = feed(service, "c03")["model_version"]
    trained = threading.Event()
    versions: list[str] = []

    def ask() -> None:
        while not (trained.is_set() and versions[-1] != before):
            versions.append(feed(service, "c03")["model_version"])

    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(ask)
        assert kembang("train", home=service.home).returncode == 0
        trained.set()
        asked.result(timeout=60)
    assert len(set(versions)) == 2


def _prometheus_understands_the_metrics(service: ServiceProcess) -> None:
    page = httpx.get(f"{service.base_url}/metrics", timeout=10).text
    for series in (
        'kembang_feed_stage_duration_seconds_count{stage="rank"}',
        'kembang_feeds_total{rung="popular"}',
        'kembang_events_total{kind="purchase",result="accepted"}',
        "kembang_model_info{version=",
        "kembang_model_age_seconds",
    ):
        assert series in page
    if shutil.which("promtool") is None:
        assert os.environ.get("CI") != "true", "CI must have promtool (Debian package prometheus)"
        return
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def _nothing_acknowledged_is_lost_when_the_server_is_killed(home: Path) -> None:
    events: list[dict[str, Any]] = []
    feeds: list[str] = []
    busy = threading.Event()
    with served("serve", home=home) as service, httpx.Client(base_url=service.base_url, timeout=10) as client:

        def act(worker: int) -> None:
            user = f"c{worker:02d}"
            for number in range(10_000):
                event = {"id": f"k{worker}-{number}", "kind": "view", "item_id": "p01", "at": _now(), "user_id": user}
                try:
                    if client.post("/v1/events", json={"events": [event]}).status_code == 202:
                        events.append(event)
                    answer = client.get(f"/v1/users/{user}/feed", params={"limit": 3})
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    feeds.append(answer.json()["feed_id"])
                if len(feeds) >= 200:
                    busy.set()

        with ThreadPoolExecutor(8) as workers:
            acting = [workers.submit(act, worker) for worker in range(8)]
            assert busy.wait(timeout=120)
            service.kill()
            for done in acting:
                done.result()
    with served("serve", home=home) as service:
        for start in range(0, len(events), 500):
            assert set(post(service, *events[start : start + 500])) == {"duplicate"}
    with closing(sqlite3.connect(f"file:{home / 'kembang.sqlite3'}?mode=ro", uri=True)) as log:
        kept = {feed_id for (feed_id,) in log.execute("SELECT feed_id FROM exposures")}
    assert set(feeds) <= kept
