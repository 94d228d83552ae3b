"""A campaign planned: lots drawn among the shop's customers and kept, with the smallest effect that can be seen."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.campaigns.foresight import Foresight, Visible, foreseen
from experiments.campaigns.lots import Lots, drawn_lots
from experiments.campaigns.standing import Standing, standing_before
from experiments.campaigns.vouchers import Promise
from experiments.campaigns.wording import SELF_SELECTION, WORTH, foresight_sentences, stale_sentences, voucher_sentences
from experiments.outcomes import Money
from service.clock import day_text, instant_text
from service.jobs.campaigns.codes import drawn_codes
from service.jobs.campaigns.records import NoOrders, Records, folded
from service.log.campaigns import (
    CampaignExists,
    StoredCampaign,
    add_units,
    create_campaign,
    found_campaign,
    refusing_messages,
)
from service.log.database import Connection, Reader
from service.log.dictionaries import ensured_user_ids
from service.log.names import UserKey
from service.log.suppressions import suppressed
from service.log.writer import Writer
from service.money import currency_exponent, decimal_amount

DAYS_A_WEEK = 7
MOST_WEEKS = 52
MOST_STAMPS = 50

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class PlanRefused(ValueError):
    """A campaign can't be planned as it is asked for; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the owner asks for.

    Attributes:
        key: Name of the campaign: lower-case letters, digits, ``-`` and ``_``.
        holdout: Share of customers to hold out.
        weeks: Length of the window.
        first_day: First day of the campaign, days since 1970-01-01; what is known before it is used.
        voucher_minor: What each contacted customer's card is worth, or None for a message alone.
        stamps: Stamps that fill a card; 0 for a voucher.
        valid_weeks: How long cards are honoured.
        seed: Makes the lots those of the seed, never the codes of cards; None draws a salt.

    Raises:
        PlanRefused: If one of them is out of range.
    """

    key: str
    holdout: float
    weeks: int
    first_day: int
    voucher_minor: int | None = None
    stamps: int = 0
    valid_weeks: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        valid = self.weeks if self.valid_weeks is None else self.valid_weeks
        for is_right, rule in (
            (_KEY.fullmatch(self.key), f"name must be 1 to 64 of a-z, 0-9, - and _, got {self.key[:40]!r}"),
            (0.05 <= self.holdout <= 0.95, f"holdout must lie between 0.05 and 0.95, got {self.holdout}"),
            (1 <= self.weeks <= MOST_WEEKS, f"weeks must be 1 to {MOST_WEEKS}, got {self.weeks}"),
            (1 <= valid <= 2 * MOST_WEEKS, f"valid_weeks must be 1 to {2 * MOST_WEEKS}, got {valid}"),
            (0 <= self.stamps <= MOST_STAMPS, f"stamps must be 0 to {MOST_STAMPS}, got {self.stamps}"),
            (self.voucher_minor is None or self.voucher_minor > 0, "voucher must be worth more than 0"),
            (self.voucher_minor is not None or not self.stamps, "stamps need a voucher: what a full card is worth"),
        ):
            if not is_right:
                raise PlanRefused(rule)

    @property
    def promise(self) -> Promise | None:
        """What each contacted customer is promised."""
        if self.voucher_minor is None:
            return None
        weeks = self.weeks if self.valid_weeks is None else self.valid_weeks
        return Promise(self.voucher_minor, self.stamps, self.first_day + DAYS_A_WEEK * weeks - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A plan that can be kept."""

    wish: Wish
    salt: str
    names: NDArray[np.object_]
    standing: Standing
    lots: Lots
    codes: NDArray[np.object_]
    definition: Mapping[str, Any]


