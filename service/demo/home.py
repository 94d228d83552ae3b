"""The home of a simulated shop: made and trained once, refused where real rows are."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.clock import instant_text, machine_now
from service.demo.assortment import CURRENCY
from service.demo.shop import Shop, ShopParameters, simulated_shop
from service.jobs.training import has_live_model, train_and_publish
from service.log.bulk import append_event_frame, put_item_frame
from service.log.catalogue import put_user_attributes
from service.log.database import Connection
from service.log.home import SIMULATED, holds_rows, home_fact, log_id, record_home_fact
from service.log.names import UserKey
from service.metrics import Metrics
from service.settings import Settings
from service.wiring import open_log

SEED = 1

_TYPICAL_ACTS = 60
"""Acts of the customer whose feed is shown first: enough of a taste to see it in the feed."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A customer whose feed is worth a look, and a product she has bought."""

    user: str
    item: str


class RealHome(Exception):
    """The home holds real rows, which a simulation must not touch."""


def prepare_demo_home(settings: Settings, *, on_progress: Progress) -> Shown:
    """Makes and trains the home's simulated shop, if it isn't there yet, and says whom to look at.

    Raises:
        RealHome: If the home holds real rows.
    """
    with open_log(settings, Metrics()) as (database, writer):
        known = home_fact(database.reader, SIMULATED)
        if known is None and holds_rows(database.reader):
            raise RealHome(f"{settings.home} holds a real shop: set KEMBANG_HOME to another folder for the demo")
        if known is None:
            on_progress("simulating a shop", 0.0)
            shop = simulated_shop(ShopParameters(seed=SEED, until_us=machine_now()))
            known = writer.run(lambda connection: _stored(connection, shop, on_progress))
        if not has_live_model(settings.models, of_log=log_id(database.reader)):
            train_and_publish(database.reader, settings.models, seed=SEED, on_progress=on_progress)
    return Shown(**known["shown"])


def _stored(connection: Connection, shop: Shop, on_progress: Progress) -> dict[str, Any]:
    """What the log says of the shop, once it is stored: in one transaction, so that a half-made one can't be."""
    now = shop.parameters.until_us
    acts = shop.events["user"].value_counts()
    bought = shop.events.loc[shop.events["kind"] == "purchase"].drop_duplicates("user", keep="last").set_index("user")
    user = str((acts.reindex(bought.index) - _TYPICAL_ACTS).abs().idxmin())
    facts = {
        "parameters": shop.parameters.to_mapping(),
        "currency": CURRENCY,
        "shown": {"user": user, "item": bought["item"].at[user]},
    }
    record_home_fact(connection, SIMULATED, facts)
    put_item_frame(connection, shop.items, now=now, known_from="catalogue")
    people = {
        UserKey(False, user): attributes
        for user, attributes in zip(shop.users["user"], shop.users["attributes"], strict=True)
    }
    put_user_attributes(connection, people, now=now)
    append_event_frame(
        connection,
        shop.events,
        received_at=now,
        on_progress=lambda rows: on_progress("storing its history", rows / len(shop.events)),
    )
    return facts


def requests_to_try(url: str, shown: Shown, *, command: str, now: int) -> str:
    """The first requests that somebody new may want to send.

    Args:
        url: Where the service answers.
        shown: Whose feed is worth a look.
        command: How the console script was called.
        now: What the demo's clock says, microseconds UTC; after simulated weeks it is ahead of the machine's.
    """
    event = {
        "id": f"try-{now}",
        "kind": "purchase",
        "user_id": shown.user,
        "item_id": shown.item,
        "at": instant_text(now),
    }
    return f"""The simulated shop is served at {url}. Try, in another terminal in this folder:

  a feed for one customer, content and products
    curl {url}/v1/users/{shown.user}/feed
  she buys what she has bought before; her next feed knows it
    curl {url}/v1/events -d '{json.dumps({"events": [event]})}'
    curl {url}/v1/users/{shown.user}/feed
  the reasons in Indonesian; products only
    curl -H 'Accept-Language: id' '{url}/v1/users/{shown.user}/feed?kind=product&limit=5'
  a visitor nobody knows
    curl {url}/v1/visitors/somebody-new/feed
  an A/B experiment over six simulated weeks, its reading beside the truth (about a minute)
    {command} simulate --weeks 6 --customers 600
  what operators watch; what the API offers
    curl {url}/metrics
    curl {url}/schema/openapi.json

Stop it with Ctrl-C."""
