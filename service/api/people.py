"""People's rights: a visitor merged into the user she is, all data handed over, a person forgotten."""

import asyncio
import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from litestar.response import Stream
from msgspec import Meta, Struct

from customers.wording import Language
from service.api.answers import body_refusals, refusals
from service.api.batches import operation_with, struct_schema
from service.api.requests import PathName, request_now, user_key, visitor_key
from service.api.text import PersonId, decoded
from service.api.values import ValueAnswer, spoken_language, value_answer
from service.jobs.erasing import erased
from service.jobs.merging import merged
from service.log.dictionaries import user_ids
from service.log.disclosure import Entry, disclosure
from service.log.names import UserKey
from service.log.suppressions import lift_suppression
from service.wiring import Services

MOST_BYTES = 10_000
_SPOOLED_BYTES, _BLOCK_BYTES = 2**20, 2**16


class Merging(Struct, kw_only=True, forbid_unknown_fields=True):
    """The visitor who turned out to be the user of the path."""

    visitor_id: PersonId


class MovedRows(Struct):
    """Rows that became the user's."""

    events: int
    exposures: int
    assignments: int


class Merged(Struct):
    """What a merge moved; zeros for a visitor who had been merged into this user before."""

    user_id: str
    moved: MovedRows


class Erasure(Struct):
    """The receipt of an erasure; it names nobody."""

    as_of: str
    removed: dict[str, int]
    money: dict[str, dict[str, str]]
    experiments: dict[str, dict[str, int]]
    left: Annotated[dict[str, int], Meta(description="What a second look found: rows that still are the person's.")]
    storage: dict[str, Any]
    may_remain: list[dict[str, str]]


class Lifted(Struct):
    """Whether somebody was on the list of the forgotten."""

    lifted: bool


@post(
    "/v1/users/{user_id:str}/merge",
    status_code=200,
    request_max_body_size=MOST_BYTES,
    operation_class=operation_with(struct_schema(Merging)),
    responses=body_refusals(409),
    summary="Merge a visitor into a user",
)
async def post_merge(
    user_id: PathName, body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Merged:
    """Makes everything of the visitor the user's, now and later; asking again moves nothing more."""
    now = request_now(request, services)
    user, visitor = user_key(user_id), visitor_key(decoded(body, Merging).visitor_id)
    moved = await asyncio.to_thread(merged, services.writer, user, visitor, now=now)
    for table in ("events", "exposures", "assignments"):
        services.metrics.people_rows.labels("merged", table).inc(getattr(moved, table))
    return Merged(user_id, MovedRows(moved.events, moved.exposures, moved.assignments))


@get("/v1/users/{user_id:str}/data", responses=refusals(503), summary="Everything held on a user")
async def get_user_data(
    user_id: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Stream:
    """All that is held on a user: attributes, events, exposures, assignments, merged visitors, what was refused.

    `values` is what every snapshot of customer values says of the user, reasons in the language of `Accept-Language`.
    """
    return await _data(user_key(user_id), request, services)


@get(
    "/v1/visitors/{visitor_id:str}/data",
    responses=refusals(503),
    summary="Everything held on a visitor",
)
async def get_visitor_data(
    visitor_id: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Stream:
    """The same for a visitor; one who was merged into a user is that user."""
    return await _data(visitor_key(visitor_id), request, services)


@delete("/v1/users/{user_id:str}", status_code=200, responses=refusals(409, 503), summary="Forget a user")
async def delete_user(
    user_id: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Erasure:
    """Removes everything held on a user, for good, and answers the receipt; late events are refused from now on."""
    return await _erasure(user_key(user_id), request, services)


@delete("/v1/visitors/{visitor_id:str}", status_code=200, responses=refusals(409, 503), summary="Forget a visitor")
async def delete_visitor(
    visitor_id: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Erasure:
    """The same for a visitor; one who was merged into a user is that user, who is forgotten as a whole."""
    return await _erasure(visitor_key(visitor_id), request, services)


@delete(
    "/v1/users/{user_id:str}/suppression",
    status_code=200,
    responses=refusals(409, 503),
    summary="Let a forgotten user come back",
)
async def delete_user_suppression(user_id: PathName, services: NamedDependency[Services]) -> Lifted:
    """Takes a user off the list of the forgotten, because she has come back and agrees; from now on she is new."""
    return await _lifted(user_key(user_id), services)


@delete(
    "/v1/visitors/{visitor_id:str}/suppression",
    status_code=200,
    responses=refusals(409, 503),
    summary="Let a forgotten visitor come back",
)
async def delete_visitor_suppression(visitor_id: PathName, services: NamedDependency[Services]) -> Lifted:
    """The same for a visitor."""
    return await _lifted(visitor_key(visitor_id), services)


async def _erasure(key: UserKey, request: Request[Any, Any, Any], services: Services) -> Erasure:
    now = request_now(request, services)
    # One at a time: each reads all dead letters and the file's free space, and rewrites files of refused rows.
    async with services.long_reads:
        receipt = await asyncio.to_thread(
            erased, services.database, services.writer, services.settings, key, now=now, is_served=True
        )
    for table, count in receipt["removed"].items():
        services.metrics.people_rows.labels("erased", table).inc(count)
    return Erasure(**receipt)


async def _lifted(key: UserKey, services: Services) -> Lifted:
    write = services.writer.submit(lambda connection: lift_suppression(connection, key))
    return Lifted(await asyncio.wrap_future(write))


async def _data(key: UserKey, request: Request[Any, Any, Any], services: Services) -> Stream:
    as_of = request_now(request, services)
    async with services.long_reads:
        document = await asyncio.to_thread(_spooled, services, key, as_of=as_of, spoken=spoken_language(request))
    return Stream(_blocks(document), media_type="application/json")


def _blocks(document: IO[bytes]) -> Iterator[bytes]:
    with document:
        while block := document.read(_BLOCK_BYTES):
            yield block


def _spooled(services: Services, key: UserKey, *, as_of: int, spoken: Language) -> IO[bytes]:
    """The document, read from the log as a whole before a slow reader takes it; beyond a megabyte it lies on disk."""
    document = tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115  closed by the answer
    document.writelines(_document(services, key, as_of=as_of, spoken=spoken))
    document.seek(0)
    return document


def _document(services: Services, key: UserKey, *, as_of: int, spoken: Language) -> Iterator[bytes]:
    """The document in pieces, so that a long history never is in memory as a whole."""
    with services.database.reader.connect() as connection:
        held = disclosure(connection, key, as_of=as_of)
        yield msgspec.json.encode(held.about)[:-1]
        known = user_ids(connection, [key]).get(key)
        for name, rows in {**held.sections, "values": _values(services, known, held.about, spoken)}.items():
            yield b"," + msgspec.json.encode(name) + b":["
            for number, row in enumerate(rows):
                yield (b"," if number else b"") + msgspec.json.encode(row)
            yield b"]"
        yield b"}"


def _values(services: Services, known: int | None, about: Entry, spoken: Language) -> Iterator[ValueAnswer]:
    """What each snapshot says of the user; of a visitor who is nobody's there is none."""
    if known is not None and "user_id" in about:
        for found in services.values.every_one_of_user(known):
            yield value_answer(about["user_id"], found, spoken=spoken)
