"""Text from outside, and what of it is refused: what can't be read, and what not every database can keep.

SQLite keeps the character U+0000, PostgreSQL refuses it, in JSON only when somebody reads it. So nothing that is stored
may hold it, neither as a value nor as a name: every stored entry goes through ``storable``, every id also through
``checked_id``.
"""

import re
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from service.problems import RequestRefused

T = TypeVar("T")

ID_CHARACTERS = 256
"""Longest outside id of a user, a visitor or an item."""

Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3)]
"""An ISO 4217 code; without the length, ``$`` would let a line break follow."""


def name_schema(longest: int = ID_CHARACTERS, *, in_path: bool = False) -> dict[str, Any]:
    """The JSON schema of an outside id, for the documentation alone: ``checked_id`` holds the rule."""
    printable = rf"[^\p{{C}}\p{{Z}}{'/' if in_path else ''}]+"
    return {"minLength": 1, "maxLength": longest, "pattern": f"^{printable}( +{printable})*$"}


ItemId = Annotated[str, Meta(extra_json_schema=name_schema())]
"""An outside id of an item."""

PersonId = Annotated[str, Meta(extra_json_schema=name_schema(in_path=True))]
"""An outside id of a user or a visitor, whose feed is asked for by its path."""

AMOUNT_SCHEMA = {"type": ["string", "number"], "pattern": r"^[0-9]{1,12}(\.[0-9]+)?$", "minimum": 0, "maximum": 10**12}
"""The JSON schema of an amount of money, for the documentation alone: ``service.money`` holds the rule."""

# A character beyond U+FFFF is escaped in two halves, and neither stands for anything alone.
_HALF_PAIR = re.compile(
    rb"\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
# JSON can only spell it as an escape, which an even number of backslashes before it would make plain text.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def decoded(raw: bytes | msgspec.Raw, wanted: type[T]) -> T:
    """The value that the JSON stands for.

    Raises:
        RequestRefused: If it can't be read as ``wanted``.
    """
    try:
        return msgspec.json.decode(raw, type=wanted)
    except RecursionError:
        raise RequestRefused("the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise RequestRefused("the text is not UTF-8") from None
    except msgspec.DecodeError as error:
        if not isinstance(error, msgspec.ValidationError) and _HALF_PAIR.search(bytes(raw)):
            raise RequestRefused(
                "text must not hold half of a character, as \\ud83d is of an emoji cut in two"
            ) from error
        raise RequestRefused(str(error)) from error


def storable(raw: bytes | msgspec.Raw, wanted: type[T]) -> T:
    """The value that the JSON stands for, none of whose texts and names a database refuses.

    Raises:
        RequestRefused: If it can't be read as ``wanted``, or holds U+0000 anywhere.
    """
    text = bytes(raw)
    if b"\\u0000" in text and _ESCAPED_NUL.search(text):  # the pattern alone would cost more than all the decoding
        raise RequestRefused("text must not hold the character U+0000, which not every database keeps")
    return decoded(raw, wanted)


def checked_id(text: str, subject: str, *, longest: int = ID_CHARACTERS) -> str:
    """The outside id as it came.

    Raises:
        RequestRefused: If it is empty, too long, or holds characters that no log should hold.
    """
    if 0 < len(text) <= longest and text.isprintable() and text.strip() == text:
        return text
    raise RequestRefused(
        f"{subject} must be 1 to {longest} printable characters without blanks around them, got {text[:40]!r}"
    )
