"""Batches whose entries are decoded one by one, so that a bad one costs only itself."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self, TypeVar

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from msgspec import Struct

from service.api.text import AMOUNT_SCHEMA, ID_CHARACTERS, decoded
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


class EntryResult(Struct, omit_defaults=True, gc=False):
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
    store: Callable[[Connection, list[T]], Sequence[str | None]],
    now: int,
) -> EntryResults:
    """What became of each item or user: the good ones are stored and the others kept as dead letters, in one commit.

    Args:
        services: The service.
        raws: The entries as sent.
        entries: The same, read.
        what: Label of the metric.
        id_of: The outside id of an entry.
        store: Stores the good ones; says of each, in order, why it was refused after all, or None.
        now: Microseconds UTC.
    """
    good = [entry for entry in entries if not isinstance(entry, Refusal)]

    def result_of(entry: T | Refusal, reasons: Iterator[str | None]) -> EntryResult:
        if isinstance(entry, Refusal):
            return EntryResult.of(entry)
        reason = next(reasons)
        return EntryResult(id_of(entry), "accepted" if reason is None else "rejected", reason)

    def write(connection: Connection) -> list[EntryResult]:
        reasons = iter(store(connection, good))
        results = [result_of(entry, reasons) for entry in entries]
        append_dead_letters(connection, dead_letters(raws, results, received_at=now))
        return results

    results = await asyncio.wrap_future(services.writer.submit(write))
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


def operation_for(name: str, entry: Any, *, most: int) -> type[Operation]:
    """An OpenAPI operation that documents a batch's body, which the handler takes as bytes.

    Args:
        name: The one field of the body.
        entry: The type of its entries.
        most: Entries that a body may hold.
    """
    entries = {"type": "array", "maxItems": most, "items": struct_schema(entry)}
    return operation_with(
        {"type": "object", "required": [name], "properties": {name: entries}, "additionalProperties": False}
    )


def operation_with(body: dict[str, Any], *, media_type: str = "application/json") -> type[Operation]:
    """An OpenAPI operation that documents the body by its JSON schema; the handler takes it as bytes."""

    @dataclass
    class OperationWithBody(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody({media_type: OpenAPIMediaType(_JsonSchema(body))}, required=True)

    return OperationWithBody


def struct_schema(struct: Any) -> dict[str, Any]:
    """The JSON schema of a struct, with all that the ``Meta`` of its fields and its own say of it."""
    (referred,), components = msgspec.json.schema_components([struct])
    (described,) = components.values()
    more = {field: said for field, said in referred.items() if field != "$ref"}
    schema: dict[str, Any] = _decimals_spelt({**described, **more})
    return schema


def _decimals_spelt(said: Any) -> Any:
    """The schema with amounts as they may be sent: msgspec decodes a number too, but documents text alone."""
    if isinstance(said, dict):
        is_amount = said.get("format") == "decimal"
        return AMOUNT_SCHEMA if is_amount else {name: _decimals_spelt(value) for name, value in said.items()}
    return [_decimals_spelt(value) for value in said] if isinstance(said, list) else said


class _JsonSchema(Schema):
    """A schema as it will be read, where Litestar's classes would have to be filled field by field."""

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__()
        self._said = said

    def to_schema(self) -> dict[str, Any]:
        return self._said


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
