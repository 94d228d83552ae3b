"""``/v1/campaigns``: campaigns without a website, planned, noted and read."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from msgspec import Meta, Struct

from customers.orders import OrderDays
from service.api.answers import body_refusals, refusals
from service.api.batches import operation_with, struct_schema
from service.api.requests import PathName, request_now
from service.api.text import Currency, PersonId, checked_id, storable
from service.clock import day_number, shop_day
from service.jobs.campaigns.audience import PERSONAL_DATA, contacts
from service.jobs.campaigns.cards import MOST_AT_ONCE, described_account, noted_cards
from service.jobs.campaigns.planning import (
    MOST_STAMPS,
    MOST_WEEKS,
    Wish,
    described_campaign,
    plan_campaign,
)
from service.jobs.campaigns.reading import campaign_reading, too_early
from service.jobs.campaigns.records import Records, records_of_lines, records_of_log
from service.log.campaigns import all_campaigns, campaign
from service.money import minor_units
from service.problems import RequestRefused
from service.wiring import Services

MOST_BYTES = 10_000_000
MOST_ORDERS = 100_000
_MOST_CARD_BYTES = 500_000
_MOST_SEED = 2**32 - 1
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2200, 1, 1)

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


class CampaignOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a customer ordered on a day, and what it left, in minor units of the currency: all of it if unsaid."""

    user_id: PersonId
    day: date
    amount: Decimal
    currency: Currency
    margin_minor: Annotated[int, Meta(ge=-(10**14), le=10**14)] | None = None


class Campaign(Struct, kw_only=True, forbid_unknown_fields=True):
    """A campaign to plan; without ``orders`` those of the log are used, from the shop's own imports and events."""

    key: Name
    holdout: Annotated[float, Meta(ge=0.05, le=0.95)] = 0.3
    weeks: Annotated[int, Meta(ge=1, le=MOST_WEEKS)] = 4
    first_day: date | None = None
    voucher: Decimal | None = None
    stamps: Annotated[int, Meta(ge=0, le=MOST_STAMPS)] = 0
    valid_weeks: Annotated[int, Meta(ge=1, le=2 * MOST_WEEKS)] | None = None
    seed: Annotated[int, Meta(ge=0, le=_MOST_SEED)] | None = None
    orders: Annotated[list[CampaignOrder], Meta(min_length=1, max_length=MOST_ORDERS)] | None = None


class Cards(Struct, kw_only=True, forbid_unknown_fields=True):
    """Cards that were stamped or redeemed, each by its code or the customer who holds it."""

    kind: Literal["stamped", "redeemed"]
    cards: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(min_length=1, max_length=MOST_AT_ONCE)
    ]
    times: Annotated[int, Meta(ge=1, le=100)] = 1
    day: date | None = None


