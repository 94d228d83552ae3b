"""Batches whose entries are decoded one by one, so that a bad one costs only itself."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, Reference, RequestBody, Schema
from msgspec import Struct

from service.problems import RequestRefused

_ID_CHARACTERS = 128


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
        batch = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if set(batch) != {name}:
            raise RequestRefused(f"the body must have the one field {name!r}, got {sorted(batch)[:5]}")
        entries = msgspec.json.decode(batch[name], type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRefused(f'the body must be JSON like {{"{name}": [{{...}}]}}: {error}') from error
    if len(entries) > most:
        raise RequestRefused(f"a request takes at most {most} {name}, got {len(entries)}: send them in pieces")
    return entries


def readable_id(raw: msgspec.Raw) -> str | None:
    """The id of an entry that could not be decoded as a whole, if it has one."""
    try:
        id_ = msgspec.json.decode(raw, type=dict[str, Any]).get("id")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return id_[:_ID_CHARACTERS] if isinstance(id_, str) else None


def operation_for(name: str, entry: type[Struct]) -> type[Operation]:
    """An OpenAPI operation that documents the body, which the handler takes as bytes."""
    (described,) = msgspec.json.schema_components([entry])[1].values()

    @dataclass
    class BatchOperation(Operation):
        def __post_init__(self) -> None:
            properties: dict[str, Reference | Schema] = {
                field: _schema(said) for field, said in described["properties"].items()
            }
            one = Schema(type=OpenAPIType.OBJECT, required=described.get("required", []), properties=properties)
            batch = Schema(
                type=OpenAPIType.OBJECT, required=[name], properties={name: Schema(type=OpenAPIType.ARRAY, items=one)}
            )
            self.request_body = RequestBody(content={"application/json": OpenAPIMediaType(schema=batch)}, required=True)

    return BatchOperation


def _schema(said: dict[str, Any]) -> Schema:
    """The parts of a JSON schema that help a reader of the documentation."""
    return Schema(
        type=OpenAPIType(said["type"]) if "type" in said else None,
        enum=said.get("enum"),
        format=said.get("format"),
        any_of=[_schema(one) for one in said["anyOf"]] if "anyOf" in said else None,
    )
