"""Who is to be written to: as a list for a messaging app, and as cards to print. Both are personal data."""

from html import escape
from typing import Any

import pandas as pd

from service.clock import day_text
from service.jobs.campaigns.planning import promise_of
from service.jobs.spreadsheet_guard import guarded
from service.log.campaigns import StoredCampaign, units_of
from service.log.database import Connection
from service.money import decimal_amount

PERSONAL_DATA = "personal data: for sending this campaign only, delete it afterwards"

_STYLE = """
@page { margin: 12mm }
body { font: 11pt/1.35 system-ui, sans-serif; color: #1b1b1b; margin: 0 }
main { display: grid; grid-template-columns: repeat(2, 1fr); gap: 6mm }
article { border: 1px dashed #888; border-radius: 3mm; padding: 5mm; break-inside: avoid; min-height: 45mm }
h2 { font-size: 13pt; margin: 0 0 2mm } p { margin: 1mm 0 }
.code { font: 600 15pt ui-monospace, monospace; letter-spacing: .12em }
.stamps { display: flex; flex-wrap: wrap; gap: 2mm; margin: 2mm 0; padding: 0; list-style: none }
.stamps li { width: 9mm; height: 9mm; border: 1px solid #555; border-radius: 50% }
footer { margin-top: 8mm; font-size: 9pt; color: #555 }
"""


def contacts(connection: Connection, stored: StoredCampaign) -> list[dict[str, Any]]:
    """Whom to write to, with the phone number where the shop's id is one; nobody held out, nor forgotten since."""
    promise, currency = promise_of(stored), stored.definition["currency"]
    units = units_of(connection, stored.id)
    card: dict[str, Any] = {}
    if promise is not None:
        amount = str(decimal_amount(promise.amount_minor, currency))
        card = {"voucher": amount, "currency": currency, "valid_until": day_text(promise.last_day)}
    return [
        {"user_id": name, "phone": _phone(name), **({"code": shown_code(code), **card} if code else {})}
        for name, is_contacted, code in zip(units.names, units.is_contacted, units.codes, strict=True)
        if is_contacted
    ]


def audience_csv(entries: list[dict[str, Any]]) -> bytes:
    """The list as CSV that a spreadsheet may open; texts that one would run are guarded.

    Phones are not: they are a plus and digits alone, and an apostrophe would stop the messaging app.
    """
    frame = pd.DataFrame(entries).astype("str").replace({"None": ""})
    for column in frame.columns.difference(["phone"]):
        frame[column] = guarded(frame[column])
    return frame.to_csv(index=False).encode()


def cards_html(entries: list[dict[str, Any]], *, title: str, stamps: int) -> bytes:
    """The cards to print, one per contacted customer, as a page that needs nothing else.

    Args:
        entries: As ``contacts`` gives them.
        title: What stands on each card.
        stamps: Places for stamps; 0 for a voucher.
    """
    cards = "\n".join(_card(entry, title=title, stamps=stamps) for entry in entries)
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><main>\n{cards}\n</main><footer>{escape(PERSONAL_DATA)}</footer></html>\n"
    )
    return page.encode()


def shown_code(code: str) -> str:
    """A card's code as it is read aloud."""
    return f"{code[:3]}-{code[3:]}"


def _card(entry: dict[str, Any], *, title: str, stamps: int) -> str:
    worth = f"{escape(entry['voucher'])} {escape(entry['currency'])}"
    places = f'<ul class="stamps">{"<li></li>" * stamps}</ul>' if stamps else ""
    promise = f"{stamps} stamps: {worth} off" if stamps else f"{worth} off your next order"
    return (
        f"<article><h2>{escape(title)}</h2><p>{escape(entry['user_id'])}</p><p>{promise}</p>{places}"
        f'<p class="code">{escape(entry["code"])}</p><p>until {escape(entry["valid_until"])}</p></article>'
    )


def _phone(name: str) -> str | None:
    return name if name[:1] == "+" and name[1:].isdigit() else None
