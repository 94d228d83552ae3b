"""Batches whose entries are decoded one by one, so that a bad one costs only itself."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self, TypeVar

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, Reference, RequestBody, Schema
from msgspec import Struct

from service.api.text import ID_CHARACTERS, decoded
from service.log.append import DeadLetter, append_dead_letters
from service.log.database import Connection
from service.money import AmountRefused
from service.problems import RequestRefused
from service.wiring import Services

T = TypeVar("T")

EVENT_ID_CHARACTERS = 128
"""Longest id of an event."""


class Refusal(NamedTuple):
    """Why one entry of a batch can't be stored, and its id if that can be read."""

    id: str | None
    reason: str


class EntryResult(Struct, omit_defaults=True):
    """What became of one entry; only events can be duplicates."""

    id: str | None
    result: Literal["accepted", "duplicate", "rejected"]
    reason: str | None = None

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """What became of an entry that could not even be read."""
        return cls(refusal.id, "rejected", refusal.reason)


class EntryResults(Struct):
    """What became of each entry, in the order sent."""

    results: list[EntryResult]


def raw_entries(body: bytes, name: str, *, most: int) -> list[msgspec.Raw]:
    """The undecoded entries of a body like ``{"events": [...]}``.

    Raises:
        RequestRefused: If the body is no such JSON or holds more than ``most`` entries.
    """
    try:
        batch = decoded(body, dict[str, msgspec.Raw])
        entries = decoded(batch[name], list[msgspec.Raw]) if set(batch) == {name} else None
    except RequestRefused as error:
        raise RequestRefused(f'the body must be JSON like {{"{name}": [{{...}}]}}: {error}') from error
    if entries is None:
        raise RequestRefused(f"the body must have the one field {name!r}, got {sorted(batch)[:5]}")
    if len(entries) > most:
        raise RequestRefused(f"a request takes at most {most} {name}, got {len(entries)}: send them in pieces")
    return entries


def read_entries(raws: Sequence[msgspec.Raw], read: Callable[[msgspec.Raw], T]) -> list[T | Refusal]:
    """What each entry says, in the order sent, or why it is refused: ``read`` raises for those."""
    return [_read(raw, read) for raw in raws]


async def stored_entries(
    services: Services,
    raws: Sequence[msgspec.Raw],
    entries: Sequence[T | Refusal],
    *,
    what: Literal["item", "user"],
    id_of: Callable[[T], str],
    store: Callable[[Connection, list[T]], None],
    now: int,
) -> EntryResults:
    """What became of each item or user: the good ones are stored and the others kept as dead letters, in one commit.

    Args:
        services: The service.
        raws: The entries as sent.
        entries: The same, read.
        what: Label of the metric.
        id_of: The outside id of an entry.
        store: Stores the good ones.
        now: Microseconds UTC.
    """
    good = [entry for entry in entries if not isinstance(entry, Refusal)]
    results = [
        EntryResult.of(entry) if isinstance(entry, Refusal) else EntryResult(id_of(entry), "accepted")
        for entry in entries
    ]

    def write(connection: Connection) -> None:
        store(connection, good)
        append_dead_letters(connection, dead_letters(raws, results, received_at=now))

    await asyncio.wrap_future(services.writer.submit(write))
    for result in results:
        services.metrics.entries.labels(what, result.result).inc()
    return EntryResults(results)


def dead_letters(
    raws: Sequence[msgspec.Raw], results: Sequence[EntryResult], *, received_at: int, of_events: bool = False
) -> list[DeadLetter]:
    """The entries that were rejected, word for word as sent, each with its reason."""
    return [
        DeadLetter(
            received_at=received_at,
            origin="http",
            reason=result.reason or "",
            payload=bytes(raw).decode(errors="replace"),
            event_id=result.id[:EVENT_ID_CHARACTERS] if of_events and result.id else None,
        )
        for raw, result in zip(raws, results, strict=True)
        if result.result == "rejected"
    ]


def operation_for(name: str, entry: type[Struct]) -> type[Operation]:
    """An OpenAPI operation that documents a batch's body, which the handler takes as bytes."""
    (described,) = msgspec.json.schema_components([entry])[1].values()
    properties: dict[str, Reference | Schema] = {
        field: _schema(said) for field, said in described["properties"].items()
    }
    one = Schema(type=OpenAPIType.OBJECT, required=described.get("required", []), properties=properties)
    batch = Schema(type=OpenAPIType.ARRAY, items=one)
    return operation_with(Schema(type=OpenAPIType.OBJECT, required=[name], properties={name: batch}))


def operation_with(body: Schema, *, media_type: str = "application/json") -> type[Operation]:
    """An OpenAPI operation that documents the body, which the handler takes as bytes."""

    @dataclass
    class OperationWithBody(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content={media_type: OpenAPIMediaType(schema=body)}, required=True)

    return OperationWithBody


class _Named(Struct):
    """The one field by which a sender knows an entry again; the others may be whatever they are."""

    id: str | None = None


def _read(raw: msgspec.Raw, read: Callable[[msgspec.Raw], T]) -> T | Refusal:
    try:
        return read(raw)
    except (RequestRefused, AmountRefused) as error:
        return Refusal(_readable_id(raw), str(error))


def _readable_id(raw: msgspec.Raw) -> str | None:
    """The id of an entry that was refused, if it has one that can be read and kept."""
    try:
        id_ = decoded(raw, _Named).id
    except RequestRefused:
        return None
    return None if id_ is None or "\0" in id_ else id_[:ID_CHARACTERS]


def _schema(said: dict[str, Any]) -> Schema:
    """The parts of a JSON schema that help a reader of the documentation."""
    return Schema(
        type=OpenAPIType(said["type"]) if "type" in said else None,
        enum=said.get("enum"),
        format=said.get("format"),
        any_of=[_schema(one) for one in said["anyOf"]] if "anyOf" in said else None,
    )
