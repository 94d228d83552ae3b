"""Parameters of a request, held against what the OpenAPI document says of them."""

from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar import Request, Response
from litestar.exceptions import ValidationException
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Operation, Parameter, PathItem, Schema

from service.problems import EncodingRefused, RequestRefused, problem_of

_LONGEST_SHOWN = 40


async def before_handler(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Refuses what no handler would look at, before any is asked: it would be ignored in silence.

    Returns:
        The answer to ``OPTIONS``, in place of Litestar's, which forgets the methods that another handler takes at the
        same address; None for every other method.

    Raises:
        EncodingRefused: If the body is compressed.
        RequestRefused: If the address is no UTF-8, or its query names a parameter that the operation does not have, or
            one twice.
    """
    if request.method == HTTPMethod.OPTIONS and (methods := _methods(request)):
        return Response(None, status_code=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(methods)})
    _check_encoding(request)
    _check_address(request)
    _check_query(request)
    return None


def parameter_problem(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """The problem of a parameter that can't be read: its name, its rule and its value."""
    entries = error.extra if isinstance(error.extra, list) else []
    refused = [_rule_broken(request, entry) for entry in entries if entry.get("key")]
    return problem_of(request, RequestRefused("; ".join(refused)) if refused else error)


def _check_encoding(request: Request[Any, Any, Any]) -> None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise EncodingRefused(f"the body must come uncompressed, got Content-Encoding {encoding[:_LONGEST_SHOWN]!r}")


def _check_address(request: Request[Any, Any, Any]) -> None:
    """Refuses bytes that stand for no text: they would be read as U+FFFD, and different names become one."""
    for part in (request.scope["raw_path"], request.scope["query_string"]):
        try:
            unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            shown = part[:_LONGEST_SHOWN].decode("ascii", "backslashreplace")
            raise RequestRefused(f"an address must be percent-encoded UTF-8, got {shown!r}") from None


def _check_query(request: Request[Any, Any, Any]) -> None:
    if not request.scope["query_string"] or (known := _documented(request, within="query")) is None:
        return
    for name in request.query_params:
        if name not in known:
            taken = f"known are {', '.join(known)}" if known else "it takes none"
            raise RequestRefused(f"this address has no query parameter {name[:_LONGEST_SHOWN]!r}: {taken}")
        _check_given(known[name], request.query_params.getall(name))


def _check_given(parameter: Parameter, given: Sequence[str]) -> None:
    """Refuses what Litestar lets pass: values too many, and the word null as a choice or a date left out."""
    if _kind(parameter) is not OpenAPIType.ARRAY:
        if len(given) > 1:
            shown = [value[:_LONGEST_SHOWN] for value in given[:5]]
            raise RequestRefused(f"{parameter.name} must be given once, got {shown}")
        if given[0] == "null" and any(choice.enum or choice.format for choice in _choices(parameter)):
            raise RequestRefused(f"{parameter.name} must be {_rule(parameter)}, got 'null'")
    elif len(given) > (_choices(parameter)[0].max_items or len(given)):
        raise RequestRefused(f"{parameter.name} must be {_rule(parameter)}, got {len(given)} values")


def _rule_broken(request: Request[Any, Any, Any], entry: Mapping[str, Any]) -> str:
    name = entry["key"]
    parameter = (_documented(request, within="query") or {}).get(name)
    given: object = request.query_params.getall(name, []) if parameter else request.path_params.get(name)
    parameter = parameter or (_documented(request, within="path") or {}).get(name)
    if parameter is None:
        return f"{name}: {entry['message']}"
    if isinstance(given, list):
        given = given[-1]
    return f"{name} must be {_rule(parameter)}, got {str(given)[:_LONGEST_SHOWN]!r}"


def _path_item(request: Request[Any, Any, Any]) -> PathItem | None:
    return (request.app.openapi_schema.paths or {}).get(request.scope.get("path_template", ""))


def _methods(request: Request[Any, Any, Any]) -> list[str]:
    """The methods that the address asked for takes; none if the document leaves it out."""
    item = _path_item(request)
    taken = [method.value for method in HTTPMethod if getattr(item, method.lower(), None) is not None]
    return [*taken, HTTPMethod.OPTIONS.value] if taken else []


def _documented(request: Request[Any, Any, Any], *, within: str) -> dict[str, Parameter] | None:
    """The parameters of the operation asked for, by name; None if it documents no refusal, as for those who watch."""
    operation: Operation | None = getattr(_path_item(request), request.method.lower(), None)
    if operation is None or "400" not in (operation.responses or {}):
        return None
    return {
        parameter.name: parameter
        for parameter in operation.parameters or ()
        if isinstance(parameter, Parameter) and parameter.param_in == within
    }


def _choices(parameter: Parameter) -> list[Schema]:
    """What the parameter may be, leaving null aside."""
    schema = parameter.schema
    if not isinstance(schema, Schema):
        return []
    return [schema, *(choice for choice in schema.one_of or () if isinstance(choice, Schema))]


def _kind(parameter: Parameter) -> OpenAPIType | None:
    kinds = (schema.type for schema in _choices(parameter))
    return next((kind for kind in kinds if isinstance(kind, OpenAPIType) and kind is not OpenAPIType.NULL), None)


def _rule(parameter: Parameter) -> str:
    schema, *_ = _choices(parameter)
    if schema.enum:
        return f"one of {', '.join(str(value) for value in schema.enum if value is not None)}"
    if _kind(parameter) is OpenAPIType.INTEGER and schema.minimum is not None and schema.maximum is not None:
        return f"a whole number from {int(schema.minimum)} to {int(schema.maximum)}"
    if _kind(parameter) is OpenAPIType.ARRAY:
        return f"given at most {schema.max_items} times"
    if any(choice.format is OpenAPIFormat.DATE for choice in _choices(parameter)):
        return "a day such as 2026-01-31"
    return f"text of at most {schema.max_length} characters"
