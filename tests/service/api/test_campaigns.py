"""Promises of ``/v1/campaigns``: the same campaigns as on the command line, for whoever has no terminal."""

from datetime import date, timedelta
from typing import Any

FIRST_DAY = date(2026, 3, 2)


def orders(n: int = 20) -> list[dict[str, str]]:
    return [
        {
            "user_id": f"u{number}",
            "day": (FIRST_DAY - timedelta(days=days)).isoformat(),
            "amount": "12.50",
            "currency": "GBP",
        }
        for number in range(n)
        for days in range(1 + number % 7, 120, 14)
    ]


def plan(shop: Any, **more: Any) -> Any:
    body = {"key": "back", "first_day": FIRST_DAY.isoformat(), "seed": 1, "orders": orders(), **more}
    return shop.ask("POST", "/v1/campaigns", json=body)


def test_a_campaign_is_planned_listed_noted_and_read(shop: Any) -> None:
    made = plan(shop, voucher="2.50")
    assert made.status_code == 201, made.text
    assert made.json()["counts"] | {"contacted": 14, "held_out": 6} == made.json()["counts"]
    (listed,) = shop.ask("GET", "/v1/campaigns").json()["campaigns"]
    assert listed == made.json() == shop.ask("GET", "/v1/campaigns/back").json() == plan(shop, voucher="2.5").json()
    audience = shop.ask("GET", "/v1/campaigns/back/audience").json()
    assert "personal data" in audience["personal_data"]
    assert len(audience["contacts"]) == 14
    first, *_ = audience["contacts"]
    noted = shop.ask(
        "POST", "/v1/campaigns/back/cards", json={"kind": "redeemed", "cards": [first["code"]], "day": "2026-03-03"}
    )
    assert (noted.status_code, noted.json()["redeemed_amount"]) == (200, "2.50")
    account = shop.ask("GET", "/v1/campaigns/back/account").json()
    assert (account["issued"], account["redeemed"]) == (14, 1)
    read = shop.ask("GET", "/v1/campaigns/back/reading")
    assert (read.status_code, "the log holds no sale" in read.json()["detail"]) == (409, True)


def test_whoever_must_not_be_written_to_is_left_out_however_she_is_spelt(shop: Any) -> None:
    """U1 is forgotten under the spelling of which there are fewest lines, and U2 said no under one of none."""
    shop.ask("DELETE", "/v1/users/U1")
    described = {"users": [{"id": "U2", "attributes": {"consent": "Tidak"}}]}
    (said,) = shop.ask("PUT", "/v1/users", json=described).json()["results"]
    assert said["result"] != "rejected", said
    rare = {**orders(2)[-1], "user_id": "U1"}
    counts = plan(shop, orders=[*orders(), rare]).json()["counts"]
    assert (counts["forgotten"], counts["no_consent"], counts["other_spellings"]) == (1, 1, 1)
    assert counts["contacted"] + counts["held_out"] == 18


def test_all_cards_of_a_request_are_noted_or_none(shop: Any) -> None:
    plan(shop, voucher="2.50")
    first, second, *_ = shop.ask("GET", "/v1/campaigns/back/audience").json()["contacts"]
    for cards in ([first["code"], "XXX-XXXX"], [first["code"], first["code"]]):
        body = {"kind": "redeemed", "cards": cards, "day": "2026-03-03"}
        assert shop.ask("POST", "/v1/campaigns/back/cards", json=body).status_code == 409
    # One card under both its names is one card.
    body = {"kind": "redeemed", "cards": [second["code"], second["user_id"]], "day": "2026-03-03"}
    assert shop.ask("POST", "/v1/campaigns/back/cards", json=body).status_code == 409
    assert shop.ask("GET", "/v1/campaigns/back/account").json()["redeemed"] == 0


def test_what_is_refused_says_why(shop: Any) -> None:
    plan(shop)
    for body, status, words in (
        ({"weeks": 8}, 409, "planned otherwise"),
        ({"first_day": "2026-03-09"}, 409, "planned otherwise"),
        ({"key": "few", "orders": orders(1)}, 409, "1 customers ordered before"),
        ({"key": "A"}, 400, "`$.key`"),
        ({"key": "v", "voucher": "-1"}, 400, "voucher must be from 0"),
        ({"key": "v", "holdout": 1}, 400, "`$.holdout`"),
        ({"key": "v", "first_day": "1066-10-14"}, 400, "first_day must be a day of 1970 to 2199"),
    ):
        answer = plan(shop, **body)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    for address in ("", "/audience", "/reading", "/account"):
        assert shop.ask("GET", f"/v1/campaigns/none{address}").status_code == 404
    body = {"kind": "redeemed", "cards": ["x"]}
    assert shop.ask("POST", "/v1/campaigns/none/cards", json=body).status_code == 404
    assert "gave no vouchers" in shop.ask("POST", "/v1/campaigns/back/cards", json=body).json()["detail"]
