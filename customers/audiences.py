"""Lists of customers for advertising and messaging tools: only who agreed, and marked as personal data.

The tools refuse files with remarks in them, so the mark stands in the file's name and in a notice to lie beside it. A
hashed address is still personal data: who knows the address can make the hash.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from customers.wording import Words, words

TextArray = npt.NDArray[np.object_]
BoolArray = npt.NDArray[np.bool_]
AdTool = Literal["google", "meta", "tiktok"]

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_DOTLESS = ("gmail.com", "googlemail.com")

_HASHED_NOTICE = words(
    en="{file} ({n} rows) holds personal data of customers who agreed to advertising: e-mail addresses and phone "
    "numbers as SHA-256 hashes, which anybody who knows an address can make again. Give it to the advertising tool "
    "alone, and delete it after the upload.",
    id="{file} ({n} baris) berisi data pribadi pelanggan yang menyetujui iklan: alamat e-mail dan nomor telepon "
    "sebagai hash SHA-256, yang dapat dibuat ulang oleh siapa pun yang tahu alamatnya. Berikan hanya kepada alat "
    "iklan, dan hapus setelah diunggah.",
)
_PLAIN_NOTICE = words(
    en="{file} ({n} rows) holds personal data of customers who agreed to messages: their phone numbers and e-mail "
    "addresses. Use it for this message alone, and delete it afterwards.",
    id="{file} ({n} baris) berisi data pribadi pelanggan yang setuju menerima pesan: nomor telepon dan alamat e-mail. "
    "Gunakan hanya untuk pesan ini, dan hapus setelahnya.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """How to reach some customers; all arrays have shape ``(n_customers,)``, of text, empty where nothing is known.

    Attributes:
        customer_ids: The shop's own ids.
        emails: As they were given; what is no address counts as none.
        phones: In E.164 (``+628123456789``), or empty.
        has_consent: Whether the customer agreed to be reached in this way; who was not asked did not.

    Raises:
        ValueError: If the lengths differ or a phone number is not in E.164.
    """

    customer_ids: TextArray
    emails: TextArray
    phones: TextArray
    has_consent: BoolArray

    def __post_init__(self) -> None:
        if not self.customer_ids.shape == self.emails.shape == self.phones.shape == self.has_consent.shape:
            raise ValueError("customer_ids, emails, phones and has_consent must have equal lengths")
        for row, phone in enumerate(self.phones.tolist()):
            if phone and not _E164.fullmatch(phone):
                # Not the number itself: messages end up in logs.
                raise ValueError(f"phones must be in E.164, for example +628123456789; that of row {row} is not")


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """A file for a tool, and what to know of it.

    Attributes:
        file_name: Says whose list it is, for which tool, and that it is personal data, unless another was asked for.
        table: Headings and cells as the tool takes them; all text, empty where nothing is known.
        notice: To be written beside the file, in every language.
        n_without_consent: Customers left out because they did not agree.
        n_unreachable: Customers left out who agreed, but of whom neither address nor number is known.
        n_doubles: Customers left out because somebody before them has the same address and number.
    """

    file_name: str
    table: pd.DataFrame
    notice: Words
    n_without_consent: int
    n_unreachable: int
    n_doubles: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """Headings of a tool's file, and how it wants addresses and numbers to be written before they are hashed."""

    email: str
    phone: str
    written_email: Callable[[str], str]
    written_phone: Callable[[str], str]


def _as_it_is(text: str) -> str:
    return text


def _dotless_email(email: str) -> str:
    """Google delivers mail for ``a.b@gmail.com`` to ``ab@gmail.com``, and hashes the latter."""
    name, _, domain = email.rpartition("@")
    return f"{name.replace('.', '')}@{domain}" if domain in _DOTLESS else email


def _digits(phone: str) -> str:
    return phone.removeprefix("+")


