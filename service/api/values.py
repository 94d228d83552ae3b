"""``GET /v1/users/{user_id}/value`` and ``GET /v1/segments``: what customers are worth by the published snapshot."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar, cast

import numpy as np
from litestar import Request, get
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from customers.books.entries import Value
from customers.segments import SEGMENTS
from customers.wording import Language
from service.api.answers import refusals
from service.api.requests import PathName, user_key
from service.clock import instant_text
from service.live.reasons import language
from service.live.values import Expected, UserValue
from service.log.dictionaries import user_ids
from service.log.names import UserKey
from service.money import decimal_amount
from service.wiring import Services

T = TypeVar("T")


class Interval(Struct):
    """Where the number lies with the stated probability, if trade continues as now."""

    low: float
    high: float


class MoneyInterval(Struct):
    """The same of money, exact decimals."""

    low: Decimal
    high: Decimal


class DateInterval(Struct):
    """The same of days."""

    low: str
    high: str


class Number(Struct):
    """An expected number; without intervals where a formula did better in the past than every model."""

    expected: float
    interval_50: Interval | None
    interval_90: Interval | None


class Money(Struct):
    """An expected sum."""

    expected: Decimal
    interval_50: MoneyInterval | None
    interval_90: MoneyInterval | None


class NextOrder(Struct):
    """The day by which the next order is as likely to have come as not, if one comes within two years."""

    date: str
    interval_50: DateInterval | None
    interval_90: DateInterval | None


class Projection(Struct):
    """What to expect if trade continues as now: a projection, never a measurement."""

    model: str
    horizon_weeks: int
    value: Annotated[Money, Meta(description="Of the orders within the horizon, undiscounted; of the kind `value`.")]
    orders: Annotated[Number, Meta(description="Orders within the horizon.")]
    spend_per_order: Money
    residual_value: Annotated[
        Decimal | None, Meta(description="Of all orders ever to come, discounted by a tenth a year.")
    ]
    alive: Annotated[float, Meta(description="Probability of still being a customer.")]
    chance_of_order: Annotated[float, Meta(description="Probability of an order within `chance_days`.")]
    chance_days: int
    next_order: Annotated[NextOrder | None, Meta(description="Null where none is expected within two years.")]


class SegmentOfUser(Struct):
    """The segment that the user is in, and why, in the language of `Accept-Language`."""

    id: str
    name: str
    reason: str


class ValueAnswer(Struct):
    """What a user is worth by the published snapshot."""

    user_id: str
    as_of: Annotated[str, Meta(description="The instant up to which the log was known.")]
    model_version: Annotated[str, Meta(description="The snapshot's name.")]
    currency: str
    value: Annotated[str, Meta(description="What value consists of: margin, estimated_margin, part_margin or revenue.")]
    so_far: Annotated[Decimal, Meta(description="What the user's orders have brought, refunds taken off.")]
    order_days: int
    last_order: str
    segment: SegmentOfUser
    projection: Annotated[Projection | None, Meta(description="Null where the shop's history carries none.")]


class SegmentInWords(Struct):
    """A segment; a user is in the first that fits."""

    id: str
    name: str
    definition: str
    customers: Annotated[int | None, Meta(description="Null while no values are published.")]


class SegmentsAnswer(Struct):
    """All segments, in the order in which they are tried."""

    as_of: str | None
    model_version: str | None
    segments: list[SegmentInWords]


@get("/v1/users/{user_id:str}/value", responses=refusals(404, 503), summary="What a user is worth")
async def get_value(
    user_id: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> ValueAnswer:
    """What a user has brought and may bring, with 50 and 90 % intervals, by the values published last.

    404 is answered alike for a user nobody knows, one who had not ordered by then, and before any values are published.
    """
    known = await asyncio.to_thread(_log_id, services, user_key(user_id))
    found = services.values.of_user(known)
    return value_answer(user_id, found, spoken=spoken_language(request))


@get("/v1/segments", responses=refusals(), summary="The segments of customers")
async def get_segments(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> SegmentsAnswer:
    """Every segment with its definition in the language of `Accept-Language`, and how many customers are in it."""
    kept, counts, spoken = services.values.current, services.values.segment_counts(), spoken_language(request)
    value: Value = "margin" if kept is None else kept.about["value"]
    has_model = kept is None or kept.about["model"] is not None
    return SegmentsAnswer(
        as_of=None if kept is None else instant_text(kept.about["until_seconds"] * 1_000_000),
        model_version=None if kept is None else kept.version,
        segments=[
            SegmentInWords(
                segment.id,
                segment.name[spoken],
                segment.definition(spoken, value=value, has_model=has_model),
                None if counts is None else counts[segment.id],
            )
            for segment in SEGMENTS
        ],
    )


def spoken_language(request: Request[Any, Any, Any]) -> Language:
    """The language that the request asks for, English where it asks for none of ours."""
    return cast(Language, language(request.headers.get("accept-language")))


def _log_id(services: Services, key: UserKey) -> int | None:
    with services.database.reader.connect() as connection:
        return user_ids(connection, [key]).get(key)


def value_answer(user_id: str, found: UserValue, *, spoken: Language) -> ValueAnswer:
    """What a row of a snapshot says of the user, with reasons in the language."""
    about = found.kept.about
    segment = found.membership(spoken)
    return ValueAnswer(
        user_id=user_id,
        as_of=instant_text(about["until_seconds"] * 1_000_000),
        model_version=found.kept.version,
        currency=about["currency"],
        value=about["value"],
        so_far=decimal_amount(found.number("so_far_minor"), about["currency"]),
        order_days=found.number("order_days"),
        last_order=_day(found.number("last_day")),
        segment=SegmentOfUser(segment.id, segment.name, segment.reason),
        projection=_projection(found) if found.has_projection else None,
    )


def _projection(found: UserValue) -> Projection:
    about = found.kept.about
    until_day, currency = about["until_day"], about["currency"]
    value, orders, spend = (found.spread(name) for name in ("margin_minor", "orders", "spend_minor"))
    assert value is not None
    assert orders is not None
    assert spend is not None
    next_order = found.spread("next_order_weeks")
    residual = found.number("residual_minor")
    return Projection(
        model=about["model"],
        horizon_weeks=about["horizon_weeks"],
        value=_money(value, currency),
        orders=Number(orders.expected, *_intervals(orders, lambda low, high: Interval(low, high))),
        spend_per_order=_money(spend, currency),
        residual_value=None if residual is None else decimal_amount(round(residual), currency),
        alive=found.number("alive"),
        chance_of_order=found.number("chance"),
        chance_days=about["chance_days"],
        next_order=None if next_order is None else _next_order(next_order, until_day),
    )


def _money(spread: Expected, currency: str) -> Money:
    def interval(low: float, high: float) -> MoneyInterval:
        return MoneyInterval(decimal_amount(round(low), currency), decimal_amount(round(high), currency))

    return Money(decimal_amount(round(spread.expected), currency), *_intervals(spread, interval))


def _next_order(weeks: Expected, until_day: int) -> NextOrder:
    def interval(low: float, high: float) -> DateInterval:
        return DateInterval(_day(_days_ahead(until_day, low)), _day(_days_ahead(until_day, high)))

    return NextOrder(_day(_days_ahead(until_day, weeks.expected)), *_intervals(weeks, interval))


def _intervals(spread: Expected, interval: Callable[[float, float], T]) -> tuple[T | None, T | None]:
    return (
        None if spread.interval_50 is None else interval(*spread.interval_50),
        None if spread.interval_90 is None else interval(*spread.interval_90),
    )


def _days_ahead(until_day: int, weeks: float) -> int:
    """The day on which so many weeks after the end of ``until_day`` fall."""
    return until_day + max(1, int(np.ceil(weeks * 7)))


def _day(day: int) -> str:
    return str(np.datetime64(day, "D"))
