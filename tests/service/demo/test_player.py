"""The player against a service made by hand, which knows the customers' tastes and can be told to misbehave."""

import asyncio
import json
from collections import Counter, defaultdict
from datetime import datetime

import httpx
import numpy as np
import pytest

from service.demo.customers import FEED_ITEMS, cast_for
from service.demo.player import play
from service.demo.shop import ShopParameters, assortment_of
from service.demo.storefront import PlayStopped

UNTIL_US = 1_760_000_000_000_000
PARAMETERS = ShopParameters(seed=4, until_us=UNTIL_US, n_users=1, n_products=108, n_content=60, weeks=12)
N_CUSTOMERS, SEED = 40, 3


class FakeService:
    """Assigns by the parity of the customer's number; its personal feed is perfect, its popular one blind."""

    def __init__(self):
        self.assortment = assortment_of(PARAMETERS)
        self.customers = cast_for(self.assortment, N_CUSTOMERS, seed=SEED, start_us=UNTIL_US).customers
        self.requests = []
        self.events = []
        self.attributes = {}
        self.feeds = []
        self.statuses = []
        self.moves = False
        self.other_experiment = {}
        self.rejects = lambda _: None
        self.busy = 0
        self.currency = "IDR"

    def __call__(self, request):
        self.requests.append(request)
        if self.busy:
            self.busy -= 1
            return httpx.Response(503, headers={"Retry-After": "0"})
        path, body = request.url.path, json.loads(request.content or b"{}")
        if path == "/v1/events":
            return httpx.Response(202, json={"results": [self.take(event, request) for event in body["events"]]})
        if path == "/v1/users":
            self.attributes |= {user["id"]: user["attributes"] for user in body["users"]}
            return httpx.Response(200, json={"results": [{"id": u["id"], "result": "accepted"} for u in body["users"]]})
        if path.endswith("/feed"):
            return httpx.Response(200, json=self.feed(path.split("/")[3], request))
        if path.endswith("/results"):
            assert self.statuses[-1] == "stop"
            return httpx.Response(200, json=self.results())
        self.statuses.append(path.rpartition("/")[2])
        if path == "/v1/experiments":
            self.design = body
        return httpx.Response(201, json={})

    def take(self, event, request):
        now = datetime.fromisoformat(request.headers["X-Kembang-Now"])
        assert datetime.fromisoformat(event["at"]) <= now
        self.events.append(event)
        reason = self.rejects(event)
        return {"id": event["id"], "result": "rejected" if reason else "accepted", "reason": reason}

    def feed(self, user, request):
        number = int(user.removesuffix("-twin").rpartition("-c")[2]) - 1
        key, preview = self.design["key"], request.url.params.get("preview_arm")
        arm = ("popular", "personal")[number % 2]
        if self.moves and self.feeds:
            arm = ("popular", "personal")[len(self.feeds) % 2]
        if preview is not None:
            assert preview.startswith(f"{key}:")
            arm = preview.partition(":")[2]
        self.feeds.append((user, arm, preview, request.headers["X-Kembang-Now"]))
        likes = self.customers[number].affinity
        rows = np.argsort(-likes)[:FEED_ITEMS] if arm == "personal" else np.arange(0, 160, 8)
        items = [{"item_id": self.assortment.item_ids[row]} for row in rows]
        return {"feed_id": f"f{len(self.feeds)}", "items": items, "arms": {key: arm, **self.other_experiment}}

    def results(self):
        interval = {"difference": 0.1, "interval": [0.01, 0.99], "p_value": 0.04}
        outcomes = {name: {"personal": interval} for name in ("repeat_in_window", "orders", "revenue")}
        return {"key": self.design["key"], "currency": self.currency, "outcomes": outcomes}

    def by_user(self):
        acts = defaultdict(list)
        for event in self.events:
            acts[event["user_id"]].append(event)
        return acts


def played(service, *, lift=0.3, customers=N_CUSTOMERS, **changed):
    told = []
    reading = asyncio.run(
        play(
            "http://shop",
            parameters=PARAMETERS,
            run="try",
            start_us=UNTIL_US,
            on_progress=lambda *said: told.append(said),
            weeks=3,
            customers=customers,
            lift=lift,
            seed=SEED,
            transport=httpx.MockTransport(service),
            **changed,
        )
    )
    return reading, told


@pytest.fixture(scope="module")
def first():
    service = FakeService()
    reading, told = played(service)
    return service, reading, told


def without_names(event):
    """What an event tells but who it is of and by which feed."""
    return {key: value for key, value in event.items() if key not in ("id", "user_id", "order_id", "feed_id")}


def test_without_lift_the_truth_is_no_difference_however_the_feeds_differ():
    reading, _ = played(FakeService(), lift=0.0)
    assert {effect["difference"] for effect in reading["truth"].values()} == {0.0}
    assert reading["truth"]["orders"]["control_mean"] > 0
    assert reading["relevance"]["personal"] > reading["relevance"]["popular"] + 0.5


def test_a_lift_makes_the_relevant_arm_truly_better(first):
    _, reading, _ = first
    for effect in reading["truth"].values():
        assert effect["difference"] > 0
        assert effect["difference"] == pytest.approx(effect["arm_mean"] - effect["control_mean"])


