"""What the OpenAPI document says of answers: every refusal an operation can give, and what a query can't say."""

from http import HTTPStatus
from typing import Any

from litestar import Request, Router
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin

from service.problems import PROBLEM_MEDIA_TYPE, Problem

_MEANING = {
    HTTPStatus.BAD_REQUEST: "The request is wrong; `detail` names the part, its rule and the value.",
    HTTPStatus.NOT_FOUND: "The log knows nothing of this name.",
    HTTPStatus.CONFLICT: "The request is right, but not as things stand; `detail` says why.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this operation takes; nothing was read.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is compressed; send it as it is.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The log can't be written or read now; nothing was stored. Ask again later.",
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait before asking again.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    }
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The refusals of an operation, for ``responses=`` of its route: 400 and 414, which every one has, and these."""
    too_long = ResponseSpec(None, description="The address has more than 65,534 characters; the answer has no body.")
    return {
        HTTPStatus.REQUEST_URI_TOO_LONG.value: too_long,
        **{
            status: ResponseSpec(
                Problem,
                generate_examples=False,
                description=_MEANING[HTTPStatus(status)],
                media_type=PROBLEM_MEDIA_TYPE,
            )
            for status in (HTTPStatus.BAD_REQUEST.value, *statuses)
        },
    }


def body_refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The refusals of an operation that takes a body and writes it to the log, and these besides."""
    return refusals(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.SERVICE_UNAVAILABLE,
        *statuses,
    )


class DocumentPlugin(JsonRenderPlugin):
    """The OpenAPI document with what Litestar has no words for."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        return super().render(request, completed(openapi_schema))

    def receive_router(self, router: Router) -> None:
        """Leaves addresses that nobody knows to the app: Litestar has a page in HTML for those beside the document."""
        router.routes[:] = [route for route in router.routes if not route.path_parameters]


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document, in which each 503 says when to ask again and no query parameter can be null."""
    return {**document, "paths": {path: _completed_path(said) for path, said in document["paths"].items()}}


def _completed_path(operations: dict[str, Any]) -> dict[str, Any]:
    return {method: _completed_operation(operation) for method, operation in operations.items()}


def _completed_operation(operation: dict[str, Any]) -> dict[str, Any]:
    responses = dict(operation["responses"])
    unavailable = str(HTTPStatus.SERVICE_UNAVAILABLE.value)
    if unavailable in responses:
        responses[unavailable] = {**responses[unavailable], "headers": _RETRY_AFTER}
    parameters = [
        {**parameter, "schema": _without_null(parameter["schema"])} for parameter in operation.get("parameters", ())
    ]
    return {**operation, "responses": responses, **({"parameters": parameters} if parameters else {})}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be left out: a query string has no word for null."""
    left = dict(schema)
    for choice in left.pop("oneOf", ()):
        if choice != {"type": "null"}:
            left.update(choice)
    if isinstance(left.get("type"), list):
        (left["type"],) = (kind for kind in left["type"] if kind != "null")
    if None in left.get("enum", ()):
        left["enum"] = [value for value in left["enum"] if value is not None]
    return left
