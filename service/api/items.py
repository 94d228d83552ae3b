"""``PUT /v1/items``: the shop's catalogue, each item checked on its own."""

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, put
from litestar.di import NamedDependency
from litestar.params import RawBody
from msgspec import Meta, Struct

from service.api.batches import EntryResult, EntryResults, Refusal, operation_for, raw_entries, readable_id
from service.api.requests import ID_CHARACTERS, id_problem, request_now
from service.clock import microseconds
from service.log.catalogue import CatalogueItem, put_items
from service.money import AmountRefused, minor_units
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
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
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
    decoded = [_decoded(raw, default_currency=services.settings.currency) for raw in raws]
    good = [entry for entry in decoded if isinstance(entry, CatalogueItem)]
    await asyncio.wrap_future(services.writer.submit(lambda connection: put_items(connection, good, now=now)))
    await asyncio.to_thread(services.catalogue.refresh)
    return EntryResults(
        [
            EntryResult.of(entry) if isinstance(entry, Refusal) else EntryResult(entry.external_id, "accepted")
            for entry in decoded
        ]
    )


def _decoded(raw: msgspec.Raw, *, default_currency: str) -> CatalogueItem | Refusal:
    try:
        item = msgspec.json.decode(raw, type=Item)
        currency = item.currency or default_currency
        price_minor = None if item.price is None else minor_units(item.price, currency, subject="price")
    except (msgspec.DecodeError, UnicodeDecodeError, AmountRefused) as error:
        return Refusal(readable_id(raw), str(error))
    if problem := id_problem(item.id, "id"):
        return Refusal(item.id[:ID_CHARACTERS], problem)
    return CatalogueItem(
        external_id=item.id,
        kind=item.kind,
        title=item.title,
        url=item.url,
        image_url=item.image_url,
        categories=item.categories,
        tags=item.tags,
        creator=item.creator,
        price_minor=price_minor,
        currency=None if item.price is None else currency,
        available=item.available,
        published_at=None if item.published_at is None else microseconds(item.published_at),
        attributes=item.attributes,
    )
