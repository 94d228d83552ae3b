"""Campaigns as the log keeps them: the plan, each customer's lot, and what became of the cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, case, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from service.log.names import chunks
from service.log.tables import campaign_entries, campaign_units, campaigns, users

EntryKind = Literal["stamped", "redeemed"]

_UNITS_AT_A_TIME = 2_000
_NOES = frozenset({"false", "no", "tidak", "0"})


class CampaignUnknown(Exception):
    """No campaign has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no campaign {key!r}: list them with `kembang campaign list` or GET /v1/campaigns")


class CampaignExists(Exception):
    """Another campaign has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is a campaign {key!r} already, planned otherwise: choose another name")


class CardRefused(Exception):
    """A card can't be stamped or redeemed; the message says which and why."""


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """One campaign. Days are days since 1970-01-01 in the shop's zone, ``created_at`` microseconds UTC."""

    id: int
    key: str
    salt: str
    first_day: int
    definition: Mapping[str, Any]
    created_at: int
    erased_contacted: int
    erased_held_out: int


@dataclass(frozen=True, slots=True, eq=False)
class CampaignUnits:
    """The lots of a campaign, one row per customer in the order of ``user_ids``; shape ``(n_units,)``."""

    user_ids: npt.NDArray[np.int64]
    names: npt.NDArray[np.object_]
    """The shop's own ids."""
    block: npt.NDArray[np.int64]
    is_contacted: npt.NDArray[np.bool_]
    activity: npt.NDArray[np.float64]
    margin_activity: npt.NDArray[np.float64]
    codes: npt.NDArray[np.object_]
    """Of her card; empty where she has none."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card somebody was given, and what became of it."""

    campaign_id: int
    user_id: int
    code: str
    stamped: int
    redeemed: int


def create_campaign(
    connection: Connection, *, key: str, salt: str, first_day: int, definition: Mapping[str, Any], now: int
) -> StoredCampaign:
    """The campaign as kept, without units yet.

    Raises:
        CampaignExists: If the key is taken.
    """
    made = {"key": key, "salt": salt, "first_day": first_day, "definition": dict(definition), "created_at": now}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    inserted = dialect.insert(campaigns).values(made).on_conflict_do_nothing(index_elements=["key"])
    if connection.execute(inserted.returning(campaigns.c.id)).one_or_none() is None:
        raise CampaignExists(key)
    return campaign(connection, key)


def add_units(connection: Connection, campaign_id: int, units: Sequence[Mapping[str, Any]]) -> None:
    """Keeps the lots: mappings of ``user_id``, ``block``, ``is_contacted``, both activities and ``code``."""
    rows = [{**unit, "campaign_id": campaign_id} for unit in units]
    for chunk in chunks(rows, _UNITS_AT_A_TIME):
        connection.execute(insert(campaign_units), list(chunk))


def campaign(connection: Connection, key: str) -> StoredCampaign:
    """The campaign with this key.

    Raises:
        CampaignUnknown: If there is none.
    """
    found = found_campaign(connection, key)
    if found is None:
        raise CampaignUnknown(key)
    return found


def found_campaign(connection: Connection, key: str) -> StoredCampaign | None:
    """The campaign with this key, or None."""
    row = connection.execute(_query().where(campaigns.c.key == key)).one_or_none()
    return None if row is None else _stored(row)


def all_campaigns(connection: Connection) -> list[StoredCampaign]:
    """Every campaign, oldest first."""
    return [_stored(row) for row in connection.execute(_query().order_by(campaigns.c.id))]


def units_of(connection: Connection, campaign_id: int) -> CampaignUnits:
    """The lots of a campaign, of those who have not been forgotten since."""
    columns = campaign_units.c
    query = (
        select(
            columns.user_id,
            users.c.external_id,
            columns.block,
            columns.is_contacted,
            columns.activity,
            columns.margin_activity,
            func.coalesce(columns.code, ""),
        )
        .join(users, users.c.id == columns.user_id)
        .where(columns.campaign_id == campaign_id, ~users.c.is_erasing)
        .order_by(columns.user_id)
    )
    rows = connection.execute(query).all()
    kinds = (np.int64, np.object_, np.int64, np.bool_, np.float64, np.float64, np.object_)
    read = zip(*rows, strict=True) if rows else ((),) * len(kinds)
    return CampaignUnits(*(np.array(column, dtype=kind) for column, kind in zip(read, kinds, strict=True)))


def cards_of(connection: Connection, campaign_id: int, *, codes: Sequence[str] | None = None) -> list[Card]:
    """The cards of a campaign, or those of the given codes; by code."""
    stamped, redeemed = (
        func.count(case((campaign_entries.c.kind == kind, 1))).label(kind) for kind in ("stamped", "redeemed")
    )
    units = campaign_units.c
    entry_of = (campaign_entries.c.campaign_id == units.campaign_id) & (campaign_entries.c.user_id == units.user_id)
    query = (
        select(units.campaign_id, units.user_id, units.code, stamped, redeemed)
        .select_from(campaign_units.outerjoin(campaign_entries, entry_of))
        .where(units.campaign_id == campaign_id, units.code.is_not(None))
        .group_by(units.campaign_id, units.user_id, units.code)
        .order_by(units.code)
    )
    if codes is None:
        return [Card(*row) for row in connection.execute(query)]
    return [
        Card(*row) for chunk in chunks(list(codes)) for row in connection.execute(query.where(units.code.in_(chunk)))
    ]


def add_entry(connection: Connection, card: Card, kind: EntryKind, *, count: int, day: int, now: int) -> None:
    """Notes that a card was stamped, so many times, or redeemed."""
    row = {"campaign_id": card.campaign_id, "user_id": card.user_id, "kind": kind, "day": day, "recorded_at": now}
    connection.execute(insert(campaign_entries), [row] * count)


def entry_counts(connection: Connection, campaign_id: int, kind: EntryKind, *, last_day: int) -> dict[int, int]:
    """How often the card of each user was stamped or redeemed by the end of a day."""
    columns = campaign_entries.c
    query = (
        select(columns.user_id, func.count())
        .where(columns.campaign_id == campaign_id, columns.kind == kind, columns.day <= last_day)
        .group_by(columns.user_id)
    )
    return {int(user_id): int(count) for user_id, count in connection.execute(query)}


def refusing_messages(connection: Connection) -> set[str]:
    """The shop's own ids of all users who said that they want no messages: see ``refuses_messages``."""
    attributes = users.c.attributes
    query = select(users.c.external_id, attributes).where(
        ~users.c.is_visitor, attributes["consent"].as_string().is_not(None)
    )
    return {name for name, said in connection.execute(query) if refuses_messages(said["consent"])}


def refuses_messages(consent: object) -> bool:
    """Whether what stands in a user's attribute ``consent`` is a no.

    False and 0 are one, and so are "false", "no", "tidak" and "0" in whatever case; whatever else it may be is none.
    """
    if isinstance(consent, str):
        return consent.strip().casefold() in _NOES
    return isinstance(consent, int | float) and consent == 0


def _query() -> Any:
    return select(*(campaigns.c[field.name] for field in fields(StoredCampaign)))


def _stored(row: Row[Any]) -> StoredCampaign:
    return StoredCampaign(**row._mapping)  # noqa: SLF001  SQLAlchemy's public name for a row as a mapping