@post(
    "/v1/campaigns",
    request_max_body_size=MOST_BYTES,
    operation_class=operation_with(struct_schema(Campaign)),
    responses=body_refusals(409),
    summary="Plan a campaign",
)
async def post_campaign(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """Draws who is contacted and who is held out, and says what can be seen; asked again just so, it is the same."""
    wanted, now = storable(body, Campaign), request_now(request, services)
    async with services.long_reads:
        return await asyncio.to_thread(_planned, services, wanted, now=now)


@get("/v1/campaigns", responses=refusals(503), sync_to_thread=True, summary="All campaigns")
def get_campaigns(services: NamedDependency[Services]) -> dict[str, list[dict[str, Any]]]:
    """Every campaign, oldest first."""
    with services.database.reader.connect() as connection:
        return {"campaigns": [described_campaign(stored) for stored in all_campaigns(connection)]}


@get("/v1/campaigns/{key:str}", responses=refusals(404, 503), sync_to_thread=True, summary="One campaign")
def get_campaign(key: PathName, services: NamedDependency[Services]) -> dict[str, Any]:
    """One campaign, with what it can show."""
    checked_id(key, "key")
    with services.database.reader.connect() as connection:
        return described_campaign(campaign(connection, key))


@get(
    "/v1/campaigns/{key:str}/audience",
    responses=refusals(404, 503),
    sync_to_thread=True,
    summary="Whom to write to: personal data",
)
def get_audience(key: PathName, services: NamedDependency[Services]) -> dict[str, Any]:
    """Customers to contact, with phone and card where there is one; nobody who was held out."""
    checked_id(key, "key")
    with services.database.reader.connect() as connection:
        stored = campaign(connection, key)
        return {"key": stored.key, "personal_data": PERSONAL_DATA, "contacts": contacts(connection, stored)}


@get(
    "/v1/campaigns/{key:str}/reading",
    responses=refusals(404, 409, 503),
    summary="Whether a campaign paid",
)
async def get_reading(
    key: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """The verdict from the log's orders once the window has passed; before, when to come back and nothing else."""
    checked_id(key, "key")
    now = request_now(request, services)
    async with services.long_reads:
        return await asyncio.to_thread(_read, services, key, now=now)


@post(
    "/v1/campaigns/{key:str}/cards",
    status_code=200,
    request_max_body_size=_MOST_CARD_BYTES,
    operation_class=operation_with(struct_schema(Cards)),
    responses=body_refusals(404, 409),
    summary="Note stamps and redemptions",
)
async def post_cards(
    key: PathName, body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """Stamps or redeems cards, all or none of them; the account afterwards."""
    checked_id(key, "key")
    said, now = storable(body, Cards), request_now(request, services)
    day = shop_day(now, timezone=services.settings.timezone) if said.day is None else _day(said.day, "day")
    return await asyncio.wrap_future(
        services.writer.submit(
            lambda connection: noted_cards(connection, key, said.kind, said.cards, times=said.times, day=day, now=now)
        )
    )


@get(
    "/v1/campaigns/{key:str}/account",
    responses=refusals(404, 503),
    sync_to_thread=True,
    summary="Vouchers and stamps: given, redeemed, owed",
)
def get_account(key: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]) -> dict[str, Any]:
    """The account of a campaign's cards today; what is outstanding is a liability."""
    checked_id(key, "key")
    today = shop_day(request_now(request, services), timezone=services.settings.timezone)
    with services.database.reader.connect() as connection:
        return described_account(connection, campaign(connection, key), day=today)


def _planned(services: Services, wanted: Campaign, *, now: int) -> dict[str, Any]:
    reader, settings = services.database.reader, services.settings
    records = records_of_log(reader, settings, now=now) if wanted.orders is None else _records(wanted.orders)
    today = shop_day(now, timezone=settings.timezone)
    wish = Wish(
        key=wanted.key,
        holdout=wanted.holdout,
        weeks=wanted.weeks,
        first_day=today if wanted.first_day is None else _day(wanted.first_day, "first_day"),
        voucher_minor=None
        if wanted.voucher is None
        else minor_units(wanted.voucher, records.currency, subject="voucher"),
        stamps=wanted.stamps,
        valid_weeks=wanted.valid_weeks,
        seed=wanted.seed,
    )
    is_dated = wanted.first_day is not None
    return described_campaign(plan_campaign(reader, services.writer, records, wish, is_dated=is_dated, now=now))


def _records(orders: list[CampaignOrder]) -> Records:
    for number, order in enumerate(orders):
        checked_id(order.user_id, f"user_id of orders[{number}]")
    currencies = sorted({order.currency for order in orders})
    if len(currencies) > 1:
        raise RequestRefused(f"orders must be in one currency, got {', '.join(currencies[:5])}")
    names, rows = np.unique(np.array([order.user_id for order in orders], dtype=object), return_inverse=True)
    days = np.array([_day(order.day, "day") for order in orders], dtype=np.int64)
    values = [minor_units(order.amount, order.currency, subject="amount") for order in orders]
    margins = [
        value if order.margin_minor is None else order.margin_minor for order, value in zip(orders, values, strict=True)
    ]
    amounts = np.array(values, dtype=np.int64)
    is_margin = all(order.margin_minor is not None for order in orders) and margins != values
    return records_of_lines(
        names,
        OrderDays(rows.astype(np.int64), days, amounts, np.array(margins, dtype=np.int64)),
        currency=currencies[0],
        value="margin" if is_margin else "revenue",
        last_day=int(days.max()),
    )


def _read(services: Services, key: str, *, now: int) -> dict[str, Any]:
    reader, settings = services.database.reader, services.settings
    with reader.connect() as connection:
        stored = campaign(connection, key)
        early = too_early(stored, today=shop_day(now, timezone=settings.timezone))
        return early or campaign_reading(
            connection, stored, records_of_log(reader, settings, now=now), is_after_vouchers=False
        )


def _day(day: date, subject: str) -> int:
    if not _FIRST_DAY <= day < _LAST_DAY:
        raise RequestRefused(f"{subject} must be a day of 1970 to 2199, got {day.isoformat()}")
    return day_number(day)