def planned(records: Records, wish: Wish, *, reader: Reader) -> Plan:
    """Lots drawn among all customers who ordered before the first day, and what they can show.

    Who asked to be forgotten, or said no to messages, is left out before the lots are drawn, and counted.

    Args:
        records: The shop's.
        wish: What the owner asks for.
        reader: The log, which knows who they are.

    Raises:
        NoOrders: If fewer than two customers ordered before the first day.
    """
    salt = secrets.token_hex(16) if wish.seed is None else f"seed {wish.seed}"
    known, left_out = _reachable(records, reader)
    standing = standing_before(known.orders, first_day=wish.first_day)
    if len(standing) < 2:
        raise NoOrders(
            f"{len(standing)} customers ordered before {day_text(wish.first_day)}: a campaign needs at least 2, "
            "to compare"
        )
    lots = drawn_lots(standing, holdout=wish.holdout, rng=generator(salt, "lots"))
    foresight = foreseen(
        known.orders,
        standing,
        until_day=min(wish.first_day - 1, known.last_day),
        n_days=DAYS_A_WEEK * wish.weeks,
        holdout=wish.holdout,
        rng=generator(salt, "foresight"),
    )
    return Plan(
        wish=wish,
        salt=salt,
        names=records.names[standing.customer_ids],
        standing=standing,
        lots=lots,
        codes=drawn_codes(lots.is_contacted, has_cards=wish.promise is not None),
        definition={
            **{name: value for name, value in asdict(wish).items() if name not in ("key", "first_day")},
            "currency": records.currency,
            "value": records.value,
            "records_until": records.last_day,
            "counts": {**_counts(records, lots), **left_out},
            "foresight": asdict(foresight),
        },
    )


def _reachable(records: Records, reader: Reader) -> tuple[Records, dict[str, int]]:
    """The records without those who must not be written to, and how many they are, by why; however they were spelt."""
    with reader.connect() as connection:
        gone = {key.external_id for key in suppressed(connection, [UserKey(False, name) for name in records.spellings])}
        noes = {folded(name) for name in refusing_messages(connection)}
    is_forgotten = np.zeros(records.names.size, dtype=np.bool_)
    is_forgotten[records.spelt[[name in gone for name in records.spellings]]] = True
    is_unwilling = np.array([folded(name) in noes for name in records.names], dtype=np.bool_) & ~is_forgotten
    left_out = {"forgotten": int(is_forgotten.sum()), "no_consent": int(is_unwilling.sum())}
    return records.without(is_forgotten | is_unwilling), left_out


def _counts(records: Records, lots: Lots) -> dict[str, int]:
    return {
        "contacted": int(lots.is_contacted.sum()),
        "held_out": int((~lots.is_contacted).sum()),
        "other_spellings": records.other_spellings,
        "other_currencies": records.other_currencies,
        "anonymous_lines": records.anonymous,
    }


