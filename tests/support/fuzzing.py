"""What a fuzzer checks of our answers beyond what it knows itself; ``SCHEMATHESIS_HOOKS=fuzzing`` loads it in long runs."""

import json

import jsonschema_rs
import schemathesis
from schemathesis import Case, CheckContext, Response

BATCHES = ("/v1/events", "/v1/items", "/v1/users")
"""Addresses that answer for each entry of a body on its own, with 2xx whatever becomes of them."""

BEYOND_SCHEMA = ("in the future", "before 1970", "sent before with another payload")
"""Words of refusals for what a JSON schema has no words for: instants out of range, an id sent before."""


@schemathesis.check
def unavailable_says_when_to_come_back(ctx: CheckContext, response: Response, case: Case) -> None:
    """503 is the one answer of a server in trouble, and it says how long to wait."""
    if response.status_code >= 500:
        assert response.status_code == 503, "a fault of ours"
        assert response.headers.get("retry-after"), "503 without Retry-After"


@schemathesis.check
def entries_are_judged_by_their_schema(ctx: CheckContext, response: Response, case: Case) -> None:
    """An entry that breaks the documented schema is rejected; one that keeps it is taken, as far as a schema can say."""
    if case.operation.path not in BATCHES or response.status_code not in (200, 202):
        return
    body = case.operation.definition.raw["requestBody"]["content"]["application/json"]["schema"]
    ((name, entries),) = body["properties"].items()
    schema = jsonschema_rs.Draft202012Validator(entries["items"], validate_formats=True)
    sent = json.loads(response.request.body)[name]
    for entry, result in zip(sent, response.json()["results"], strict=True):
        rejected = result["result"] == "rejected"
        if not schema.is_valid(entry):
            assert rejected, f"taken against the schema: {entry!r}"
        elif rejected:
            assert any(words in result["reason"] for words in BEYOND_SCHEMA), f"refused: {result['reason']}: {entry!r}"
