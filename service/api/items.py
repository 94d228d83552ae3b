"""``PUT /v1/items``: the shop's catalogue, each item checked on its own."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, put
from litestar.di import NamedDependency
from litestar.params import RawBody
from msgspec import Meta, Struct

from service.api.batches import (
    EntryResults,
    operation_for,
    raw_entries,
    read_entries,
    stored_entries,
)
from service.api.requests import request_now
from service.api.text import Currency, checked_id, storable
from service.clock import microseconds
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Connection
from service.money import minor_units
from service.problems import RequestRefused
from service.wiring import Services

MOST_ITEMS = 1_000
MOST_BYTES = 5_000_000

Text = Annotated[str, Meta(max_length=2_000)]
Labels = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=256)], ...], Meta(max_length=64)]


class Item(Struct, kw_only=True, forbid_unknown_fields=True):
    """One thing a feed can show."""

    id: str
    kind: Literal["product", "content"]
    title: Annotated[str, Meta(min_length=1, max_length=2_000)]
    url: Text | None = None
    image_url: Text | None = None
    categories: Labels = ()
    tags: Labels = ()
    creator: Annotated[str, Meta(max_length=256)] | None = None
    price: Decimal | None = None
    currency: Currency | None = None
    available: bool = True
    published_at: Annotated[datetime, Meta(tz=True)] | None = None
    attributes: dict[str, str | int | float | bool | None] = {}


@put(
    "/v1/items",
    request_max_body_size=MOST_BYTES,
    operation_class=operation_for("items", Item),
    summary="Describe items",
)
async def put_catalogue_items(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> EntryResults:
    """Stores up to 1,000 items as they now are, and says of each what became of it; feeds show them at once."""
    now = request_now(request, services)
    raws = raw_entries(body, "items", most=MOST_ITEMS)
    entries = read_entries(raws, lambda raw: _catalogue_item(raw, default_currency=services.settings.currency))
    results = await stored_entries(
        services,
        raws,
        entries,
        what="item",
        id_of=lambda item: item.external_id,
        store=lambda connection, items: _stored(connection, items, now=now),
        now=now,
    )
    await asyncio.to_thread(services.catalogue.refresh)
    return results


def _stored(connection: Connection, described: Sequence[CatalogueItem], *, now: int) -> list[None]:
    put_items(connection, described, now=now)
    return [None] * len(described)


def _catalogue_item(raw: msgspec.Raw, *, default_currency: str) -> CatalogueItem:
    item = storable(raw, Item)
    if not item.title.strip():
        raise RequestRefused(f"title must not be blank, got {item.title[:40]!r}")
    currency = item.currency or default_currency
    return CatalogueItem(
        external_id=checked_id(item.id, "id"),
        kind=item.kind,
        title=item.title,
        url=item.url,
        image_url=item.image_url,
        categories=item.categories,
        tags=item.tags,
        creator=item.creator,
        price_minor=None if item.price is None else minor_units(item.price, currency, subject="price"),
        currency=None if item.price is None else currency,
        available=item.available,
        published_at=None if item.published_at is None else microseconds(item.published_at),
        attributes=item.attributes,
    )
