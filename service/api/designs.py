"""The JSON schema of an experiment's design, for the documentation alone: ``experiments.design`` holds the rules."""

from typing import Any

from experiments.outcomes import OUTCOMES

_KEY = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}
_OUTCOME = {"enum": list(OUTCOMES)}
_OBSERVED = {"enum": [name for name, outcome in OUTCOMES.items() if not outcome.is_projection]}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What may also be written as null, which leaves it out."""
    return {"anyOf": [schema, {"type": "null"}]}


def _object(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_ARM = _object(
    ["key", "share"],
    key=_KEY,
    share={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    policy=_or_null({"type": "object", "description": "Sources, rules and dials that make this arm's feed."}),
    parameters=_or_null({"type": "object", "description": "What the storefront itself varies."}),
)

DESIGN_SCHEMA = _object(
    ["key", "arms", "control", "primary"],
    key=_KEY,
    hypothesis=_or_null({"type": "string", "maxLength": 2_000}),
    unit=_or_null({"enum": ["user", "visitor"]}),
    arms={
        "type": "array",
        "minItems": 2,
        "items": _ARM,
        "description": "Their keys differ and their shares add up to 1.",
    },
    control={**_KEY, "description": "Key of the arm that the others are compared with."},
    layer=_or_null(_KEY),
    eligibility=_or_null({"type": "object", "maxProperties": 0, "description": "Not supported yet."}),
    primary=_object(
        ["outcome", "window_days"],
        outcome=_OBSERVED,
        window_days={"type": "integer", "minimum": 1, "maximum": 730},
        minimal_effect=_or_null({"type": "number", "exclusiveMinimum": 0}),
    ),
    secondary=_or_null({"type": "array", "items": _OUTCOME, "uniqueItems": True}),
    guardrails=_or_null(
        {
            "type": "array",
            "items": _object(["outcome", "margin"], outcome=_OBSERVED, margin={"type": "number", "minimum": 0}),
        }
    ),
    planned_units=_or_null({"type": "integer", "minimum": 2, "maximum": 10**12}),
    salt=_or_null({"type": "string", "minLength": 1, "maxLength": 64}),
)
