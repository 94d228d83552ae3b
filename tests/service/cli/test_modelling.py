"""Promises of ``kembang train``, ``models`` and ``evaluate`` on a home that has sales."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def shop(run: Any, home: Path, write_sales: Any) -> Path:
    """Ten weeks in which each of 24 customers buys her own two items in turn."""
    days = np.datetime64("2026-01-05") + np.arange(0, 70, 7)
    lines = [
        f"{who}-{week},p{(who + week % 2) % 12:02d},Item,1,{day}T{who:02d}:00:00,2.50,c{who:02d},France"
        for week, day in enumerate(days)
        for who in range(24)
    ]
    assert run("import", write_sales(lines)).status == 0
    return home


def test_train_publishes_a_version_and_says_what_it_learnt_from(run: Any, shop: Path) -> None:
    said = run("train", "--json")
    trained = said.document
    assert (said.status, said.err) == (0, "")
    assert (trained["events"], trained["users"], trained["items"]) == (240, 24, 12)
    # The last sale is on 2026-03-09 at 23:00; the window ends with the second after it.
    assert trained["trained_until"] == "2026-03-09T23:00:01Z"
    assert run("models", "list", "--json").document == {"live": trained["version"], "versions": [trained["version"]]}
    manifest = json.loads((shop / "models" / trained["version"] / "manifest.json").read_text())
    assert (manifest["version"], manifest["events"]) == (trained["version"], 240)


def test_an_older_version_can_be_made_live_again(run: Any, shop: Path, write_sales: Any) -> None:
    first = run("train", "--json").document["version"]
    run("import", write_sales(["new,p00,Item,1,2026-03-16,2.50,c00,France"], name="more.csv"))
    second = run("train", "--json").document["version"]
    assert first != second
    assert f"{second}  live" in run("models", "list").out
    assert run("models", "promote", first).out == f"{first} is live\n"
    assert run("models", "list", "--json").document == {"live": first, "versions": sorted([first, second])}


def test_the_same_log_and_seed_train_the_same_version(run: Any, shop: Path) -> None:
    versions = [run("train", "--seed", "7", "--json").document["version"] for _ in range(2)]
    assert versions[0] == versions[1]


def test_evaluate_prints_every_policy_and_the_text_the_same_figures(run: Any, shop: Path) -> None:
    split = ("--split-at", "2026-02-23")
    said = run("evaluate", *split, "--json")
    scores = said.document
    assert (said.status, said.err) == (0, "")
    assert scores["split_at"].startswith("2026-02-23T00:00:00")
    assert {"default", "als", "popularity", "own_most_frequent"} <= set(scores["policies"])
    for policy in scores["policies"].values():
        assert {"recall@20", "ndcg@20", "coverage", "users"} <= set(policy)
        # Every customer bought before the split and bought again after it.
        assert policy["users"] == 24
        assert all(0.0 <= policy[name] <= 1.0 for name in ("recall@20", "ndcg@20", "coverage"))
    # Each customer buys nothing but her own two items, so what she bought before is all she buys after.
    assert scores["policies"]["own_most_frequent"]["recall@20"] == 1.0
    text = run("evaluate", *split).out
    for name, policy in scores["policies"].items():
        (line,) = [line for line in text.splitlines() if line.split()[0] == name]
        assert line.split()[1:3] == [f"{policy['recall@20']:.4f}", f"{policy['ndcg@20']:.4f}"]


@pytest.mark.parametrize("day", ["2025-01-01", "2026-01-05", "2030-01-01"])
def test_a_split_with_nothing_on_one_side_says_how_far_the_log_goes(run: Any, shop: Path, day: str) -> None:
    said = run("evaluate", "--split-at", day)
    assert said.status == 1
    assert said.explains("both sides", "2026-01-05T00:00:00Z to 2026-03-09T23:00:00Z")
