"""A file of items, the shop's catalogue, by the rules of ``PUT /v1/items``.

Categories and tags are separated by ``|``, or a JSON list; attributes are a JSON object of plain values. An item is
available unless the file says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.cells import Texts
from service.jobs.importing.columns import ITEM_FIELDS
from service.jobs.importing.dates import Instants
from service.jobs.importing.layout import Table, holds_null_character
from service.jobs.importing.lines import Numbers, WrittenCurrencies, text, written_currencies, written_numbers
from service.jobs.importing.reading import Sheet
from service.jobs.importing.refusals import LAYOUT_REASONS, Reasons, first_reasons, plain_numbers, refused_rows
from service.jobs.importing.sent_values import are_ids, nullable, sent_amounts, sent_instants
from service.jobs.importing.understanding import understood

_MAX_TEXT, _MAX_LABEL, _MAX_LABELS = 2_000, 256, 64
_TRUE = frozenset({"", "true", "yes", "y", "1", "ya", "tersedia", "available", "in stock"})
_FALSE = frozenset({"false", "no", "n", "0", "tidak", "habis", "unavailable", "out of stock"})
_LABELS = f"must be at most {_MAX_LABELS} texts of 1 to {_MAX_LABEL} letters, separated by | or as a JSON list"

REASONS: Reasons = MappingProxyType(
    {
        "too_many_cells": LAYOUT_REASONS["too_many_cells"],
        "bad_text": LAYOUT_REASONS["bad_text"],
        "bad_id": ("id", "an id must be 1 to 256 printable characters"),
        "bad_kind": ("kind", "kind must be product or content"),
        "bad_title": ("title", f"title must be 1 to {_MAX_TEXT} letters"),
        "bad_url": ("url", f"url must be at most {_MAX_TEXT} letters"),
        "bad_image_url": ("image_url", f"image_url must be at most {_MAX_TEXT} letters"),
        "bad_categories": ("categories", f"categories {_LABELS}"),
        "bad_tags": ("tags", f"tags {_LABELS}"),
        "bad_creator": ("creator", f"creator must be at most {_MAX_LABEL} letters"),
        "bad_price": ("price", "price must be an amount of money from 0 to 1000000000000 in the item's currency"),
        "bad_currency": ("currency", "currency must be an ISO 4217 code of three letters"),
        "bad_available": ("available", "available must be true or false"),
        "bad_published_at": (
            "published_at",
            "published_at must be an RFC 3339 instant with an offset, such as 2026-01-31T12:00:00Z, of 1970 or later",
        ),
        "bad_attributes": ("attributes", "attributes must be a JSON object of texts, numbers, true, false and null"),
    }
)
"""Why an item is refused."""


@dataclass(frozen=True, slots=True, eq=False)
class _Prices:
    """The items' prices; all shape ``(n_rows,)``."""

    minor: NDArray[np.int64]
    is_written: NDArray[np.bool_]
    is_bad: NDArray[np.bool_]


def items_sheet(table: Table, columns: Mapping[str, int], *, currency: str) -> Sheet:
    """The items in ``table``.

    Args:
        table: The file's cells.
        columns: Column number by field.
        currency: ISO 4217 code of prices in a file that names none.
    """
    said = {field: text(table, columns, field) for field in ITEM_FIELDS}
    currencies = written_currencies(table, columns, currency=currency)
    numbers = written_numbers(table, columns, ("price",), currencies=currencies, currency=currency)
    prices = _prices(numbers.columns.get("price"), currencies, n_rows=len(table.row_numbers))
    labels = {field: _labels(said[field]) for field in ("categories", "tags")}
    attributes = _attributes(said["attributes"])
    published = sent_instants(said["published_at"])
    applies = {
        "too_many_cells": table.is_overlong,
        "bad_text": holds_null_character(table),
        **_bad_texts(said),
        **{f"bad_{field}": _missing(values) for field, values in labels.items()},
        "bad_price": prices.is_bad,
        "bad_currency": prices.is_written & ~currencies.are_codes,
        "bad_published_at": ~published.is_valid & ~said["published_at"].is_empty,
        "bad_attributes": _missing(attributes),
    }
    refusals = first_reasons(REASONS, applies)
    rows = np.flatnonzero(refusals == "")
    values = {**labels, "attributes": attributes}
    items = _items(said, values, prices, currencies, published, rows=rows).assign(row_number=table.row_numbers[rows])
    refused = np.flatnonzero(refusals != "")
    mended = {columns[field]: plain_numbers(own.decimals.take(refused)) for field, own in numbers.columns.items()}
    return Sheet(
        kind="items",
        items=items,
        refused=refused_rows(table, columns, refusals, reasons=REASONS, mended=mended),
        headings=table.headings,
        rows_read=len(refusals),
        reading=understood(
            table,
            columns,
            kind="items",
            dates=None,
            decimal_mark=numbers.decimal_mark,
            is_mark_assumed=numbers.is_mark_assumed,
            notes=(),
        ),
    )


