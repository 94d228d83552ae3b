"""One customer, one id: phone numbers in whichever spelling.

``0812-3456-789``, ``+62 812 3456 789``, ``62812…`` and the ``812…`` of a spreadsheet that took the number for a number
and lost its zero are one customer: ``+628123456789`` (E.164). The rules of every country are Google's, by the
``phonenumbers`` library. A column holds phone numbers if

- its heading says so (phone, no hp, whatsapp ...), or
- at least ``NEARLY_ALL`` of its distinct ids are valid mobile numbers, at least half of them written as nobody writes a
  customer number: with a plus, a zero in front, or marks between.

In such a column, what is a valid number gets that one form; anything else (a name, a number with a digit missing) stays
as it is written. National numbers are those of the shop's country: its time zone's, else its currency's.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from service.jobs.importing.cells import Texts
from service.jobs.importing.columns import plain_heading

NEARLY_ALL = 0.95
_SAMPLE = 2_000
_PHONE_HEADINGS = re.compile(
    r"phone|telp|telepon|nohp|nomorhp|^hp|whatsapp|nowa$|nomorwa$|^wa$|mobile|handphone|ponsel"
)
_FORM = re.compile(r"[+(]?\d[\d\s().\-/]{6,23}")
_MARKED = re.compile(r"\+|0|\(|\d+[\s.\-]")
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def shop_region(*, timezone: str, currency: str) -> str | None:
    """The shop's country as ISO 3166 code, from its time zone, else from its currency; None if neither tells.

    Args:
        timezone: IANA zone.
        currency: ISO 4217 code; its first two letters are the country's, save for those that several share.
    """
    region = _region_by_zone().get(timezone)
    if region is None and currency[:2] in phonenumbers.SUPPORTED_REGIONS and currency != "EUR":
        return currency[:2]
    return region


def canonical_customer(text: str, *, region: str | None) -> str:
    """The one form of a phone number, E.164; any other text as it is.

    Args:
        text: A customer id as somebody wrote it.
        region: Country of numbers without a country code; None knows none.
    """
    number = _number(text, region)
    return text if number is None else phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_phone_column(heading: str, ids: Sequence[str], *, region: str | None) -> bool:
    """Whether the column holds phone numbers, by the rule of the module.

    Args:
        heading: The column's.
        ids: Its distinct texts; of many, a sample spread over them decides.
        region: The shop's country.
    """
    if _PHONE_HEADINGS.search(plain_heading(heading)):
        return True
    filled = [text for text in ids if text]
    sample = filled[:: max(1, len(filled) // _SAMPLE)]
    formed = [text for text in sample if _FORM.fullmatch(text)]
    if not sample or len(formed) < NEARLY_ALL * len(sample) or 2 * sum(map(_is_marked, formed)) < len(formed):
        return False
    numbers = [_number(text, region) for text in formed]
    n_mobile = sum(number is not None and phonenumbers.number_type(number) in _MOBILE for number in numbers)
    return n_mobile >= NEARLY_ALL * len(sample)


def customers(ids: Texts, *, heading: str, region: str | None) -> tuple[Texts, int | None]:
    """The customer of each row, a phone number in its one form; and how many other spellings that brought together.

    A loop over the distinct customers, as the library reads one number at a time: about 40 microseconds each. None
    instead of the number if the column does not hold phone numbers.

    Args:
        ids: A column of customers.
        heading: The column's; empty if the file has none.
        region: The shop's country.
    """
    if not heading or not is_phone_column(heading, ids.distinct.tolist(), region=region):
        return ids, None
    users = ids.mapped(lambda texts: texts.map(lambda text: canonical_customer(text, region=region)))
    return users, len(ids.distinct) - len(users.distinct)


def _is_marked(text: str) -> bool:
    return _MARKED.match(text) is not None


def _number(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    if not _FORM.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        if region is not None or text.startswith("+"):
            return None
        return _number(f"+{text}", None)
    return number if phonenumbers.is_valid_number(number) else None


@lru_cache(maxsize=1)
def _region_by_zone() -> dict[str, str]:
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {row[2]: row[0] for row in rows}
