"""A segment as a list for an advertising or messaging tool: who agreed, by the addresses that the shop told the log."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from customers.audiences import AdTool, Audience, Contacts, ad_audience, message_audience
from customers.segments import SEGMENTS
from service.clock import instant_text
from service.jobs.export_files import private_file
from service.jobs.exporting import ForgottenMeanwhile, published_values, record_export
from service.jobs.importing.customer_ids import canonical_customer, shop_region
from service.jobs.spreadsheet_guard import guarded
from service.log.campaigns import campaign, units_of
from service.log.contacts import Described, described_users
from service.log.database import Reader
from service.log.extracts import forgotten_mark
from service.settings import Settings

Tool = Literal["google", "meta", "tiktok", "messages"]

TOOLS: tuple[Tool, ...] = get_args(Tool)

CONSENT = "consent"
"""The user attribute that says yes or no to being written to and to advertising, where none says so in particular."""

CONSENT_OF = MappingProxyType({"messages": "message_consent", "advertising": "advertising_consent"})
"""User attributes that say it of one of them; who is silent on both did not agree."""

NOTICE_ENDING = ".notice.txt"

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class NoValues(Exception):
    """No values of this log have been published, so nobody is in a segment yet."""

    def __init__(self) -> None:
        super().__init__("no values of this log have been published yet: run `kembang customers publish`")


def audience_file(
    reader: Reader,
    segment: str,
    file: Path,
    *,
    tool: Tool,
    leave_out: Sequence[str],
    settings: Settings,
    now: int,
) -> dict[str, Any]:
    """Writes the list and the notice beside it; its account, in the shape of the command's JSON.

    Members are those of the published values. Addresses are the attributes ``email`` and ``phone``; where the shop's
    own id is one, it stands in. Both files are their owner's alone, and the list is on record for erasures.

    Args:
        reader: The log.
        segment: Id of one of ``SEGMENTS``.
        file: Where to, as CSV; in a folder that is there, under a name that says what it is.
        tool: For whom; advertising tools get hashes, a message needs plain addresses.
        leave_out: Campaigns whose hold-outs are not to be reached.
        settings: The deployment, with the log's own currency.
        now: Microseconds UTC.

    Raises:
        NoValues: If no values of this log are published.
        CampaignUnknown: If there is no such campaign.
        ForgottenMeanwhile: If somebody was forgotten while it ran.
        SnapshotRefused: If the published values are damaged.
    """
    mark = forgotten_mark(reader)
    kept = published_values(reader, settings.values)
    if kept is None:
        raise NoValues
    code = [one.id for one in SEGMENTS].index(segment)
    members = kept.columns["customer_ids"][kept.columns["segment"] == code]
    reached = members[~np.isin(members, _held_out(reader, leave_out))]
    people = list(described_users(reader, reached.tolist()))
    region = shop_region(timezone=settings.timezone, currency=settings.currency)
    contacts = _contacts(people, is_message=tool == "messages", region=region)
    made = _audience(contacts, tool, segment, None if file.is_dir() else file.name)
    path = file / made.file_name if file.is_dir() else file
    account: dict[str, Any] = {
        "what": f"audience {segment} for {tool}",
        "file": str(path.resolve()),
        "at": instant_text(now),
        "rows": len(made.table),
    }
    with private_file(path) as stream:
        stream.write(_csv(made.table))
        with private_file(path.with_name(path.name + NOTICE_ENDING)) as beside:
            beside.write("\n\n".join([*made.notice.values(), ""]).encode())
        # Before the file has its name, as for exports.
        record_export(settings.home, account)
        if forgotten_mark(reader) != mark:
            raise ForgottenMeanwhile(path)
    return {
        **account,
        "segment": segment,
        "tool": tool,
        "values": kept.version,
        "known_until": instant_text(kept.about["until_seconds"] * 1_000_000),
        "members": int(members.size),
        "left_out": {
            "held_out": int(members.size - reached.size),
            "gone": int(reached.size - len(people)),
            "without_consent": made.n_without_consent,
            "unreachable": made.n_unreachable,
            "doubles": made.n_doubles,
        },
    }


def _held_out(reader: Reader, keys: Collection[str]) -> list[int]:
    found: list[int] = []
    with reader.connect() as connection:
        for key in keys:
            units = units_of(connection, campaign(connection, key).id)
            found += units.user_ids[~units.is_contacted].tolist()
    return found


def _contacts(people: Sequence[Described], *, is_message: bool, region: str | None) -> Contacts:
    """A loop over people, as each is a JSON object of her own."""
    own = CONSENT_OF["messages" if is_message else "advertising"]
    return Contacts(
        customer_ids=np.array([one.name for one in people], dtype=object),
        emails=np.array([_text(one, "email") or one.name for one in people], dtype=object),
        phones=np.array([_phone(_text(one, "phone") or one.name, region) for one in people], dtype=object),
        has_consent=np.array([_said(one, own, _said(one, CONSENT, None)) is True for one in people], dtype=np.bool_),
    )


def _said(one: Described, attribute: str, default: Any) -> Any:
    said = one.attributes.get(attribute)
    return default if said is None else said


def _text(one: Described, attribute: str) -> str:
    said = one.attributes.get(attribute)
    # A spreadsheet may have taken a phone number for a number.
    return "" if said is None or isinstance(said, bool) else str(said).strip()


def _phone(text: str, region: str | None) -> str:
    """The number in E.164, empty for what is none."""
    number = canonical_customer(text, region=region)
    return number if _E164.fullmatch(number) else ""


def _audience(contacts: Contacts, tool: Tool, segment: str, file_name: str | None) -> Audience:
    if tool == "messages":
        return message_audience(contacts, name=segment, file_name=file_name)
    ad_tool: AdTool = tool
    return ad_audience(contacts, tool=ad_tool, name=segment, file_name=file_name)


def _csv(table: pd.DataFrame) -> bytes:
    """The list as CSV; texts that a spreadsheet would run are guarded, but for numbers, which a tool must recognise."""
    safe = table.astype("str")
    for name in table.columns.difference(["phone"]):
        safe[name] = guarded(safe[name])
    return safe.to_csv(index=False).encode()
