"""Customer values as tables and documents: for files, screens and programs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from customers.books.entries import Books
from customers.segments import SEGMENTS
from customers.valuation import LIMITS, Valuation, columns_of, shop_of
from customers.wording import Language
from service.jobs.export_files import Content, Format, table_writer
from service.log.extracts import Columns
from service.money import decimal_amount

_MONEY = frozenset({"so_far", "spend", "value", "residual_value"})
_LIMITED = MappingProxyType({"orders": "orders", "spend": "spend_minor", "value": "margin_minor"})
"""Headings of what has limits, and the valuation's columns for it."""
_ENDS = ("", *(f"_{limit}" for limit in LIMITS))


def _contents() -> dict[str, Content]:
    limited = {name: "money" if name in _MONEY else "number" for name in _LIMITED}
    spreads = {f"{name}{end}": kind for name, kind in limited.items() for end in _ENDS}
    dates = {f"next_order{end}": "day" for end in _ENDS}
    first: dict[str, Content] = {
        "customer_id": "text",
        "segment": "text",
        "reason": "text",
        "order_days": "integer",
        "first_order": "day",
        "last_order": "day",
        "so_far": "money",
        "currency": "text",
    }
    last: dict[str, Content] = {"alive": "number", "chance_of_order_90_days": "number", "residual_value": "money"}
    return {**first, **spreads, **dates, **last}  # type: ignore[dict-item]  # every word is a Content


CONTENTS: Mapping[str, Content] = MappingProxyType(_contents())
"""What each column of ``value_table`` holds, in the order of a file."""


def value_table(books: Books, worth: Valuation, *, language: Language) -> Columns:
    """One row per customer by ``CONTENTS``, the most valuable first: by what is expected, else by what came.

    A column that is not to be had is null throughout. Reasons are in the language.
    """
    found = columns_of(worth)
    n = len(worth)
    table: dict[str, Any] = {
        "customer_id": books.customer_names[found["customer_ids"]],
        "segment": np.array([segment.id for segment in SEGMENTS], dtype=object)[found["segment"]],
        "reason": _reasons(worth, language),
        "order_days": found["order_days"],
        "first_order": found["first_day"],
        "last_order": found["last_day"],
        "so_far": found["so_far_minor"],
        "currency": np.full(n, books.currency, dtype=object),
    }
    rank = found["so_far_minor"].astype(np.float64)
    if worth.projection is not None:
        table |= _projected(found, until_day=books.until_day)
        rank = found["margin_minor"]
    order = np.argsort(-rank, kind="stable")
    empty = np.full(n, None, dtype=object)
    return {name: table.get(name, empty)[order] for name in CONTENTS}


def value_document(books: Books, worth: Valuation, table: Columns) -> dict[str, Any]:
    """The table as one JSON document, what was valued and how before it; money as exact decimals in text."""
    about, _ = shop_of(worth)
    money = {name for name, content in CONTENTS.items() if content == "money"}
    days = {name for name, content in CONTENTS.items() if content == "day"}

    def plain(name: str, value: Any) -> Any:
        if value is None or value != value:
            return None
        if name in money:
            return str(decimal_amount(int(value), books.currency))
        if name in days:
            return _date(int(value))
        return value.item() if isinstance(value, np.generic) else value

    names = [name for name in CONTENTS if name != "currency"]
    rows = zip(*(table[name] for name in names), strict=True)
    return {
        "currency": books.currency,
        "until": _date(books.until_day),
        "value": about["value"],
        "model": about["model"],
        "why": about["why"],
        "horizon_weeks": about["horizon_weeks"],
        "customers": [{name: plain(name, cell) for name, cell in zip(names, row, strict=True)} for row in rows],
    }


def segments_document(books: Books, worth: Valuation, *, language: Language) -> dict[str, Any]:
    """Every segment with its size, its name and definition in the language."""
    about, _ = shop_of(worth)
    return {
        "until": _date(books.until_day),
        "model": about["model"],
        "why": about["why"],
        "segments": [
            {
                "id": segment.id,
                "name": segment.name[language],
                "definition": segment.definition(language, value=worth.value, has_model=worth.projection is not None),
                "customers": worth.segmentation.counts[segment.id],
            }
            for segment in SEGMENTS
        ],
    }


def write_table(stream: BinaryIO, format_: Format, table: Columns) -> None:
    """Writes a ``value_table``."""
    with table_writer(stream, format_, CONTENTS) as write:
        write(table)


def _projected(found: Mapping[str, NDArray[Any]], *, until_day: int) -> dict[str, NDArray[np.object_]]:
    columns: dict[str, NDArray[np.object_]] = {}
    for end in _ENDS:
        columns |= {
            f"{name}{end}": _cells(found[f"{own}{end}"], is_money=name in _MONEY) for name, own in _LIMITED.items()
        }
        days = until_day + np.maximum(1, np.ceil(found[f"next_order_weeks{end}"] * 7))
        columns[f"next_order{end}"] = _cells(days, is_money=True)
    return columns | {
        "alive": _cells(found["alive"], is_money=False),
        "chance_of_order_90_days": _cells(found["chance"], is_money=False),
        "residual_value": _cells(found["residual_minor"], is_money=True),
    }


def _cells(values: NDArray[np.float64], *, is_money: bool) -> NDArray[np.object_]:
    """Numbers as cells: whole ones of money and days, and none where there is none."""
    known = np.isfinite(values)
    whole = np.rint(np.where(known, values, 0.0))
    cells = (whole.astype(np.int64) if is_money else values).astype(object)
    cells[~known] = None
    return cells


def _reasons(worth: Valuation, language: Language) -> NDArray[np.object_]:
    """The reason of each customer; those of whom the same is said share one text, which is made once."""
    silences, segmentation = worth.segmentation.silences, worth.segmentation
    chance = np.zeros(len(worth)) if segmentation.p_order is None else np.rint(100 * segmentation.p_order)
    said = (silences.days, np.nan_to_num(np.rint(silences.usual_gap_days)), silences.has_own_gap, silences.situations)
    _, first, which = np.unique(np.stack([*said, chance], axis=1), axis=0, return_index=True, return_inverse=True)
    texts = np.array([segmentation.reason(row, language=language) for row in first.tolist()], dtype=object)
    return texts[which]


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))
