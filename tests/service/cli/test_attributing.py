"""Promises of ``kembang attribution``: the same answer as the API's, in words or as one document."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import served


def test_a_home_without_feeds_credits_nothing_and_says_how_much(run: Any, write_sales: Any) -> None:
    run("import", write_sales())
    said = run("attribution", "--since", "2026-03-01", "--until", "2026-04-01", "--json").document
    # Of order 1001 the tea is one line though it is there twice; 1003 was free; 1004 was nobody's.
    assert said["purchases"] == {"lines": 5, "credited": 0, "without_touch": 4, "anonymous": 1}
    assert said["money"] == {"GBP": {"net": "28.50", "credited": "0.00", "uncredited": "28.50"}}
    assert said["refunds"] == {"GBP": {"taken_off": "0.00", "of_no_purchase": "2.50"}}
    assert (said["rows"], said["rows_in_all"]) == ([], 0)
    words = run("attribution", "--since", "2026-03-01", "--until", "2026-04-01").out
    assert "rule last_touch, window 7 days" in words
    assert "5 purchase lines: 0 credited, 4 without a touch, 1 anonymous" in words
    assert "GBP: refunds of 2.50 belong to no purchase of this period" in words


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--window-days", "0"], 2, ["--window-days", "1<=x<=90"]),
        (["--rule", "first"], 2, ["--rule", "last_touch"]),
        (["--by", "user"], 2, ["--by", "order"]),
        (["--since", "2026-03-02", "--until", "2026-03-02"], 1, ["since must be a day before until"]),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    run: Any, write_sales: Any, arguments: list[str], status: int, words: list[str]
) -> None:
    run("import", write_sales())
    said = run("attribution", *arguments)
    assert (said.status, said.out) == (status, "")
    assert all(word in said.err for word in words)


DAYS = {"since": "2020-01-01", "until": "2020-02-01", "rule": "position_share"}


def play(url: str) -> None:
    """Anna is shown two videos and two cups, watches both videos, and buys a cup."""

    def at(day: int) -> dict[str, str]:
        return {"X-Kembang-Now": f"2020-01-{day:02d}T12:00:00Z"}

    items = [{"id": f"cup-{n}", "kind": "product", "title": f"Cup {n}", "price": "9.00"} for n in range(2)]
    items += [{"id": f"video-{n}", "kind": "content", "title": f"Video {n}"} for n in range(2)]
    httpx.put(f"{url}/v1/items", json={"items": items}, headers=at(1)).raise_for_status()
    feed = httpx.get(f"{url}/v1/users/anna/feed", headers=at(2)).raise_for_status().json()
    assert len(feed["items"]) == 4
    acts = [
        {"kind": "watch", "item_id": "video-0", "at": "2020-01-03T12:00:00Z"},
        {"kind": "like", "item_id": "video-1", "at": "2020-01-03T12:00:00Z"},
        {"kind": "purchase", "item_id": "cup-0", "at": "2020-01-04T12:00:00Z", "order_id": "o1", "amount": "9.00"},
    ]
    events = [{"id": f"e{n}", "user_id": "anna", **act} for n, act in enumerate(acts)]
    httpx.post(f"{url}/v1/events", json={"events": events}, headers=at(5)).raise_for_status()


def test_the_command_says_what_the_service_says_of_the_same_days(run: Any, tmp_path: Path, home: Path) -> None:
    options = [f"--{name}={value}" for name, value in DAYS.items()]
    with served("serve", home=home, options=("--simulated-clock",)) as service:
        play(service.base_url)
        for by in ("item", "source", "kind", "order"):
            answer = (
                httpx.get(f"{service.base_url}/v1/attribution", params={**DAYS, "by": by}).raise_for_status().json()
            )
            said = run("attribution", *options, "--by", by, "--json").document
            assert {**said, "as_of": answer["as_of"]} == answer
            assert said["purchases"] == {"lines": 1, "credited": 1, "without_touch": 0, "anonymous": 0}
    (order,) = said["rows"]
    assert sorted(touch["item_id"] for touch in order["touches"]) == ["cup-0", "video-0", "video-1"]
    assert sum(Decimal(touch["credited"]) for touch in order["touches"]) == Decimal("9.00")
    assert sum(touch["share"] for touch in order["touches"]) == pytest.approx(1, abs=1e-5)
    words = run("attribution", *options, "--by", "order").out
    assert "order o1 of 2020-01-04T12:00:00Z: Cup 0 (9.00 GBP)" in words
    assert "content video-0 Video 0, position" in words
    assert "1.00 purchases in 1 orders, 9.00 GBP: newest" in run("attribution", *options, "--by", "source").out
