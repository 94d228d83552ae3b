"""Who is named in what was refused: dead letters and files of refused rows, as their senders spelt them.

What was refused was never understood, so the person has to be looked for in it. A row that says whom it is about is
hers if that is she, and nobody else's row is. One that does not say it, or can't be read, is hers if her name stands
anywhere in it as a whole word. A name of nothing but digits might there be a quantity or an item's code, so it is not
looked for under the names of other fields.

Names are compared as an importer reads them: ``17850.0`` is 17850, and a phone number is one number however it is
spelt, with its country's code or without.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

PERSON_FIELDS = frozenset({"user_id", "visitor_id"})
"""Fields of an event that say whom it is about."""

_OTHER_FIELDS = frozenset(
    {
        "kind",
        "item_id",
        "at",
        "sent_at",
        "feed_id",
        "quantity",
        "amount",
        "currency",
        "seconds_watched",
        "seconds_total",
        "cost",
        "fee",
    }
)
_FEWEST_PHONE_DIGITS = 8
_FEWEST_NAME_DIGITS = 5
_WHOLE_NUMBER = re.compile(r"(\d+)\.0")
_PHONE = re.compile(r"\+?\d[\d ().-]{6,}\d")
_NO_DIGIT = re.compile(r"\.0$|\D")


class Mentions:
    """Tells whether a refused row names one of the given names, all of them one person's."""

    def __init__(self, names: Collection[str]) -> None:
        if not names or "" in names:
            raise ValueError(f"names must be at least one and none of them empty, got {sorted(names)}")
        self._names = frozenset(names)
        self._are_digits = all(name.isdigit() for name in names)
        self._phones = tuple(digits for name in names if (digits := _phone_digits(name)) is not None)
        self._word = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names))

    def in_row(
        self,
        text: str,
        *,
        person_fields: Collection[str] = PERSON_FIELDS,
        other_fields: Collection[str] = _OTHER_FIELDS,
    ) -> bool:
        """Whether the row names the person.

        Args:
            text: The row: JSON if it can be read, else anything.
            person_fields: Names of the fields that say whom a row is about.
            other_fields: Names of the fields that say something else.
        """
        try:
            row = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return self.in_text(text)
        if not isinstance(row, dict):
            return self._in_values(_leaves(row))
        return self.in_fields(row, person_fields=person_fields, other_fields=other_fields)

    def in_fields(
        self, row: Mapping[str, Any], *, person_fields: Collection[str], other_fields: Collection[str]
    ) -> bool:
        """Whether a row that can be read names the person; the arguments are those of ``in_row``."""
        about = [row[field] for field in person_fields if row.get(field) not in (None, "")]
        if about:
            return any(self._is_one(value) for value in about if isinstance(value, str | int | float))
        skipped = other_fields if self._are_digits else ()
        return self._in_values(_leaves({field: value for field, value in row.items() if field not in skipped}))

    def in_text(self, text: str) -> bool:
        """Whether a name stands in the text as a whole word, or one of its phone numbers is the person's."""
        return self._word.search(text) is not None or any(self._is_phone(run) for run in _PHONE.findall(text))

    def _in_values(self, values: Iterator[Any]) -> bool:
        return any(self._is_one(value) or self.in_text(str(value)) for value in values)

    def _is_one(self, value: str | float) -> bool:
        text = _plain(value)
        return text in self._names or self._is_phone(text)

    def _is_phone(self, text: str) -> bool:
        """Whether the digits are those of a phone number of the person's, less what is dialled at home before them."""
        digits = _NO_DIGIT.sub("", text).lstrip("0")
        return len(digits) >= _FEWEST_PHONE_DIGITS and any(phone.endswith(digits) for phone in self._phones)


def possible_names(text: str) -> frozenset[str]:
    """The names of those whom a refused row may be about: what it says of that, else any of its values.

    A number of a few digits may be a quantity, and counts only where the row says that it is a name.
    """
    try:
        row = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return frozenset()
    about = [row[field] for field in PERSON_FIELDS if row.get(field) not in (None, "")] if isinstance(row, dict) else []
    if isinstance(row, dict) and "attributes" in row and "kind" not in row and row.get("id"):
        about = [row["id"]]  # an entry of PUT /v1/users, whose id is the person's
    if about:
        return frozenset(map(_plain, _leaves(about)))
    values = frozenset(map(_plain, _leaves(row)))
    return frozenset(value for value in values if not value.isdigit() or len(value) >= _FEWEST_NAME_DIGITS)


def _plain(value: str | float) -> str:
    """The value as an importer reads the name of a customer."""
    text = str(value).strip().removeprefix("'")  # the guard of a cell that a spreadsheet would run
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole.group(1) if whole else text


def _phone_digits(name: str) -> str | None:
    """The digits of a phone number in the form in which an importer names customers, or None for other names."""
    return name[1:] if name[:1] == "+" and name[1:].isdigit() else None


def _leaves(value: Any) -> Iterator[Any]:
    """Every text and number in a JSON value, the names of its fields included."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield value
