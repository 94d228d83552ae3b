"""Vouchers and stamp cards: stamped, redeemed, and what the shop owes for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.campaigns.vouchers import Account, account_of
from service.clock import day_text
from service.jobs.campaigns.planning import promise_of
from service.jobs.campaigns.records import folded
from service.log.campaigns import (
    Card,
    CardRefused,
    EntryKind,
    StoredCampaign,
    add_entry,
    all_campaigns,
    campaign,
    cards_of,
    entry_counts,
    units_of,
)
from service.log.database import Connection
from service.money import decimal_amount

MOST_AT_ONCE = 500
"""Cards, and stamps on one of them, in one request."""


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """What one campaign's open cards may still cost: a liability."""

    campaign: str
    currency: str
    amount_minor: int
    last_day: int


def noted_cards(
    connection: Connection, key: str, kind: EntryKind, cards: Sequence[str], *, times: int, day: int, now: int
) -> dict[str, Any]:
    """Stamps or redeems cards, all or none; the account afterwards.

    Args:
        connection: A writer's connection.
        key: The campaign.
        kind: What is done.
        cards: Each by its code, or by the customer who holds it, in whatever spelling.
        times: Stamps on each card; redeeming is done once.
        day: Day on which it is done.
        now: Microseconds UTC.

    Raises:
        CampaignUnknown: If there is no such campaign.
        CardRefused: If it gave no cards, or one of these is none of its, or can't be stamped or redeemed (again).
    """
    stored = campaign(connection, key)
    promise = promise_of(stored)
    if promise is None:
        raise CardRefused(f"campaign {key!r} gave no vouchers: plan one with --voucher AMOUNT")
    if kind == "stamped" and not promise.stamps:
        raise CardRefused(f"campaign {key!r} gave vouchers, which need no stamps: redeem them")
    found = _named_cards(connection, stored, cards)
    if len({card.user_id for card in found}) < len(found):
        raise CardRefused("each card may be named once, whether by its code or by who holds it")
    for name, card in zip(cards, found, strict=True):
        if day > promise.last_day:
            raise CardRefused(f"{name!r} ran out on {day_text(promise.last_day)}")
        if kind == "redeemed" and not promise.filled(card.stamped, card.redeemed):
            why = (
                "was redeemed already"
                if not promise.stamps
                else f"needs {promise.stamps} stamps, has {_left(card, promise.stamps)}"
            )
            raise CardRefused(f"{name!r} {why}")
        add_entry(connection, card, kind, count=times if kind == "stamped" else 1, day=day, now=now)
    return described_account(connection, stored, day=day)


def described_account(connection: Connection, stored: StoredCampaign, *, day: int) -> dict[str, Any]:
    """The account of a campaign's cards at the end of a day; without cards all of it is 0."""
    promise, currency = promise_of(stored), stored.definition["currency"]
    said = account(connection, stored, day=day) or Account(0, 0, 0, 0, 0, 0, 0)
    return {
        "key": stored.key,
        "as_of": day_text(day),
        "currency": currency,
        "issued": said.issued,
        "stamps_given": said.stamped,
        "redeemed": said.redeemed,
        "redeemed_amount": str(decimal_amount(said.redeemed_minor, currency)),
        "outstanding": said.outstanding,
        "outstanding_amount": str(decimal_amount(said.outstanding_minor, currency)),
        "expired": said.expired,
        "last_day": None if promise is None else day_text(promise.last_day),
    }


def account(connection: Connection, stored: StoredCampaign, *, day: int) -> Account | None:
    """The account itself, or None for a campaign without cards."""
    promise = promise_of(stored)
    if promise is None:
        return None
    holders = [card.user_id for card in cards_of(connection, stored.id)]
    stamped, redeemed = (
        np.array([counts.get(user_id, 0) for user_id in holders], dtype=np.int64)
        for counts in (
            entry_counts(connection, stored.id, "stamped", last_day=day),
            entry_counts(connection, stored.id, "redeemed", last_day=day),
        )
    )
    return account_of(promise, stamped, redeemed, day=day)


def open_promises(connection: Connection, *, day: int) -> list[OpenPromise]:
    """What the shop owes for cards that may still be redeemed after ``day``, by campaign: for a forecast of cash."""
    owed = []
    for stored in all_campaigns(connection):
        promise, said = promise_of(stored), account(connection, stored, day=day)
        if promise is not None and said is not None and said.outstanding_minor:
            owed.append(
                OpenPromise(stored.key, stored.definition["currency"], said.outstanding_minor, promise.last_day)
            )
    return owed


def _named_cards(connection: Connection, stored: StoredCampaign, names: Sequence[str]) -> list[Card]:
    by_code = {card.code: card for card in cards_of(connection, stored.id)}
    found = [by_code.get(_as_code(name)) for name in names]
    if None in found:
        units = units_of(connection, stored.id)
        by_name = {folded(name): by_code.get(code) for name, code in zip(units.names, units.codes, strict=True)}
        found = [card or by_name.get(folded(name)) for name, card in zip(names, found, strict=True)]
    for name, card in zip(names, found, strict=True):
        if card is None:
            raise CardRefused(f"{name!r} is no code of campaign {stored.key!r}, nor a customer who was given one")
    return [card for card in found if card is not None]


def _as_code(text: str) -> str:
    return text.upper().replace("-", "").replace(" ", "")


def _left(card: Card, stamps: int) -> int:
    return card.stamped - card.redeemed * stamps
