import asyncio
import json

import httpx
import pytest

from recommender.events import Kind
from service.demo.customers import VisitAct
from service.demo.storefront import PlayStopped, Storefront, wire_event

NOW_US = 1_760_000_000_000_000


def asked(answer, call):
    """What ``call`` gives on a storefront whose service is ``answer``, and the requests it took."""
    requests = []

    def handle(request):
        requests.append(request)
        return answer(request)

    async def run():
        async with httpx.AsyncClient(base_url="http://shop", transport=httpx.MockTransport(handle)) as client:
            storefront = Storefront(client)
            return await call(storefront), storefront

    given, storefront = asyncio.run(run())
    return given, requests, storefront


def accepted(request):
    entries = next(iter(json.loads(request.content).values()))
    return httpx.Response(202, json={"results": [{"id": entry["id"], "result": "accepted"} for entry in entries]})


def test_every_request_names_its_instant():
    _, (request,), _ = asked(accepted, lambda shop: shop.post_events([{"id": "a"}], now_us=NOW_US))
    assert request.headers["X-Kembang-Now"] == "2025-10-09T08:53:20Z"


def test_more_events_than_a_request_may_hold_are_sent_in_pieces_in_order():
    events = [{"id": str(number)} for number in range(1_001)]
    _, requests, _ = asked(accepted, lambda shop: shop.post_events(events, now_us=NOW_US))
    pieces = [json.loads(request.content)["events"] for request in requests]
    assert [len(piece) for piece in pieces] == [500, 500, 1]
    assert [event for piece in pieces for event in piece] == events


def test_one_rejected_event_stops_the_play_with_its_reason():
    def answer(request):
        return httpx.Response(202, json={"results": [{"id": "a", "result": "rejected", "reason": "no such kind"}]})

    with pytest.raises(PlayStopped, match="rejected 1 of 1 events; a: no such kind"):
        asked(answer, lambda shop: shop.post_events([{"id": "a"}], now_us=NOW_US))


def test_a_refusal_stops_the_play_with_the_problems_own_words():
    def answer(request):
        problem = {"status": 409, "detail": "there is such an experiment"}
        return httpx.Response(409, json=problem, headers={"Content-Type": "application/problem+json"})

    with pytest.raises(PlayStopped, match="POST /v1/experiments was answered 409: there is such an experiment"):
        asked(answer, lambda shop: shop.start_experiment({"key": "k"}, now_us=NOW_US))


def test_a_service_that_is_gone_stops_the_play_and_is_named():
    def answer(request):
        raise httpx.ConnectError("refused")

    with pytest.raises(PlayStopped, match="no answer from http://shop: refused"):
        asked(answer, lambda shop: shop.results("k", now_us=NOW_US))


def test_a_busy_service_is_asked_again_and_counted():
    answers = iter([httpx.Response(503, headers={"Retry-After": "0"}), httpx.Response(200, json={"key": "k"})])
    given, requests, storefront = asked(lambda _: next(answers), lambda shop: shop.results("k", now_us=NOW_US))
    assert given == {"key": "k"}
    assert len(requests) == 2
    assert storefront.tally.unavailable == 1


def test_a_service_that_stays_busy_stops_the_play_in_the_end():
    tries = []

    def answer(request):
        tries.append(request)
        return httpx.Response(503, headers={"Retry-After": "0"}, text="busy")

    with pytest.raises(PlayStopped, match="was answered 503: busy"):
        asked(answer, lambda shop: shop.results("k", now_us=NOW_US))
    assert len(tries) == 5


def test_a_service_that_asks_for_a_long_pause_is_taken_as_down():
    with pytest.raises(PlayStopped, match="503"):
        asked(
            lambda _: httpx.Response(503, headers={"Retry-After": "3600"}),
            lambda shop: shop.results("k", now_us=NOW_US),
        )


def test_an_empty_feed_stops_the_play():
    def answer(request):
        return httpx.Response(200, json={"feed_id": "f", "items": [], "arms": {}})

    with pytest.raises(PlayStopped, match="the feed of ada was empty"):
        asked(answer, lambda shop: shop.feed("ada", limit=20, now_us=NOW_US))


def test_only_a_preview_names_an_arm():
    def answer(request):
        return httpx.Response(200, json={"feed_id": "f", "items": [{"item_id": "serum-001"}], "arms": {"k": "popular"}})

    feed, (request,), _ = asked(answer, lambda shop: shop.feed("ada", limit=20, now_us=NOW_US))
    assert feed.items == ("serum-001",)
    assert dict(request.url.params) == {"limit": "20"}
    _, (request,), _ = asked(answer, lambda shop: shop.feed("ada", limit=20, now_us=NOW_US, preview_arm="k:popular"))
    assert dict(request.url.params) == {"limit": "20", "preview_arm": "k:popular"}


def test_a_purchase_says_what_was_paid_exactly_and_from_which_feed():
    act = VisitAct(Kind.PURCHASE, "serum-001", 180, from_feed=True, amount_minor=8_950_005, quantity=3)
    event = wire_event(act, id_="e1", user="ada", order_id="o1", feed_id="f1", shown_at_us=NOW_US)
    assert event == {
        "id": "e1",
        "kind": "purchase",
        "user_id": "ada",
        "item_id": "serum-001",
        "at": "2025-10-09T08:56:20Z",
        "feed_id": "f1",
        "order_id": "o1",
        "quantity": 3,
        "amount": "89500.05",
        "currency": "IDR",
    }


def test_what_has_no_part_in_the_feed_does_not_name_it():
    act = VisitAct(Kind.PURCHASE, "serum-001", 180, from_feed=False, amount_minor=100)
    assert "feed_id" not in wire_event(act, id_="e", user="u", order_id="o", feed_id="f", shown_at_us=NOW_US)


def test_a_watch_says_how_long_and_of_how_long():
    act = VisitAct(Kind.WATCH, "video-001", 2, from_feed=True, seconds_watched=12.5, seconds_total=40.0)
    event = wire_event(act, id_="e", user="u", order_id="o", feed_id="f", shown_at_us=NOW_US)
    assert (event["seconds_watched"], event["seconds_total"]) == (12.5, 40.0)
    assert not event.keys() & {"order_id", "quantity", "amount", "currency"}
