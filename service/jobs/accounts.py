"""The account of an import: every row of the file is stored, a duplicate or refused, and the three add up."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.events import Kind
from service.clock import instant_text
from service.jobs.importing.reading import Sheet
from service.log import import_pieces
from service.money import decimal_amount

_REFUSALS = {
    import_pieces.CHANGED: ("changed_payload", "this id was stored before with other content: give a new row a new id"),
    import_pieces.FORGOTTEN: (
        "forgotten",
        "this user or visitor asked to be forgotten: nothing about them is stored any more",
    ),
}

_SALES_HEAPS = ("purchase", "refund", "free", "anonymous")
_STORED = [import_pieces.ACCEPTED, import_pieces.UNNAMED]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import came to."""

    account: dict[str, Any]
    """In the shape of the command's JSON."""
    refused: pd.DataFrame
    """row_number, reason, detail, row and cells of every refused row, in the order of the file; see ``Sheet.refused``.
    Of somebody who asked to be forgotten ``row`` is empty and ``cells`` None: nothing of it may be kept."""


def outcome_of(sheet: Sheet, results: NDArray[np.str_], *, import_id: int | None) -> Outcome:
    """What the letters of a sheet's rows come to.

    Args:
        sheet: The file, read.
        results: What became of each row of its events, expenses or items, in order: see ``service.log.import_pieces``.
        import_id: None if nothing was stored.
    """
    refused = _refused(sheet, results)
    is_stored = np.isin(results, _STORED)
    counts = refused["reason"].value_counts()
    account: dict[str, Any] = {
        "import_id": import_id,
        "kind": sheet.kind,
        "rows_read": sheet.rows_read,
        "stored": _stored(sheet, results, is_stored),
        "duplicates": int((results == import_pieces.DUPLICATE).sum()),
        "refused": {str(reason): int(count) for reason, count in counts.items()},
        "forgotten": int(np.isin(results, [import_pieces.UNNAMED, import_pieces.FORGOTTEN]).sum()),
        "catalogue": _catalogue(sheet),
        "users": len(sheet.users),
    }
    if sheet.kind == "sales":
        account["rules"] = {rule: int(count) for rule, count in sheet.events["rule"].value_counts().items()}
    if sheet.kind != "items":
        account["money"] = _money(sheet, np.ones(len(results), dtype=bool))
        account["stored_money"] = _money(sheet, is_stored)
    account["reading"] = {**asdict(sheet.reading), "notes": list(sheet.reading.notes)}
    return Outcome(account, refused)


def _stored(sheet: Sheet, results: NDArray[np.str_], is_stored: NDArray[np.bool_]) -> dict[str, int]:
    if sheet.kind == "sales":
        heaps = sheet.events["counted_as"].mask(results == import_pieces.UNNAMED, "anonymous")
        counts = heaps[is_stored].value_counts()
        return {name: int(counts.get(name, 0)) for name in _SALES_HEAPS}
    if sheet.kind == "events":
        counts = sheet.events.loc[is_stored, "kind"].value_counts()
        names = (kind.name.lower() for kind in Kind)
        return {name: int(counts[name]) for name in names if name in counts}
    return {"expense" if sheet.kind == "expenses" else "item": int(is_stored.sum())}


def _catalogue(sheet: Sheet) -> dict[str, int]:
    services = int(sheet.items["is_service"].sum()) if sheet.kind == "sales" else 0
    return {"items": len(sheet.items), "services": services}


def _money(sheet: Sheet, chosen: NDArray[np.bool_]) -> dict[str, dict[str, str]]:
    """Exact sums per currency over the chosen rows: sold, refunded and what remains; or spent."""
    if sheet.kind == "expenses":
        spent = sheet.expenses[chosen].groupby("currency", sort=True)["amount_minor"].sum()
        return {
            str(currency): {"expenses": str(decimal_amount(int(sum_), str(currency)))}
            for currency, sum_ in spent.items()
        }
    rows = sheet.events[chosen]
    rows = rows[rows["kind"].isin(("purchase", "refund")) & rows["amount_minor"].notna()]
    sums = rows.groupby(["currency", "kind"])["amount_minor"].sum()
    money = {}
    for currency in sorted(rows["currency"].unique()):
        purchases, refunds = (int(sums.get((currency, kind), 0)) for kind in ("purchase", "refund"))
        money[str(currency)] = {
            "purchases": str(decimal_amount(purchases, currency)),
            "refunds": str(decimal_amount(refunds, currency)),
            "net": str(decimal_amount(purchases - refunds, currency)),
        }
    return money


def _refused(sheet: Sheet, results: NDArray[np.str_]) -> pd.DataFrame:
    """The rows that could not be read and those that could not be stored, in the order of the file."""
    columns = ["row_number", "reason", "detail", "row", "cells"]
    parts = [sheet.refused[columns]]
    for letter, (reason, detail) in _REFUSALS.items():
        if letter not in results:
            continue
        rows = sheet.events[results == letter]
        said = [_as_sent(row) if letter != import_pieces.FORGOTTEN else None for row in rows.to_dict("records")]
        unstored = pd.DataFrame({"row_number": rows["row_number"].to_numpy()}).assign(
            reason=reason,
            detail=detail,
            row=pd.Series(["" if one is None else json.dumps(one, ensure_ascii=False) for one in said], dtype=object),
            cells=pd.Series([None if one is None else _cells(sheet, one) for one in said], dtype=object),
        )
        parts.append(unstored[columns])
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True).sort_values("row_number", kind="stable") if filled else parts[0]


def _as_sent(row: dict[Any, Any]) -> dict[str, Any]:
    """An event in the words of ``POST /v1/events``; row by row, for it becomes a letter."""
    given = {name: value for name, value in row.items() if not (value is None or value is pd.NA or value != value)}
    who = "visitor_id" if given.get("visitor") else "user_id"
    renamed = {who: given.get("user"), "item_id": given.get("item")}
    kept = ("id", "kind", "order_id", "currency", "feed_id", "quantity", "seconds_watched", "seconds_total")
    sent: dict[str, Any] = {name: given[name] for name in kept if name in given}
    instants = {name: instant_text(int(given[name])) for name in ("at", "sent_at") if name in given}
    for name in ("amount", "cost", "fee"):
        if f"{name}_minor" in given:
            sent[name] = str(decimal_amount(int(given[f"{name}_minor"]), str(given["currency"])))
    return {**sent, **{name: value for name, value in renamed.items() if value is not None}, **instants}


def _cells(sheet: Sheet, sent: dict[str, Any]) -> list[str]:
    """The row under the file's own headings."""
    field_of = {heading: field for field, heading in sheet.reading.mapping.items()}
    return [str(sent.get(field_of.get(heading, ""), "")) for heading in sheet.headings]