_LAYOUTS: Mapping[AdTool, _Layout] = MappingProxyType(
    {
        "google": _Layout("Email", "Phone", _dotless_email, _as_it_is),
        "meta": _Layout("email", "phone", _as_it_is, _digits),
        "tiktok": _Layout("Email_SHA256", "Phone_SHA256", _as_it_is, _as_it_is),
    }
)
"""By the tools' own pages: Google, "Format your customer data file" (Google Ads help, answer 7659867) and, on periods,
the normalisation for enhanced conversions; Meta, "Customer information parameters" (digits only, with country code);
TikTok, "How to create a Custom Audience with a customer file"."""


def ad_audience(contacts: Contacts, *, tool: AdTool, name: str, file_name: str | None = None) -> Audience:
    """A list that an advertising tool matches with its own users: SHA-256 of addresses and numbers, without names.

    Addresses are trimmed and in lower case; hashes are of UTF-8, in lower-case hexadecimal digits.

    Args:
        contacts: Consent is that to advertising.
        tool: Each wants its own headings and way of writing.
        name: What the list is of, for example a segment's id: lower-case letters, digits, ``-`` and ``_``.
        file_name: What the file is to be called; by default a name that says what it is.

    Raises:
        ValueError: If the name holds anything else.
    """
    layout = _LAYOUTS[tool]

    def written(reached: pd.DataFrame) -> pd.DataFrame:
        columns = {
            layout.email: [_hashed(layout.written_email(email)) for email in reached["email"]],
            layout.phone: [_hashed(layout.written_phone(phone)) for phone in reached["phone"]],
        }
        return pd.DataFrame(columns, dtype="str")

    return _audience(
        contacts, written, file_name=file_name or _file_name(name, f"{tool}-hashed"), notice=_HASHED_NOTICE
    )


def message_audience(contacts: Contacts, *, name: str, file_name: str | None = None) -> Audience:
    """A list to send messages by: plain numbers and addresses, with the shop's own ids to read replies against.

    Args:
        contacts: Consent is that to messages.
        name: As for ``ad_audience``.
        file_name: Likewise.

    Raises:
        ValueError: If the name holds anything but lower-case letters, digits, ``-`` and ``_``.
    """

    def written(reached: pd.DataFrame) -> pd.DataFrame:
        return reached[["phone", "email", "customer_id"]]

    own_name = _file_name(name, "messages")
    return _audience(contacts, written, file_name=file_name or own_name, notice=_PLAIN_NOTICE)


def _agreed(contacts: Contacts) -> pd.DataFrame:
    """Who agreed, with addresses trimmed and in lower case."""
    table = pd.DataFrame(
        {
            "customer_id": contacts.customer_ids,
            "email": [_address(email) for email in contacts.emails.tolist()],
            "phone": contacts.phones,
        },
        dtype="str",
    )
    return table.loc[contacts.has_consent]


def _audience(
    contacts: Contacts, written: Callable[[pd.DataFrame], pd.DataFrame], *, file_name: str, notice: Words
) -> Audience:
    agreed = _agreed(contacts)
    reachable = agreed.loc[(agreed["email"] != "") | (agreed["phone"] != "")]
    reached = reachable.drop_duplicates(["email", "phone"]).reset_index(drop=True)
    return Audience(
        file_name=file_name,
        table=written(reached),
        notice=words(**{language: text.format(file=file_name, n=len(reached)) for language, text in notice.items()}),
        n_without_consent=len(contacts.customer_ids) - len(agreed),
        n_unreachable=len(agreed) - len(reachable),
        n_doubles=len(reachable) - len(reached),
    )


def _address(email: str) -> str:
    """The address trimmed and in lower case; empty if it is none."""
    trimmed = email.strip().lower()
    return trimmed if _ADDRESS.fullmatch(trimmed) else ""


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest() if text else ""


def _file_name(name: str, purpose: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"name must be of lower-case letters, digits, - and _, got {name!r}")
    return f"personal-data-{name}-{purpose}.csv"
