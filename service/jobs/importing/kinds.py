"""What a file holds, told by its headings.

- Events and items of a catalogue have the field names of the JSON: ``item_id`` and ``kind``, or ``id``, ``kind`` and
  ``title``.
- Sales name what was sold in words of goods (item, product, barang ...), or name a customer, an order, a quantity or a
  unit price. Expenses have a date, an amount and what it was for, in words of costs (payee, category, keterangan ...).
- A date, a description and an amount may be either; goods beside a supplier, without customer or order, may be stock
  that was bought. Such a file is refused, and its owner asked.
"""

from collections.abc import Mapping, Sequence

from service.jobs.importing.columns import (
    NEEDED,
    NEEDED_OF_ORDERS,
    SYNONYMS,
    guessed_columns,
    is_complete,
    plain_heading,
)
from service.jobs.importing.reading import ImportRefused, SheetKind

_EITHER = frozenset(map(plain_heading, ("description", "deskripsi")))
"""Headings that describe an expense as well as goods."""


def sheet_kind(headings: Sequence[str], mapping: Mapping[str, str], *, file: str) -> SheetKind:
    """What a file of these headings holds; sales if it is nothing that can be told.

    Args:
        headings: The file's own headings.
        mapping: Heading by field, as the owner named them.
        file: The file's name, for the messages.

    Raises:
        ImportRefused: If it may be sales or expenses.
    """
    plain = {plain_heading(heading) for heading in headings}
    if _are_events(plain):
        return "events"
    if {"id", "kind", "title"} <= plain:
        return "items"
    kinds: tuple[SheetKind, ...] = ("sales", "expenses")
    columns = {kind: _guessed(headings, mapping, kind) for kind in kinds}
    complete = [kind for kind in kinds if is_complete(columns[kind], NEEDED[kind])]
    if complete != ["sales", "expenses"]:
        return complete[0] if complete else "sales"
    likely = _likely(headings, columns)
    if likely is None:
        raise ImportRefused(
            f"{file} may hold sales or expenses; its columns are {', '.join(map(repr, headings))}. "
            "Say which with --as sales or --as expenses"
        )
    return likely


def orders_kind(headings: Sequence[str]) -> SheetKind:
    """What a file that says who bought when is: events if it has their headings, else sales."""
    return "events" if _are_events({plain_heading(heading) for heading in headings}) else "sales"


def can_be_read(headings: Sequence[str], mapping: Mapping[str, str]) -> bool:
    """Whether the headings have all that some kind of file needs."""
    return any(is_complete(_guessed(headings, mapping, kind), NEEDED[kind]) for kind in SYNONYMS)


def orders_can_be_read(headings: Sequence[str], mapping: Mapping[str, str]) -> bool:
    """Whether the headings say who bought when."""
    return is_complete(_guessed(headings, mapping, "sales"), NEEDED_OF_ORDERS)


def _are_events(plain: set[str]) -> bool:
    return {"kind", "itemid"} <= plain and bool({"userid", "visitorid"} & plain)


def _guessed(headings: Sequence[str], mapping: Mapping[str, str], kind: SheetKind) -> dict[str, int]:
    plain = [plain_heading(heading) for heading in headings]
    said = {field: plain_heading(heading) for field, heading in mapping.items() if field in SYNONYMS[kind]}
    taken = {field: plain.index(name) if name in plain else -1 for field, name in said.items()}
    return guessed_columns(headings, kind=kind, taken=taken)


def _likely(headings: Sequence[str], columns: Mapping[SheetKind, Mapping[str, int]]) -> SheetKind | None:
    sales, expenses = columns["sales"], columns["expenses"]
    is_traded = bool({"user", "order_id"} & sales.keys())
    names_goods = any(
        plain_heading(headings[sales[field]]) not in _EITHER for field in ("item", "title") if field in sales
    )
    says_costs = "payee" in expenses or (
        "category" in expenses and not ({"quantity", "price"} & sales.keys()) and not names_goods
    )
    if says_costs:
        return "expenses" if not is_traded and not names_goods else None if not is_traded else "sales"
    return "sales" if is_traded or names_goods or {"quantity", "price"} & sales.keys() else None
