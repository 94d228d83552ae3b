"""Promises of /v1/attribution: which video led to which order, by a stated rule, never stored."""

from typing import Any

import pytest

DAY_1, DAY_2, DAY_3, DAY_20 = (f"2026-11-{day:02d}T12:00:00Z" for day in (1, 2, 3, 20))


def ask(shop: Any, *, now: str = DAY_20, **parameters: Any) -> dict[str, Any]:
    answer = shop.ask("GET", "/v1/attribution", params=parameters, now=now)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def buy(item: str, at: str, **changes: Any) -> dict[str, Any]:
    plain = {"id": f"{item}-{at}-{changes}", "kind": "purchase", "user_id": "anna", "item_id": item, "at": at}
    return {**plain, "order_id": "o1", "amount": "10.00", "currency": "GBP", **changes}


def test_an_order_names_the_video_that_stood_before_it(shop: Any) -> None:
    page = shop.feed(now=DAY_1, kind="content")["items"]
    video = page[0]["item_id"]
    shop.tell({"id": "w", "kind": "watch", "user_id": "anna", "item_id": video, "at": DAY_2}, now=DAY_2)
    shop.tell(buy("p1", DAY_3), now=DAY_3)
    said = ask(shop, by="order")
    assert said["rows"] == [
        {
            "order_id": "o1",
            "at": DAY_3,
            "items": [
                {"item_id": "p1", "kind": "product", "title": "Product 1", "net": "10.00", "currency": "GBP"},
            ],
            "touches": [
                {
                    "item_id": video,
                    "kind": "content",
                    "title": page[0]["title"],
                    "source": page[0]["source"],
                    "position": 1,
                    "at": DAY_1,
                    "for_item": "p1",
                    "share": 1.0,
                    "credited": "10.00",
                    "currency": "GBP",
                }
            ],
        }
    ]
    assert said["rows_in_all"] == 1


def test_every_answer_states_its_rule_its_window_its_cut_off_and_what_was_not_credited(shop: Any) -> None:
    shop.feed(now=DAY_1, limit=4, kind="product")
    shop.tell(
        buy("p1", DAY_3),
        buy("p2", DAY_3, kind="refund", amount="1.00"),
        buy("p2", DAY_3, amount="4.00"),
        buy("p3", DAY_3, order_id="o2", currency="JPY", amount="500", user_id="ben"),
        buy("p3", DAY_3, order_id="o3", kind="refund", amount="2.00"),
        now=DAY_3,
    )
    said = ask(shop, window_days=3, rule="position_share")
    assert {name: said[name] for name in ("as_of", "since", "until", "window_days", "rule", "by")} == {
        "as_of": DAY_20,
        "since": "2026-10-21T12:00:00Z",
        "until": DAY_20,
        "window_days": 3,
        "rule": "position_share",
        "by": "item",
    }
    assert said["purchases"] == {"lines": 3, "credited": 2, "without_touch": 1, "anonymous": 0}
    assert said["money"] == {
        "GBP": {"net": "13.00", "credited": "13.00", "uncredited": "0.00"},
        "JPY": {"net": "500", "credited": "0", "uncredited": "500"},
    }
    assert said["refunds"] == {
        "GBP": {"taken_off": "1.00", "of_no_purchase": "2.00"},
        "JPY": {"taken_off": "0", "of_no_purchase": "0"},
    }
    assert [(row["item_id"], row["credited"]) for row in said["rows"]] == [
        ("p1", {"GBP": "10.00"}),
        ("p2", {"GBP": "3.00"}),
    ]
    assert "not say what caused" in said["note"]


@pytest.mark.parametrize(
    ("by", "key"), [("item", {"item_id": "p1"}), ("source", {"source": "newest"}), ("kind", {"kind": "product"})]
)
def test_credit_is_added_up_by_what_was_shown(shop: Any, by: str, key: dict[str, str]) -> None:
    shop.feed(now=DAY_1, kind="product")
    shop.tell(buy("p1", DAY_2), buy("p1", DAY_3, order_id="o2"), now=DAY_3)
    (row,) = ask(shop, by=by)["rows"]
    assert row.items() >= {**key, "purchases": 2.0, "orders": 2, "credited": {"GBP": "20.00"}}.items()


def test_what_was_looked_at_as_a_preview_is_credited_with_nothing(shop: Any) -> None:
    arms = [{"key": "popular", "share": 0.5}, {"key": "personal", "share": 0.5}]
    design = {"key": "x", "hypothesis": "It helps.", "unit": "user", "control": "popular", "arms": arms}
    primary = {"outcome": "repeat_in_window", "window_days": 7}
    made = shop.ask("POST", "/v1/experiments", json={**design, "layer": "feed", "primary": primary})
    assert made.is_success, made.text
    shop.ask("POST", "/v1/experiments/x/start", now=DAY_1)
    shop.feed(now=DAY_1, preview_arm="x:personal")
    shop.tell(buy("p1", DAY_2), now=DAY_2)
    assert ask(shop)["purchases"] == {"lines": 1, "credited": 0, "without_touch": 1, "anonymous": 0}


def test_a_period_takes_the_purchases_from_its_first_day_and_before_its_last(shop: Any) -> None:
    shop.tell(*(buy("p1", f"2026-11-{day:02d}T00:00:00Z", order_id=str(day)) for day in (3, 4, 5, 6)), now=DAY_20)
    said = ask(shop, since="2026-11-04", until="2026-11-06")
    assert (said["purchases"]["lines"], said["since"], said["until"]) == (
        2,
        "2026-11-04T00:00:00Z",
        "2026-11-06T00:00:00Z",
    )


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"window_days": 0}, "window_days"),
        ({"window_days": 91}, "window_days"),
        ({"rule": "first_touch"}, "rule"),
        ({"by": "user"}, "by"),
        ({"limit": 1_001}, "limit"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-06", "until": "2026-11-06"}, "since must be a day before until"),
        ({"since": "2027-01-01"}, "not in the future"),
        ({"since": "2020-01-01"}, "at most 366 days"),
        ({"until": "0001-01-01", "since": "0001-01-01"}, "since must be a day before until"),
        ({"until": "9999-12-31", "since": "9999-12-30"}, "not in the future"),
    ],
)
def test_a_question_without_an_answer_is_refused_with_the_rule(
    shop: Any, parameters: dict[str, Any], said: str
) -> None:
    answer = shop.ask("GET", "/v1/attribution", params=parameters, now=DAY_20)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
