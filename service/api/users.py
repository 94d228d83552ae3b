"""``PUT /v1/users``: what the shop knows of its users, for targeting and for the segment rung of the ladder."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Request, put
from litestar.di import NamedDependency
from litestar.params import RawBody
from msgspec import Meta, Struct

from service.api.answers import body_refusals
from service.api.batches import (
    EntryResults,
    operation_for,
    raw_entries,
    read_entries,
    stored_entries,
)
from service.api.requests import request_now, user_key
from service.api.text import PersonId, storable
from service.log.append import FORGOTTEN
from service.log.catalogue import put_user_attributes
from service.log.database import Connection
from service.log.names import UserKey
from service.wiring import Services

MOST_USERS = 1_000
MOST_BYTES = 2_000_000

Value = Annotated[str, Meta(max_length=256)] | int | float | bool | None


class User(Struct, kw_only=True, forbid_unknown_fields=True):
    """One user's attributes, replacing all that were known; ``country`` is the segment of the popularity ladder.

    Audiences are made of ``email``, ``phone``, and a true ``consent``; ``message_consent`` and ``advertising_consent``
    go before it.
    """

    id: PersonId
    attributes: Annotated[dict[Annotated[str, Meta(min_length=1, max_length=64)], Value], Meta(max_length=64)]


@put(
    "/v1/users",
    request_max_body_size=MOST_BYTES,
    operation_class=operation_for("users", User, most=MOST_USERS),
    responses=body_refusals(),
    summary="Describe users",
)
async def put_users(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> EntryResults:
    """Stores up to 1,000 users' attributes, and says of each what became of it."""
    now = request_now(request, services)
    raws = raw_entries(body, "users", most=MOST_USERS)
    entries = read_entries(raws, _described_user)
    return await stored_entries(
        services,
        raws,
        entries,
        what="user",
        id_of=lambda user: user.key.external_id,
        store=lambda connection, users: _stored(connection, users, now=now),
        now=now,
    )


class _Described(NamedTuple):
    """A user as the log takes her."""

    key: UserKey
    attributes: dict[str, Any]


def _stored(connection: Connection, described: Sequence[_Described], *, now: int) -> list[str | None]:
    forgotten = put_user_attributes(connection, dict(described), now=now)
    return [FORGOTTEN if user.key in forgotten else None for user in described]


def _described_user(raw: msgspec.Raw) -> _Described:
    user = storable(raw, User)
    return _Described(user_key(user.id, "id"), dict(user.attributes))
