"""What every handler needs of a request: the instant it speaks of, and the person it is about."""

from typing import Any

from litestar import Request

from service.api.text import checked_id
from service.log.names import UserKey
from service.problems import RequestRefused
from service.wiring import Services

NOW_HEADER = "X-Kembang-Now"


def request_now(request: Request[Any, Any, Any], services: Services) -> int:
    """The instant a request speaks of, microseconds UTC: the clock's, or in a simulated shop the one it names."""
    return services.clock.now(request.headers.get(NOW_HEADER))


def user_key(user_id: str, subject: str = "user_id") -> UserKey:
    """The user of this id.

    Raises:
        RequestRefused: If the id is none that a log should hold or a path can name.
    """
    return UserKey(False, _person_id(user_id, subject))


def visitor_key(visitor_id: str) -> UserKey:
    """The visitor of this id.

    Raises:
        RequestRefused: If the id is none that a log should hold or a path can name.
    """
    return UserKey(True, _person_id(visitor_id, "visitor_id"))


def _person_id(text: str, subject: str) -> str:
    # Servers hand %2F on as a slash, so nobody could ever ask for this person's feed.
    if "/" in text:
        raise RequestRefused(f"{subject} must not hold '/', since a feed is asked for by its path, got {text[:40]!r}")
    return checked_id(text, subject)
