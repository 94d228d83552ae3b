"""What every handler needs of a request: the instant it speaks of, and the person it is about."""

from typing import Any

from litestar import Request

from service.log.dictionaries import UserKey
from service.problems import RequestRefused
from service.wiring import Services

ID_CHARACTERS = 256
"""Longest outside id of a user, a visitor or an item."""

NOW_HEADER = "X-Kembang-Now"


def request_now(request: Request[Any, Any, Any], services: Services) -> int:
    """The instant a request speaks of, microseconds UTC: the clock's, or in a simulated shop the one it names."""
    return services.clock.now(request.headers.get(NOW_HEADER))


def user_key(user_id: str) -> UserKey:
    """The user of a path, checked."""
    return UserKey(False, checked_id(user_id, "user_id"))


def visitor_key(visitor_id: str) -> UserKey:
    """The visitor of a path, checked."""
    return UserKey(True, checked_id(visitor_id, "visitor_id"))


def checked_id(text: str, subject: str) -> str:
    """The id as it came.

    Raises:
        RequestRefused: If it is empty, too long, or holds characters that no log should hold.
    """
    problem = id_problem(text, subject)
    if problem is not None:
        raise RequestRefused(problem)
    return text


def id_problem(text: str, subject: str, *, longest: int = ID_CHARACTERS) -> str | None:
    """What is wrong with an outside id, or None."""
    if 0 < len(text) <= longest and text.isprintable() and text.strip() == text:
        return None
    return f"{subject} must be 1 to {longest} printable characters without blanks around them, got {text[:40]!r}"
