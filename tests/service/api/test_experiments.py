"""Promises of /v1/experiments."""

from typing import Any

import pytest


def design(key: str = "x", **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "hypothesis": "It helps.",
        "unit": "user",
        "control": "popular",
        "layer": "feed",
        "arms": [
            {"key": "popular", "share": 0.5, "policy": {"sources": ["popularity"]}},
            {"key": "personal", "share": 0.5},
        ],
        "primary": {"outcome": "repeat_in_window", "window_days": 7},
        **changes,
    }


def create(shop: Any, **changes: Any) -> Any:
    return shop.ask("POST", "/v1/experiments", json=design(**changes))


def test_an_experiment_lives_from_draft_to_finished_and_every_step_is_kept(shop: Any) -> None:
    assert create(shop).json()["status"] == "draft"
    assert shop.feed()["arms"] == {}
    assert shop.ask("POST", "/v1/experiments/x/start").json()["status"] == "running"
    assert set(shop.feed()["arms"]) == {"x"}
    assert shop.ask("POST", "/v1/experiments/x/stop").json()["status"] == "finished"
    assert shop.feed()["arms"] == {}
    changes = shop.ask("GET", "/v1/experiments/x").json()["changes"]
    assert [(change["action"], change["after"]["status"]) for change in changes] == [
        ("create", "draft"),
        ("start", "running"),
        ("stop", "finished"),
    ]
    assert [change["before"] and change["before"]["status"] for change in changes] == [None, "draft", "running"]


def test_a_frozen_experiment_meets_nobody_new_and_keeps_its_arms(shop: Any) -> None:
    create(shop)
    shop.ask("POST", "/v1/experiments/x/start")
    met = shop.feed("anna")["arms"]
    shop.ask("POST", "/v1/experiments/x/freeze")
    assert shop.feed("anna")["arms"] == met
    assert shop.feed("ben")["arms"] == {}


def test_a_preview_is_shown_and_counts_nowhere(shop: Any) -> None:
    create(shop)
    shop.ask("POST", "/v1/experiments/x/start")
    for arm in ("popular", "personal"):
        assert shop.feed(preview_arm=f"x:{arm}")["arms"] == {"x": arm}
    results = shop.ask("GET", "/v1/experiments/x/results").json()
    assert [arm["exposed"] for arm in results["arms"].values()] == [0, 0]


def test_an_experiment_on_visitors_does_not_meet_users(shop: Any) -> None:
    create(shop, unit="visitor")
    shop.ask("POST", "/v1/experiments/x/start")
    assert shop.feed()["arms"] == {}
    assert set(shop.ask("GET", "/v1/visitors/browser/feed").json()["arms"]) == {"x"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arms": []}, "arms must be a list of at least 2"),
        ({"control": "nobody"}, "control must be one of the arms"),
        ({"eligibility": {"country": "ID"}}, "eligibility is not supported yet"),
        ({"primary": {"outcome": "happiness", "window_days": 7}}, "primary.outcome must be one of"),
        ({"primary": {"outcome": "projected_clv", "window_days": 7}}, "projection"),
        (
            {"arms": [{"key": "popular", "share": 0.5, "policy": {"sources": ["magic"]}}, {"key": "b", "share": 0.5}]},
            "policy of arm 'popular': sources must be among",
        ),
        *(
            (
                {"arms": [{"key": "popular", "share": 0.5, "policy": policy}, {"key": "b", "share": 0.5}]},
                "policy of arm 'popular'",
            )
            for policy in ({"rebuy_gap_days": 10**400}, {"sources": {"als": 10**400}}, {"sources": [[]]})
        ),
        ({"salt": "s" * 65}, "salt must be 1 to 64"),
        ({"hypothesis": "a\0b"}, "U+0000"),
        ({"hypothesis": "x" * 100_000}, "at most 100000 bytes"),
    ],
)
def test_a_bad_design_is_refused_with_every_rule_it_breaks(shop: Any, changes: dict[str, Any], said: str) -> None:
    answer = create(shop, **changes)
    assert answer.status_code == (413 if "bytes" in said else 400)
    assert said in answer.json()["detail"]
    assert shop.ask("GET", "/v1/experiments").json() == {"experiments": []}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "must be JSON like"),
        (b"[]", "must be JSON like"),
        (b'{"key": "\xff"}', "must be JSON like"),
        (b'{"key": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", "nested too deeply"),
        (b'{"key": ' + b"[" * 32 + b"]" * 32 + b"}", "at most 32 levels"),
        (b'{"key": ' + b"[" * 31 + b"]" * 31 + b"}", "key must be"),
    ],
)
def test_a_body_that_is_no_design_is_refused_with_what_to_send(shop: Any, body: bytes, said: str) -> None:
    answer = shop.ask("POST", "/v1/experiments", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def test_the_longest_salt_is_kept_on_either_database(either_shop: Any) -> None:
    said = create(either_shop, salt="s" * 64).json()
    assert said["definition"]["salt"] == "s" * 64
    assert either_shop.ask("GET", "/v1/experiments/x").json()["definition"] == said["definition"]


def test_steps_out_of_order_are_409_and_say_why(shop: Any) -> None:
    create(shop)
    answer = shop.ask("POST", "/v1/experiments/x/stop")
    assert answer.status_code == 409
    assert "is draft: only one that is running or frozen can stop" in answer.json()["detail"]
    assert create(shop).status_code == 409


def test_two_experiments_may_not_run_on_one_layer(shop: Any) -> None:
    create(shop)
    create(shop, key="y")
    shop.ask("POST", "/v1/experiments/x/start")
    answer = shop.ask("POST", "/v1/experiments/y/start")
    assert (answer.status_code, "is running on layer 'feed'" in answer.json()["detail"]) == (409, True)


def test_an_unknown_experiment_is_404_and_says_where_to_look(shop: Any) -> None:
    for method, path in (("GET", ""), ("GET", "/results"), ("POST", "/start")):
        answer = shop.ask(method, f"/v1/experiments/none{path}")
        assert answer.status_code == 404
        assert "no experiment 'none'" in answer.json()["detail"]


def test_results_count_only_what_happened_by_their_cut_off(shop: Any) -> None:
    create(shop)
    shop.ask("POST", "/v1/experiments/x/start", now="2026-11-01T00:00:00Z")
    for number in range(20):
        shop.feed(f"u{number}", now="2026-11-02T00:00:00Z" if number < 15 else "2026-11-05T00:00:00Z")
    for day, exposed, mature in (("03", 15, 0), ("06", 20, 0), ("10", 20, 15), ("20", 20, 20)):
        said = shop.ask("GET", "/v1/experiments/x/results", now=f"2026-11-{day}T00:00:00Z").json()
        assert sum(arm["exposed"] for arm in said["arms"].values()) == exposed
        assert sum(arm["mature"] for arm in said["arms"].values()) == mature
        assert said["as_of"].startswith(f"2026-11-{day}")
