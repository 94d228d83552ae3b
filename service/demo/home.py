"""The home of a simulated shop: made and trained once, refused where real rows are."""

from collections.abc import Callable
from typing import Any

from recommender.artifact import live_version
from service.clock import machine_now
from service.demo.assortment import CURRENCY
from service.demo.shop import Shop, ShopParameters, simulated_shop
from service.jobs.training import train_and_publish
from service.log.bulk import append_event_frame, put_item_frame
from service.log.catalogue import put_user_attributes
from service.log.database import Connection
from service.log.dictionaries import UserKey
from service.log.home import SIMULATED, holds_events, home_fact, record_home_fact
from service.metrics import Metrics
from service.settings import Settings
from service.wiring import open_log

SEED = 1

_TYPICAL_ACTS = 60
"""Acts of the customer whose feed is shown first: enough of a taste to see it in the feed."""

Progress = Callable[[str, float], None]


class RealHome(Exception):
    """The home holds real rows, which a simulation must not touch."""


def prepare_demo_home(settings: Settings, *, on_progress: Progress) -> str:
    """A user whose feed is worth a look, of the home's simulated shop, which is made and trained if it isn't there yet.

    Raises:
        RealHome: If the home holds real rows.
    """
    with open_log(settings, Metrics()) as (database, writer):
        known = home_fact(database.reader, SIMULATED)
        if known is None and holds_events(database.reader):
            raise RealHome(f"{settings.home} holds a real shop: set KEMBANG_HOME to another folder for the demo")
        if known is None:
            on_progress("simulating a shop", 0.0)
            shop = simulated_shop(ShopParameters(seed=SEED, until_us=machine_now()))
            known = writer.run(lambda connection: _stored(connection, shop, on_progress))
        if live_version(settings.models) is None:
            train_and_publish(database.reader, settings.models, seed=SEED, on_progress=on_progress)
    return str(known["shown_user"])


def _stored(connection: Connection, shop: Shop, on_progress: Progress) -> dict[str, Any]:
    """What the log says of the shop, once it is stored: in one transaction, so that a half-made one can't be."""
    now = shop.parameters.until_us
    acts = shop.events["user"].value_counts()
    shown_user = (acts - _TYPICAL_ACTS).abs().idxmin()
    facts = {"parameters": shop.parameters.to_mapping(), "currency": CURRENCY, "shown_user": shown_user}
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


def requests_to_try(url: str, shown_user: str) -> str:
    """The first requests that somebody new may want to send."""
    return f"""The simulated shop is served at {url}. Try, in another terminal:

  a feed            curl {url}/v1/users/{shown_user}/feed
  of products only  curl '{url}/v1/users/{shown_user}/feed?kind=product&limit=5'
  in Indonesian     curl -H 'Accept-Language: id' {url}/v1/users/{shown_user}/feed
  somebody unknown  curl {url}/v1/visitors/somebody-new/feed
  what it measures  curl {url}/metrics
  its API           curl {url}/schema/openapi.json
  an experiment     kembang simulate --weeks 6 --customers 600

Stop it with Ctrl-C."""
