"""What a fuzzer checks of our answers beyond what it knows by itself.

``SCHEMATHESIS_HOOKS=fuzzing`` loads this module, ``fuzzing.toml`` beside it says which statuses are meant.
"""

import json
from typing import Any

import jsonschema_rs
import schemathesis
from schemathesis import Case, CheckContext, Response

BATCHES = ("/v1/events", "/v1/items", "/v1/users")
"""Addresses that judge each entry of a body on its own, and answer 2xx whatever becomes of them."""

BEYOND_ENTRY_SCHEMAS = ("in the future", "before 1970", "sent before with another payload", "U+0000")
BEYOND_DESIGN_SCHEMA = (
    "shares must add up to 1",
    "control must be one of the arms",
    "must have different keys",
    "must not repeat the primary outcome",
    "must name each outcome once",
    "policy of arm",
    "may be nested at most",
    "salt must be 1 to 64 printable characters",
    "U+0000",
)
"""Words of refusals that a JSON schema has no words for."""


@schemathesis.check
def trouble_says_when_to_come_back(ctx: CheckContext, response: Response, case: Case) -> None:
    """503 is the one answer of a server in trouble, and it says how long to wait."""
    if response.status_code >= 500:
        assert response.status_code == 503, "a fault of ours"
        assert response.headers.get("retry-after"), "503 without Retry-After"


@schemathesis.check
def entries_are_judged_by_their_schema(ctx: CheckContext, response: Response, case: Case) -> None:
    """An entry against the documented schema is rejected; one that keeps it is taken, as far as a schema can say."""
    if case.operation.path not in BATCHES or response.status_code not in (200, 202):
        return
    ((name, entries),) = _documented_body(case)["properties"].items()
    schema = _validator(entries["items"])
    sent = json.loads(response.request.body)[name]
    for entry, result in zip(sent, response.json()["results"], strict=True):
        rejected = result["result"] == "rejected"
        if not schema.is_valid(entry):
            assert rejected, f"taken against the schema: {entry!r}"
        elif rejected:
            assert _any_of(BEYOND_ENTRY_SCHEMAS, result["reason"]), f"refused: {result['reason']}: {entry!r}"


@schemathesis.check
def designs_are_judged_by_their_schema(ctx: CheckContext, response: Response, case: Case) -> None:
    """A design that keeps the documented schema is refused only for what a schema can't say."""
    if (case.operation.path, case.method, response.status_code) != ("/v1/experiments", "POST", 400):
        return
    try:
        valid = _validator(_documented_body(case)).is_valid(json.loads(response.request.body))
    except (TypeError, ValueError):  # no body, or one that is no JSON
        return
    if valid:
        detail = response.json()["detail"]
        assert _any_of(BEYOND_DESIGN_SCHEMA, detail), f"refused: {detail}"


def _documented_body(case: Case) -> Any:
    return case.operation.definition.raw["requestBody"]["content"]["application/json"]["schema"]


def _validator(schema: Any) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _any_of(words: tuple[str, ...], said: str) -> bool:
    return any(word in said for word in words)
