"""Refused rows, as their owner gets them back: why, what the file says, and the row to mend."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.dates import Instants
from service.jobs.importing.layout import Table
from service.jobs.importing.numbers import Decimals

Reasons = Mapping[str, tuple[str, str]]
"""By code: the field that shows why a row is refused, if one does, and the meaning. The first to apply counts."""

LAYOUT_REASONS: Reasons = {
    "total_row": ("", "this is the sum of other rows, not a row of its own: nothing to mend"),
    "repeated_headings": ("", "these are the headings once more: nothing to mend"),
    "bad_text": ("", "text must not hold the character U+0000, which not every database keeps"),
    "too_many_cells": ("", "the row has more cells than there are headings: a cell may need quotation marks"),
}

BAD_DATE = ("at", "this is no date of the calendar from 1970 to 2199, in the order of day and month of the file")
BAD_CURRENCY = ("currency", "this is no ISO 4217 code of three letters")
"""The field that shows what is wrong with a date or a currency, and the words for it."""


def first_reasons(reasons: Reasons, applies: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.object_]:
    """The first reason that applies to each row, empty where none does.

    Args:
        reasons: In the order in which they count.
        applies: For each of them, whether it applies, shape ``(n_rows,)``; one that is left out never does.
    """
    codes = [code for code in reasons if code in applies]
    first = np.zeros(len(next(iter(applies.values()))), dtype=np.int8)
    for place in range(len(codes), 0, -1):
        first[applies[codes[place - 1]]] = place
    found: NDArray[np.object_] = np.array(["", *codes], dtype=object)[first]
    return found


def refused_rows(
    table: Table,
    columns: Mapping[str, int],
    refusals: NDArray[np.object_],
    *,
    reasons: Reasons,
    mended: Mapping[int, NDArray[np.object_]],
) -> pd.DataFrame:
    """The refused rows in the shape of ``Sheet.refused``.

    A loop over them, for they become letters to the owner, and JSON has no other form.

    Args:
        table: The file's cells, as it says them.
        columns: Column number by field.
        refusals: The code of each row's reason, empty where it is not refused.
        reasons: The codes and their meanings.
        mended: By column number, what was understood of its cells in the refused rows, in a form that means the same in
            any file; empty where nothing was.
    """
    rows = np.flatnonzero(refusals != "")
    headings = [f"{h} ({n})" if h in table.headings[: n - 1] else h for n, h in enumerate(table.headings, start=1)]
    said = [column.texts.take(rows).rows() for column in table.columns]
    kept = [
        np.where(mended[place] == "", own, mended[place]) if place in mended else own for place, own in enumerate(said)
    ]
    codes = refusals[rows].tolist()
    letters, details = [], []
    for code, cells in zip(codes, zip(*said, strict=True), strict=True):
        field, meaning = reasons[code]
        shown = f"{table.headings[columns[field]]} {cells[columns[field]]!r}: " if field in columns else ""
        details.append(shown + meaning)
        letters.append(json.dumps(dict(zip(headings, cells, strict=True)), ensure_ascii=False))
    lists = list(map(list, zip(*kept, strict=True)))
    texts = {"reason": codes, "detail": details, "row": letters, "cells": lists}
    return pd.DataFrame(
        {"row_number": table.row_numbers[rows], **{name: pd.Series(v, dtype=object) for name, v in texts.items()}}
    )


def plain_dates(instants: Instants) -> NDArray[np.object_]:
    """Each valid instant as ISO 8601, on the shop's clock or in UTC as the file had it; empty for the others."""
    written = np.datetime_as_string(instants.written.astype("datetime64[us]"), unit="us")
    texts = pd.Series(written, dtype=object).str.replace(".000000", "", regex=False).to_numpy(dtype=object)
    texts = np.where(instants.written == instants.utc, texts + "Z", texts)
    return np.where(instants.is_valid, texts, "").astype(object)


def plain_numbers(decimals: Decimals) -> NDArray[np.object_]:
    """Each valid number with a decimal dot that nobody can take for a thousands separator; empty for the others."""
    scales = np.where(decimals.scales == 3, 4, decimals.scales)
    mantissas = np.where(decimals.scales == 3, decimals.mantissas * 10, decimals.mantissas)
    rows = zip(mantissas.tolist(), scales.tolist(), decimals.is_valid.tolist(), strict=True)
    return np.array([_plain(mantissa, scale) if valid else "" for mantissa, scale, valid in rows], dtype=object)


def _plain(mantissa: int, scale: int) -> str:
    digits = f"{abs(mantissa):0{scale + 1}d}"
    sign = "-" if mantissa < 0 else ""
    return f"{sign}{digits[: len(digits) - scale]}.{digits[len(digits) - scale :]}" if scale else f"{sign}{digits}"