def _prices(numbers: Numbers | None, currencies: WrittenCurrencies, *, n_rows: int) -> _Prices:
    if numbers is None:
        nowhere = np.zeros(n_rows, dtype=bool)
        return _Prices(np.zeros(n_rows, dtype=np.int64), nowhere, nowhere)
    amounts = sent_amounts(numbers.decimals, minor_digits=currencies.minor_digits)
    is_price = numbers.decimals.is_valid & amounts.fits & (amounts.signs >= 0)
    return _Prices(amounts.minor, numbers.is_written, numbers.is_written & ~is_price)


def _items(
    said: Mapping[str, Texts],
    values: Mapping[str, NDArray[np.object_]],
    prices: _Prices,
    currencies: WrittenCurrencies,
    published: Instants,
    *,
    rows: NDArray[np.intp],
) -> pd.DataFrame:
    kept = {field: texts.take(rows) for field, texts in said.items()}
    is_priced = prices.is_written[rows]
    return pd.DataFrame(
        {
            "item": pd.Series(kept["id"].rows(), dtype=object),
            **{field: pd.Series(kept[field].rows(), dtype=object) for field in ("kind", "title")},
            **{field: _or_none(kept[field]) for field in ("url", "image_url", "creator")},
            **{field: pd.Series(own[rows], dtype=object) for field, own in values.items()},
            "price_minor": nullable(prices.minor[rows], is_priced),
            "currency": currencies.codes.take(rows).series().where(is_priced),
            "available": _is_one_of(kept["available"], _TRUE),
            "published_at": nullable(published.utc[rows], published.is_valid[rows]),
        }
    )


def _bad_texts(said: Mapping[str, Texts]) -> dict[str, NDArray[np.bool_]]:
    return {
        "bad_id": ~are_ids(said["id"]),
        "bad_kind": ~_is_one_of(said["kind"], {"product", "content"}),
        "bad_title": said["title"].is_empty | (said["title"].lengths > _MAX_TEXT),
        "bad_url": said["url"].lengths > _MAX_TEXT,
        "bad_image_url": said["image_url"].lengths > _MAX_TEXT,
        "bad_creator": said["creator"].lengths > _MAX_LABEL,
        "bad_available": ~_is_one_of(said["available"], _TRUE | _FALSE),
    }


def _is_one_of(texts: Texts, names: set[str] | frozenset[str]) -> NDArray[np.bool_]:
    return texts.spread(np.array([text.lower() in names for text in texts.distinct], dtype=bool))


def _or_none(texts: Texts) -> pd.Series:
    rows = pd.Series(texts.rows(), dtype=object)
    return rows.where(~texts.is_empty, None)


def _labels(texts: Texts) -> NDArray[np.object_]:
    """For each row its labels, None where they are not to be had."""
    return texts.spread(_objects([_label_tuple(text) for text in texts.distinct]))


def _label_tuple(text: str) -> tuple[str, ...] | None:
    if text.startswith("["):
        try:
            labels = msgspec.json.decode(text, type=tuple[str, ...])
        except msgspec.DecodeError:
            return None
    else:
        labels = tuple(part.strip() for part in text.split("|") if part.strip())
    is_good = len(labels) <= _MAX_LABELS and all(0 < len(label) <= _MAX_LABEL for label in labels)
    return labels if is_good else None


def _attributes(texts: Texts) -> NDArray[np.object_]:
    """For each row its attributes, None where they are not to be had."""
    return texts.spread(_objects([_attribute_values(text) for text in texts.distinct]))


def _attribute_values(text: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, str | int | float | bool | None])
    except msgspec.DecodeError:
        return None


def _objects(values: list[Any]) -> NDArray[np.object_]:
    return np.fromiter(values, dtype=object, count=len(values))


def _missing(values: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.array([value is None for value in values], dtype=bool)
