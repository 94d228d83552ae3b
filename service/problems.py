"""Every refusal as an RFC 9457 problem: which HTTP status a situation has is decided here and nowhere else."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException, MethodNotAllowedException, NotFoundException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.types import ExceptionHandlersMap

from experiments.design import DesignRefused
from service.clock import ClockRefused
from service.jobs.attributing import PeriodRefused
from service.jobs.bookkeeping import BooksEmpty
from service.jobs.campaigns.planning import PlanRefused
from service.jobs.campaigns.records import NoOrders
from service.live.experiments import PreviewRefused
from service.live.feed import CursorUnknown, ItemUnknown
from service.live.values import ValueUnknown
from service.log.campaigns import CampaignExists, CampaignUnknown, CardRefused
from service.log.database import LogFailure, Unstorable
from service.log.experiments import ActionRefused, ExperimentExists, ExperimentUnknown
from service.log.imports import ImportClosed, ImportUnknown
from service.log.merging import MergeRefused
from service.log.suppressions import StillErasing
from service.log.writer import LogBusy, LogClosed
from service.money import AmountRefused

_log = logging.getLogger(__name__)

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
_LONGEST_SHOWN = 80
_BROKEN_OFF = "client disconnected prematurely"
"""What Litestar says, and nothing else, of a body that never ended; the fault is not ours."""


class Problem(msgspec.Struct):
    """Why a request was refused, in the fields of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


class RequestRefused(ValueError):
    """The request, or one entry of its batch, can't be taken; the message says what is wrong and what to do."""


class EncodingRefused(ValueError):
    """The body comes in a coding that is not undone here."""


_STATUS: dict[type[Exception], HTTPStatus] = {
    RequestRefused: HTTPStatus.BAD_REQUEST,
    ClockRefused: HTTPStatus.BAD_REQUEST,
    PeriodRefused: HTTPStatus.BAD_REQUEST,
    PreviewRefused: HTTPStatus.BAD_REQUEST,
    CursorUnknown: HTTPStatus.BAD_REQUEST,
    DesignRefused: HTTPStatus.BAD_REQUEST,
    PlanRefused: HTTPStatus.BAD_REQUEST,
    AmountRefused: HTTPStatus.BAD_REQUEST,
    ItemUnknown: HTTPStatus.NOT_FOUND,
    ExperimentUnknown: HTTPStatus.NOT_FOUND,
    ImportUnknown: HTTPStatus.NOT_FOUND,
    CampaignUnknown: HTTPStatus.NOT_FOUND,
    ValueUnknown: HTTPStatus.NOT_FOUND,
    ExperimentExists: HTTPStatus.CONFLICT,
    ImportClosed: HTTPStatus.CONFLICT,
    CampaignExists: HTTPStatus.CONFLICT,
    CardRefused: HTTPStatus.CONFLICT,
    NoOrders: HTTPStatus.CONFLICT,
    BooksEmpty: HTTPStatus.CONFLICT,
    ActionRefused: HTTPStatus.CONFLICT,
    MergeRefused: HTTPStatus.CONFLICT,
    StillErasing: HTTPStatus.CONFLICT,
    EncodingRefused: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    LogBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    LogClosed: HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem_handlers() -> ExceptionHandlersMap:
    """The handlers that turn every exception of a request into a problem."""
    return {Exception: problem_of}


def problem_of(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The problem that an exception of this request stands for; what nobody foresaw is logged and answered 500."""
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return _problem(status, str(error))
    if isinstance(error, Unstorable):
        _log.error("the database can't hold a value of %s %s: %s", request.method, request.url.path, error)
        return _problem(HTTPStatus.BAD_REQUEST, "the database can't hold a value of this request: nothing was stored")
    if isinstance(error, LogFailure):
        _log.error("the log failed during %s %s: %s", request.method, request.url.path, error)
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "the log can't be written or read now: try again in a moment")
    if isinstance(error, HTTPException) and (status := _edge_status(error)) < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _problem(status, _edge_detail(request, error), headers=dict(error.headers or {}))
    _log.error("unhandled error during %s %s", request.method, request.url.path, exc_info=error)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something is wrong on our side; it has been logged")


def _problem(status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None) -> Response[bytes]:
    body = Problem("about:blank", status.phrase, status.value, detail)
    sent = dict(headers or {})
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        sent["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return Response(msgspec.json.encode(body), status_code=status.value, media_type=PROBLEM_MEDIA_TYPE, headers=sent)


def _edge_status(error: HTTPException) -> HTTPStatus:
    """The status of what Litestar refused before any of ours was asked."""
    broken_off = isinstance(error, InternalServerException) and error.detail == _BROKEN_OFF
    return HTTPStatus.BAD_REQUEST if broken_off else HTTPStatus(error.status_code)


def _edge_detail(request: Request[Any, Any, Any], error: HTTPException) -> str:
    path = request.url.path[:_LONGEST_SHOWN]
    if isinstance(error, NotFoundException):
        return f"there is nothing at {path}: see /schema/openapi.json"
    if isinstance(error, MethodNotAllowedException):
        return f"{path} takes no {request.method[:_LONGEST_SHOWN]}: it takes {(error.headers or {}).get('allow')}"
    if isinstance(error, RequestEntityTooLarge):
        handler = request.route_handler
        limit = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else None
        return f"the body of this request takes at most {limit} bytes: send less at a time"
    return "the body broke off before its end: nothing was stored" if error.detail == _BROKEN_OFF else error.detail
