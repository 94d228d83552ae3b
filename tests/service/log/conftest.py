"""People with rows of every kind, for the promises that are about all that a log holds on somebody."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from recommender.events import Kind
from service.log.append import DeadLetter, NewEvent, NewExposure, append_dead_letters, append_events, append_exposure
from service.log.campaigns import add_entry, add_units, all_campaigns, cards_of, create_campaign
from service.log.database import Connection
from service.log.dictionaries import user_ids
from service.log.experiments import all_experiments, create_experiment
from service.log.names import UserKey

NOW = 1_000_000_000_000

Live = Callable[[Connection, UserKey], None]


@pytest.fixture
def live() -> Live:
    """Lets somebody live in the log: a purchase, a refund, a view, an impression, a feed in an experiment, a letter.

    A user also gets a message and redeems her voucher.
    """

    def on(connection: Connection, key: UserKey) -> None:
        name = f"{'v' if key.is_visitor else 'u'}-{key.external_id}"
        acts: list[dict[str, Any]] = [
            {"kind": Kind.PURCHASE, "amount_minor": 250, "currency": "GBP", "order_id": f"{key.external_id}-1"},
            {"kind": Kind.REFUND, "amount_minor": 100, "currency": "GBP"},
            {"kind": Kind.PURCHASE, "amount_minor": 7000, "currency": "IDR"},
            {"kind": Kind.VIEW},
            {"kind": Kind.IMPRESSION},
        ]
        new = [
            NewEvent(id=f"{name}-{number}", user=key, item="tea", at=NOW - number, **act)
            for number, act in enumerate(acts)
        ]
        append_events(connection, new, received_at=NOW)
        experiment = next(iter(all_experiments(connection)), None) or create_experiment(
            connection, key="feed-1", definition={}, salt="s", who="the owner", now=NOW
        )
        append_exposure(
            connection,
            NewExposure(
                feed_id=f"feed-of-{name}",
                first_feed_id=f"feed-of-{name}",
                user=key,
                at=NOW,
                surface="feed",
                items=[(1, "popular", 0.5)],
                model_version=None,
                fallback="popular",
                arms={experiment.key: "treatment"},
                assigned={experiment.id: "treatment"},
                is_preview=False,
            ),
        )
        if not key.is_visitor:
            _in_a_campaign(connection, key)
        who = {"visitor_id" if key.is_visitor else "user_id": key.external_id}
        payload = json.dumps({"id": "bad", **who, "kind": "buy"})
        append_dead_letters(
            connection, [DeadLetter(received_at=NOW, origin="http", reason="no such kind", payload=payload)]
        )

    return on


def _in_a_campaign(connection: Connection, key: UserKey) -> None:
    """Contacted, and her voucher redeemed."""
    sent = next(iter(all_campaigns(connection)), None) or create_campaign(
        connection, key="back", salt="s", first_day=20_000, definition={}, now=NOW
    )
    (user_id,) = user_ids(connection, [key]).values()
    unit = {"user_id": user_id, "block": 0, "is_contacted": True, "activity": 1.5, "margin_activity": 2.5}
    add_units(connection, sent.id, [{**unit, "code": f"CODE{user_id}"}])
    (card,) = cards_of(connection, sent.id, codes=[f"CODE{user_id}"])
    add_entry(connection, card, "redeemed", count=1, day=20_001, now=NOW)
