"""``GET …/feed`` for users and visitors, and ``GET /v1/items/{item_id}/related``."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter
from msgspec import Struct

from recommender.feed import FeedItem
from service.api.answers import refusals
from service.api.requests import PathName, request_now, user_key, visitor_key
from service.api.text import checked_id
from service.live.catalogue import Catalogue, ItemFilter
from service.live.feed import FeedWish
from service.live.reasons import language, reason_text
from service.log.names import UserKey
from service.money import decimal_amount
from service.wiring import Services

MOST_ITEMS = 100
MOST_EXCLUDED = 500

Limit = Annotated[int, QueryParameter(ge=1, le=MOST_ITEMS, description="Items on the page.")]
Kind = Annotated[Literal["product", "content"] | None, QueryParameter(description="Only items of this kind.")]
Category = Annotated[str | None, QueryParameter(max_length=256, description="Only items in this category.")]
Exclude = Annotated[
    list[str] | None,
    QueryParameter(max_items=MOST_EXCLUDED, description="Items to leave out; may be given many times."),
]
Cursor = Annotated[str | None, QueryParameter(max_length=64, description="next_cursor of the page before.")]
Preview = Annotated[
    str | None,
    QueryParameter(max_length=129, description="EXPERIMENT:ARM to look at without counting in the experiment."),
]


class ShownItem(Struct):
    """One item of a page."""

    item_id: str
    kind: str
    title: str | None
    url: str | None
    image_url: str | None
    price: Decimal | None
    currency: str | None
    position: int
    source: str
    reason: str


class FeedAnswer(Struct):
    """One page of a feed; its exposure is in the log."""

    feed_id: str
    items: list[ShownItem]
    next_cursor: str | None
    arms: dict[str, str]
    model_version: str | None
    fallback: str | None


class RelatedAnswer(Struct):
    """Items like a given one."""

    items: list[ShownItem]
    model_version: str | None


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """The parameters of a feed, whoever it is for."""

    limit: int
    cursor: str | None
    filter: ItemFilter
    exclude: Sequence[str]
    preview_arm: str | None


def feed_query(
    limit: Limit = 20,
    cursor: Cursor = None,
    kind: Kind = None,
    category: Category = None,
    exclude: Exclude = None,
    preview_arm: Preview = None,
) -> FeedQuery:
    """What the query string asks of a feed."""
    if cursor is not None:
        checked_id(cursor, "cursor")
    return FeedQuery(limit, cursor, ItemFilter(kind, category), exclude or (), preview_arm)


@get(
    "/v1/users/{user_id:str}/feed",
    responses=refusals(503),
    dependencies={"wanted": Provide(feed_query, sync_to_thread=False)},
    summary="The next items for a user",
)
async def get_user_feed(
    user_id: PathName,
    wanted: NamedDependency[FeedQuery],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> FeedAnswer:
    """What to show a user next: content and products in one feed."""
    return await _answer(user_key(user_id), wanted, request, services)


@get(
    "/v1/visitors/{visitor_id:str}/feed",
    responses=refusals(503),
    dependencies={"wanted": Provide(feed_query, sync_to_thread=False)},
    summary="The next items for an anonymous visitor",
)
async def get_visitor_feed(
    visitor_id: PathName,
    wanted: NamedDependency[FeedQuery],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> FeedAnswer:
    """What to show a browser that nobody has logged in on."""
    return await _answer(visitor_key(visitor_id), wanted, request, services)


@get(
    "/v1/items/{item_id:str}/related",
    responses=refusals(404),
    summary="Items like this one",
    sync_to_thread=False,
)
def get_related(
    item_id: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services], limit: Limit = 12
) -> RelatedAnswer:
    """Items that the same people care for, the likest first."""
    items, catalogue, version = services.desk.related(checked_id(item_id, "item_id"), limit=limit)
    return RelatedAnswer(_shown(items, catalogue, request), version)


async def _answer(user: UserKey, wanted: FeedQuery, request: Request[Any, Any, Any], services: Services) -> FeedAnswer:
    wish = FeedWish(
        user=user,
        limit=wanted.limit,
        now=request_now(request, services),
        cursor=wanted.cursor,
        filter=wanted.filter,
        exclude=wanted.exclude,
        preview_arm=wanted.preview_arm,
    )
    served = await services.desk.feed(wish)
    with services.metrics.stage("encode"):
        return FeedAnswer(
            feed_id=served.feed_id,
            items=_shown(served.items, served.catalogue, request),
            next_cursor=served.next_cursor,
            arms=dict(served.arms),
            model_version=served.model_version,
            fallback=served.fallback,
        )


def _shown(items: Sequence[FeedItem], catalogue: Catalogue, request: Request[Any, Any, Any]) -> list[ShownItem]:
    spoken = language(request.headers.get("accept-language"))
    shown = []
    for position, item in enumerate(items, start=1):
        known = catalogue.by_id[item.item_id]
        price = None
        if known.price_minor is not None and known.currency is not None:
            price = decimal_amount(known.price_minor, known.currency)
        shown.append(
            ShownItem(
                item_id=known.external_id,
                kind=known.kind,
                title=known.title,
                url=known.url,
                image_url=known.image_url,
                price=price,
                currency=known.currency,
                position=position,
                source=item.source,
                reason=reason_text(item.reason, catalogue, spoken=spoken),
            )
        )
    return shown