def test_the_truth_is_what_was_bought_under_each_arm_in_every_customers_window(first):
    """Counted again from the events the service got: all customers under one arm, and all under the other."""
    service, reading, _ = first
    arm_of = {user: arm for user, arm, _, _ in service.feeds}
    starts = {}
    for user, _, _, now in service.feeds:
        at = datetime.fromisoformat(now)
        starts[user] = min(starts.get(user, at), at)
    days = {"popular": set(), "personal": set()}
    revenue = Counter()
    for event in service.events:
        at, user = datetime.fromisoformat(event["at"]), event["user_id"]
        if event["kind"] == "purchase" and 0 <= (at - starts[user]).total_seconds() < 14 * 86_400:
            days[arm_of[user]].add((user, at.date()))
            revenue[arm_of[user]] += float(event["amount"])
    orders, money = reading["truth"]["orders"], reading["truth"]["revenue"]
    assert orders["control_mean"] == pytest.approx(len(days["popular"]) / N_CUSTOMERS)
    assert orders["arm_mean"] == pytest.approx(len(days["personal"]) / N_CUSTOMERS)
    assert money["control_mean"] == pytest.approx(revenue["popular"] / N_CUSTOMERS)
    assert money["arm_mean"] == pytest.approx(revenue["personal"] / N_CUSTOMERS)


def test_the_reading_says_which_intervals_hold_the_truth(first):
    _, reading, _ = first
    for outcome, effect in reading["truth"].items():
        assert reading["covered"][outcome] == (0.01 <= effect["difference"] <= 0.99)
    assert reading["covered"]["revenue"] is False


def test_the_reading_is_ready_for_json(first):
    _, reading, _ = first
    assert json.loads(json.dumps(reading, allow_nan=False)) == reading
    assert reading["customers"] == N_CUSTOMERS
    assert reading["window_days"] == 14
    assert reading["errors"] == 0
    assert "says nothing about a shop's customers" in reading["note"]


def test_twins_look_at_the_other_arm_by_preview_at_the_same_instants(first):
    service, _, _ = first
    visits = defaultdict(list)
    for user, arm, preview, now in service.feeds:
        visits[user].append((arm, preview, now))
    assert len(visits) == 2 * N_CUSTOMERS
    for user in [user for user in visits if not user.endswith("-twin")]:
        own, twins = visits[user], visits[f"{user}-twin"]
        assert [now for _, _, now in own] == [now for _, _, now in twins]
        assert all(preview is None for _, preview, _ in own)
        assert all(preview is not None for _, preview, _ in twins)
        assert {arm for arm, _, _ in own}.isdisjoint({arm for arm, _, _ in twins})


def test_twins_bring_the_same_attributes_and_the_same_past(first):
    service, _, _ = first
    acts = service.by_user()
    starts = {user: now for user, _, _, now in reversed(service.feeds)}
    for user in [user for user in starts if not user.endswith("-twin")]:
        assert service.attributes[user] == service.attributes[f"{user}-twin"]
        past = [
            [without_names(event) for event in acts[name] if event["at"] < starts[name]]
            for name in (user, f"{user}-twin")
        ]
        assert past[0] == past[1]
        assert past[0]


def test_every_event_has_an_id_of_its_own_and_every_feed_and_event_is_counted(first):
    service, reading, _ = first
    assert max(Counter(event["id"] for event in service.events).values()) == 1
    assert reading["events"] == len(service.events)
    assert reading["feeds"] == len(service.feeds)


def test_progress_ends_at_the_last_customer(first):
    *_, told = first
    assert told[-1] == ("customers", N_CUSTOMERS, N_CUSTOMERS)
    assert {what for what, _, _ in told} == {"past events", "customers"}


def test_the_experiment_is_made_started_and_in_the_end_stopped(first):
    service, _, _ = first
    assert service.statuses == ["experiments", "start", "stop"]


def test_how_many_act_at_once_changes_nothing_in_the_truth(first):
    _, reading, _ = first
    one_by_one, _ = played(FakeService(), concurrency=1)
    assert one_by_one["truth"] == reading["truth"]


def test_a_rejected_event_stops_the_play_and_the_experiment():
    service = FakeService()
    service.rejects = lambda event: "at must not lie in the future" if event["kind"] == "impression" else None
    with pytest.raises(PlayStopped, match=r"events; .*: at must not lie in the future"):
        played(service)
    assert service.statuses[-1] == "stop"


def test_a_customer_who_changes_arms_stops_the_play():
    service = FakeService()
    service.moves = True
    with pytest.raises(PlayStopped, match=r"was moved from arm .* an assignment must last"):
        played(service, concurrency=1)


def test_another_running_experiment_stops_the_play_and_is_named():
    service = FakeService()
    service.other_experiment = {"new-banner": "blue"}
    with pytest.raises(PlayStopped, match="new-banner is running too: stop it first"):
        played(service)


def test_money_in_another_currency_can_not_be_compared():
    service = FakeService()
    service.currency = "GBP"
    with pytest.raises(PlayStopped, match="counts money in GBP, the simulated shop sells in IDR"):
        played(service)


def test_a_busy_service_delays_the_play_and_is_told():
    service = FakeService()
    service.busy = 3
    reading, _ = played(service, customers=4)
    assert reading["errors"] == 3


def test_a_play_whose_experiment_is_refused_leaves_no_customers_behind():
    class Refusing(FakeService):
        def __call__(self, request):
            if request.url.path.endswith("/start"):
                return httpx.Response(409, text="another experiment is running")
            return super().__call__(request)

    service = Refusing()
    with pytest.raises(PlayStopped, match="/start was answered 409: another experiment is running"):
        played(service)
    assert not service.events
    assert not service.attributes


def test_a_play_cannot_begin_before_the_shops_history_ends():
    with pytest.raises(ValueError, match="must not lie before the shop's history ends"):
        asyncio.run(
            play("http://shop", parameters=PARAMETERS, run="r", start_us=UNTIL_US - 1, on_progress=lambda *_: None)
        )
