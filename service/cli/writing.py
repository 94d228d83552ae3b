"""How a command writes: through the service that holds the log, where there is one, else as the one writer itself."""

import getpass
import os
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx

from service.log.database import lock_holder
from service.log.groups import Write
from service.metrics import Metrics
from service.settings import Settings
from service.wiring import open_log

T = TypeVar("T")

_ANSWER_SECONDS = 30.0


class ServiceRefused(Exception):
    """The running service refused what was asked; the message is its own."""


class ServiceBusy(ServiceRefused):
    """The running service can't do it just now, and has done nothing: it may be asked again in a moment."""


def service_url(settings: Settings) -> str | None:
    """Where the service that writes this home answers, or None if a command may write itself.

    Raises:
        LogLocked: If the writer is another command, which will be done in a while.
    """
    held = lock_holder(settings.database_url)
    if held is not None and held.url is None:
        raise held
    return None if held is None else held.url


def asked(
    url: str,
    method: str,
    path: str,
    *,
    body: Mapping[str, Any] | None = None,
    content: bytes | None = None,
    answer_seconds: float = _ANSWER_SECONDS,
    client: httpx.Client | None = None,
) -> dict[str, Any]:
    """What the running service answers.

    Args:
        url: Where it answers.
        method: HTTP method.
        path: Path of the request, quoted.
        body: JSON to send, or None.
        content: Bytes to send instead.
        answer_seconds: How long to wait for each part of the answer.
        client: Whose connection to use, where many requests follow each other.

    Raises:
        ServiceBusy: If it can't answer just now.
        ServiceRefused: If it refuses, or is no kembang.
    """
    request = httpx.request if client is None else client.request
    answer = request(method, f"{url}{path}", json=body, content=content, timeout=answer_seconds)
    try:
        said: dict[str, Any] = answer.json()
    except ValueError as error:
        raise ServiceRefused(f"{url} answered {answer.status_code} and no JSON: is it kembang?") from error
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise ServiceBusy(said["detail"])
    if answer.is_error:
        raise ServiceRefused(said["detail"])
    return said


def written(settings: Settings, write: Write[T]) -> T:
    """What a write returns after its commit, made by this process as the log's one writer."""
    with open_log(settings, Metrics()) as (_, writer):
        return writer.run(write)


def writer_name() -> str:
    """Who runs the command, for the record of changes."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user that the system knows by number only
        return f"uid {os.getuid()}"
