"""How the log names people, and how many names fit one statement."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")

CHUNK = 5_000
"""Values in one IN list; SQLite takes 32,766."""


class UserKey(NamedTuple):
    """Who acts: the shop's own id of a user, or a browser's id of a visitor."""

    is_visitor: bool
    external_id: str


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in pieces that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
