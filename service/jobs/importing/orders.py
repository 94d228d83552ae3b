"""Who bought when, for how much and at what cost: of sheets that are looked at without being stored.

Sales are read by the rules of ``sales``, save that a line need not say what was sold, and that a file of nothing but
customers and dates is one of orders worth nothing. Of a file of events the purchases and refunds are taken.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.blocks import laid_out
from service.jobs.importing.cells import Texts
from service.jobs.importing.customer_ids import customers, shop_region
from service.jobs.importing.layout import Table
from service.jobs.importing.lines import typed_lines
from service.jobs.importing.reading import Reading, Sheet
from service.jobs.importing.sale_rules import (
    RULES,
    line_amounts,
    line_costs,
    line_fees,
    line_refusals,
    line_rules,
    refuse_order_totals,
)
from service.jobs.importing.understanding import understood


@dataclass(frozen=True, slots=True, eq=False)
class SoldLines:
    """Lines of sales and refunds, columnar, in the file's order; all arrays have shape ``(n_lines,)``."""

    users: Texts
    """Empty for sales to nobody known."""
    at: NDArray[np.int64]
    """Microseconds UTC."""
    orders: Texts
    """The file's own order numbers, empty where it has none."""
    amounts_minor: NDArray[np.int64]
    """At least 0."""
    is_refund: NDArray[np.bool_]
    currencies: Texts
    """Empty where a line says no amount."""
    costs_minor: NDArray[np.int64]
    """Of the goods, at least 0; 0 where it is not known."""
    has_cost: NDArray[np.bool_]
    fees_minor: NDArray[np.int64]
    """At least 0; 0 where none is known."""
    refused: Mapping[str, int]
    """Rows that could not be read, by reason."""
    reading: Reading


def orders_in_sales(
    table: Table,
    columns: Mapping[str, int],
    *,
    is_total_the_lines: bool,
    currency: str,
    timezone: str,
    now: int,
    file: str,
) -> SoldLines:
    """The lines of a sales table; the arguments are those of ``sales_sheet``.

    Raises:
        ImportRefused: If there is no such time zone, or a column of totals contradicts the prices.
    """
    layout = laid_out(table, columns)
    lines = typed_lines(layout.table, columns, currency=currency, timezone=timezone)
    amounts = line_amounts(lines)
    if {"price", "total"} <= columns.keys() and not is_total_the_lines:
        refuse_order_totals(lines, amounts, heading=table.headings[columns["total"]], file=file)
    refusals = line_refusals(
        lines,
        amounts,
        layout_reasons=layout.reasons,
        is_overlong=table.is_overlong,
        now=now,
        needs_goods=False,
    )
    users, _ = customers(
        lines.users,
        heading=table.headings[columns["user"]],
        region=shop_region(timezone=timezone, currency=currency),
    )
    rows = np.flatnonzero(refusals == "")
    costs, fees = line_costs(lines), line_fees(lines)
    return SoldLines(
        users=users.take(rows),
        at=lines.dates.instants.utc[rows],
        orders=lines.order_ids.take(rows),
        amounts_minor=amounts.minor[rows],
        is_refund=line_rules(lines, amounts)[rows] > RULES.index("free_line"),
        currencies=lines.currencies.codes.take(rows),
        costs_minor=costs.minor[rows],
        has_cost=costs.is_known[rows],
        fees_minor=fees.minor[rows],
        refused=_counted(refusals[refusals != ""]),
        reading=understood(
            table,
            columns,
            kind="sales",
            dates=lines.dates,
            decimal_mark=lines.decimal_mark,
            is_mark_assumed=lines.is_mark_assumed,
            notes=layout.notes,
        ),
    )


def orders_in_events(sheet: Sheet) -> SoldLines:
    """The purchases and refunds in a file of events; those of visitors are sales to nobody known."""
    events = sheet.events[sheet.events["kind"].isin(("purchase", "refund")).to_numpy()]
    costs, fees = events["cost_minor"], events["fee_minor"]
    return SoldLines(
        users=_texts(events["user"].astype(object).mask(events["visitor"])),
        at=events["at"].to_numpy(dtype=np.int64),
        orders=_texts(events["order_id"]),
        amounts_minor=_filled(events["amount_minor"]),
        is_refund=(events["kind"] == "refund").to_numpy(dtype=bool),
        currencies=_texts(events["currency"]),
        costs_minor=_filled(costs),
        has_cost=costs.notna().to_numpy(dtype=bool),
        fees_minor=_filled(fees),
        refused=_counted(sheet.refused["reason"].to_numpy(dtype=object)),
        reading=sheet.reading,
    )


def _texts(values: pd.Series) -> Texts:
    codes, distinct = pd.factorize(values)
    return Texts.of(codes.astype(np.int32), np.append(np.asarray(distinct, dtype=object), ""))


def _filled(values: pd.Series) -> NDArray[np.int64]:
    return np.asarray(values.fillna(0).to_numpy(dtype=np.int64))


def _counted(reasons: NDArray[Any]) -> dict[str, int]:
    return dict(Counter(reasons.tolist()))
