"""What every handler needs of a request: the instant it speaks of, and the person it is about."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import PathParameter

from service.api.text import ID_CHARACTERS, checked_id, name_schema
from service.log.names import UserKey
from service.problems import RequestRefused
from service.wiring import Services

NOW_HEADER = "X-Kembang-Now"

_NAME = {"min_length": 1, "max_length": ID_CHARACTERS, "pattern": name_schema(in_path=True)["pattern"]}
PathName = Annotated[str, PathParameter(schema_extra=_NAME)]
"""A name in an address, documented as ``checked_id`` and those below take it."""


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
