"""Every refusal as an RFC 9457 problem: which HTTP status a situation has is decided here and nowhere else."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.types import ExceptionHandlersMap

from experiments.design import DesignRefused
from service.clock import ClockRefused
from service.live.experiments import PreviewRefused
from service.live.feed import CursorUnknown, ItemUnknown
from service.log.database import LogFailure, Unstorable
from service.log.experiments import ActionRefused, ExperimentExists, ExperimentUnknown
from service.log.imports import ImportClosed, ImportUnknown
from service.log.writer import LogBusy, LogClosed

_log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1


class RequestRefused(ValueError):
    """The request, or one entry of its batch, can't be taken; the message says what is wrong and what to do."""


_STATUS: dict[type[Exception], HTTPStatus] = {
    RequestRefused: HTTPStatus.BAD_REQUEST,
    ClockRefused: HTTPStatus.BAD_REQUEST,
    PreviewRefused: HTTPStatus.BAD_REQUEST,
    CursorUnknown: HTTPStatus.BAD_REQUEST,
    DesignRefused: HTTPStatus.BAD_REQUEST,
    ItemUnknown: HTTPStatus.NOT_FOUND,
    ExperimentUnknown: HTTPStatus.NOT_FOUND,
    ImportUnknown: HTTPStatus.NOT_FOUND,
    ExperimentExists: HTTPStatus.CONFLICT,
    ImportClosed: HTTPStatus.CONFLICT,
    ActionRefused: HTTPStatus.CONFLICT,
    LogBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    LogClosed: HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem_handlers() -> ExceptionHandlersMap:
    """The handlers that turn every exception of a request into a problem."""
    return {Exception: _problem_of}


def _problem_of(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return _problem(status, str(error))
    if isinstance(error, Unstorable):
        _log.error("the database can't hold a value of %s %s: %s", request.method, request.url.path, error)
        return _problem(HTTPStatus.BAD_REQUEST, "the database can't hold a value of this request: nothing was stored")
    if isinstance(error, LogFailure):
        _log.error("the log failed during %s %s: %s", request.method, request.url.path, error)
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "the log can't be written or read now: try again in a moment")
    if isinstance(error, ValidationException):
        return _problem(HTTPStatus.BAD_REQUEST, _validation_detail(error))
    if isinstance(error, RequestEntityTooLarge):
        return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _size_detail(request))
    if isinstance(error, HTTPException):
        return _problem(HTTPStatus(error.status_code), error.detail, headers=dict(error.headers or {}))
    _log.error("unhandled error during %s %s", request.method, request.url.path, exc_info=error)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something is wrong on our side; it has been logged")


def _problem(status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None) -> Response[bytes]:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    sent = dict(headers or {})
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        sent["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return Response(
        msgspec.json.encode(body), status_code=status.value, media_type="application/problem+json", headers=sent
    )


def _validation_detail(error: ValidationException) -> str:
    entries = error.extra if isinstance(error.extra, list) else []
    said = [f"{entry['key']}: {entry['message']}" if entry.get("key") else entry["message"] for entry in entries]
    return "; ".join(said) or error.detail


def _size_detail(request: Request[Any, Any, Any]) -> str:
    handler = request.route_handler
    limit = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else None
    return f"the body of this request takes at most {limit} bytes: send less at a time"