def generator(salt: str, purpose: str) -> np.random.Generator:
    """A generator that gives the same for the same salt and purpose, on every machine."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{salt}\x1f{purpose}".encode()).digest()))


def plan_campaign(
    log: Reader, writer: Writer, records: Records, wish: Wish, *, is_dated: bool, now: int
) -> StoredCampaign:
    """The campaign as the log keeps it; planned again just so, it is the one that was kept before.

    Args:
        log: Of the shop.
        writer: To the same.
        records: The shop's.
        wish: What the owner asks for.
        is_dated: Whether the owner named the first day; else it is today, and planned again that of the plan.
        now: Microseconds UTC.

    Raises:
        CampaignExists: If another one has the name.
        NoOrders: If there are too few customers to compare.
    """
    with log.connect() as connection:
        before = stored_plan(connection, wish, is_dated=is_dated)
    if before is not None:
        return before
    plan = planned(records, wish, reader=log)
    return writer.run(lambda connection: kept_plan(connection, plan, now=now))


def stored_plan(connection: Connection, wish: Wish, *, is_dated: bool) -> StoredCampaign | None:
    """The campaign of this name if it was planned before, just so; None if there is none. The day counts if named.

    Raises:
        CampaignExists: If it was planned otherwise.
    """
    found = found_campaign(connection, wish.key)
    if found is None:
        return None
    asked = {name: value for name, value in asdict(wish).items() if name not in ("key", "first_day")}
    is_moved = is_dated and found.first_day != wish.first_day
    if is_moved or any(found.definition[name] != value for name, value in asked.items()):
        raise CampaignExists(wish.key)
    return found


def kept_plan(connection: Connection, plan: Plan, *, now: int) -> StoredCampaign:
    """The campaign and its lots as the log keeps them; customers it has never met get a row in its dictionary.

    Raises:
        CampaignExists: If the name was taken meanwhile.
    """
    wish = plan.wish
    kept = create_campaign(
        connection, key=wish.key, salt=plan.salt, first_day=wish.first_day, definition=plan.definition, now=now
    )
    ids = ensured_user_ids(connection, [UserKey(False, name) for name in plan.names], now=now)
    units = [
        {
            "user_id": ids[UserKey(False, name)],
            "block": int(block),
            "is_contacted": bool(is_contacted),
            "activity": float(activity),
            "margin_activity": float(margin),
            "code": code or None,
        }
        for name, block, is_contacted, activity, margin, code in zip(
            plan.names,
            plan.lots.block,
            plan.lots.is_contacted,
            plan.standing.activity,
            plan.standing.margin_activity,
            plan.codes,
            strict=True,
        )
        if UserKey(False, name) in ids
    ]
    add_units(connection, kept.id, units)
    return kept


def described_campaign(stored: StoredCampaign) -> dict[str, Any]:
    """A campaign as the API and the command line show it, what can be seen in words."""
    said = stored.definition
    promise, currency = promise_of(stored), said["currency"]
    return {
        "key": stored.key,
        "created_at": instant_text(stored.created_at),
        "first_day": day_text(stored.first_day),
        "last_day": day_text(last_day_of(stored)),
        "weeks": said["weeks"],
        "holdout": said["holdout"],
        "currency": currency,
        "voucher": None if promise is None else _promise_entry(promise, currency),
        "counts": dict(said["counts"]),
        "foresight": _foresight_entry(said["foresight"], currency),
        "text": " ".join(plan_sentences(stored)),
    }


def plan_sentences(stored: StoredCampaign) -> list[str]:
    """What the owner should know before anything is sent."""
    said, money = stored.definition, money_of(stored)
    foresight = _foresight(said["foresight"])
    n_customers = said["counts"]["contacted"] + said["counts"]["held_out"]
    sentences = stale_sentences(stored.first_day - said["records_until"] - 1)
    sentences += foresight_sentences(
        foresight, money, worth=WORTH[said["value"]], weeks=said["weeks"], n_customers=n_customers
    )
    promise = promise_of(stored)
    if promise is not None:
        sentences += [*voucher_sentences(promise, foresight, money), SELF_SELECTION]
    return sentences


def money_of(stored: StoredCampaign) -> Money:
    """How the campaign's money is read."""
    currency = stored.definition["currency"]
    return Money(currency, currency_exponent(currency))


def promise_of(stored: StoredCampaign) -> Promise | None:
    """What each contacted customer was promised."""
    said = stored.definition
    if said["voucher_minor"] is None:
        return None
    weeks = said["weeks"] if said["valid_weeks"] is None else said["valid_weeks"]
    return Promise(said["voucher_minor"], said["stamps"], stored.first_day + DAYS_A_WEEK * weeks - 1)


def last_day_of(stored: StoredCampaign) -> int:
    """The last day of the window."""
    return int(stored.first_day + DAYS_A_WEEK * stored.definition["weeks"] - 1)


def _promise_entry(promise: Promise, currency: str) -> dict[str, Any]:
    return {
        "amount": str(decimal_amount(promise.amount_minor, currency)),
        "stamps": promise.stamps,
        "last_day": day_text(promise.last_day),
    }


def _foresight(said: Mapping[str, Any]) -> Foresight:
    visible = {
        name: None if said[name] is None else Visible(**said[name]) for name in ("ordered", "orders", "margin_minor")
    }
    return Foresight(said["n_windows"], said["n_ordering"], **visible)


def _foresight_entry(said: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """The same with money in major units."""
    per_major = 10 ** currency_exponent(currency)
    margin = said["margin_minor"]
    return {
        "past_windows": said["n_windows"],
        "ordering_anyway": said["n_ordering"],
        "ordered": said["ordered"],
        "orders": said["orders"],
        "margin": None if margin is None else {name: value / per_major for name, value in margin.items()},
    }
