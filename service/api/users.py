"""``PUT /v1/users``: what the shop knows of its users, for targeting and for the segment rung of the ladder."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, put
from litestar.di import NamedDependency
from litestar.params import RawBody
from msgspec import Meta, Struct

from service.api.batches import EntryResult, EntryResults, Refusal, operation_for, raw_entries, readable_id
from service.api.requests import id_problem, request_now
from service.log.catalogue import put_user_attributes
from service.log.dictionaries import UserKey
from service.wiring import Services

MOST_USERS = 1_000
MOST_BYTES = 2_000_000

Value = Annotated[str, Meta(max_length=256)] | int | float | bool | None


class User(Struct, kw_only=True, forbid_unknown_fields=True):
    """One user's attributes, replacing all that were known; ``country`` is the segment of the popularity ladder."""

    id: str
    attributes: Annotated[dict[Annotated[str, Meta(min_length=1, max_length=64)], Value], Meta(max_length=64)]


@put(
    "/v1/users",
    request_max_body_size=MOST_BYTES,
    operation_class=operation_for("users", User),
    summary="Describe users",
)
async def put_users(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> EntryResults:
    """Stores up to 1,000 users' attributes, and says of each what became of it."""
    now = request_now(request, services)
    decoded = [_decoded(raw) for raw in raw_entries(body, "users", most=MOST_USERS)]
    said = {UserKey(False, user.id): dict(user.attributes) for user in decoded if isinstance(user, User)}
    await asyncio.wrap_future(services.writer.submit(lambda connection: put_user_attributes(connection, said, now=now)))
    return EntryResults(
        [
            EntryResult.of(entry) if isinstance(entry, Refusal) else EntryResult(entry.id, "accepted")
            for entry in decoded
        ]
    )


def _decoded(raw: msgspec.Raw) -> User | Refusal:
    try:
        user = msgspec.json.decode(raw, type=User)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Refusal(readable_id(raw), str(error))
    problem = id_problem(user.id, "id")
    return user if problem is None else Refusal(user.id, problem)
