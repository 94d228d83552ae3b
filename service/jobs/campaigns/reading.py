"""The verdict on a campaign, from the log or from the sheet that covers its window."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customers.orders import OrderDays
from experiments.campaigns.reading import Reading, Units, read_campaign
from experiments.campaigns.standing import WindowOrders, window_orders
from experiments.campaigns.wording import WORTH, reading_text, too_early_text
from experiments.statistics.randomisation import LotsEffect
from service.clock import day_text
from service.jobs.campaigns.planning import DAYS_A_WEEK, generator, last_day_of, money_of, promise_of
from service.jobs.campaigns.records import NoOrders, Records, folded
from service.log.campaigns import CampaignUnits, EntryKind, StoredCampaign, entry_counts, units_of
from service.log.database import Connection

MOST_SILENT_DAYS = 6
"""Days without an entry that a shop may have at a window's end; of a sheet kept by the week more are missing."""


def too_early(stored: StoredCampaign, *, today: int) -> dict[str, Any] | None:
    """What is said while the window is open, or None once it has passed: then the records may be looked at."""
    last_day = last_day_of(stored)
    if today > last_day:
        return None
    come_back = day_text(last_day + 1)
    return {
        "key": stored.key,
        "verdict": {
            "kind": "too_early",
            "text": too_early_text(last_day=day_text(last_day), come_back=come_back),
            "decision_date": come_back,
        },
    }


def campaign_reading(
    connection: Connection, stored: StoredCampaign, records: Records, *, is_after_vouchers: bool
) -> dict[str, Any]:
    """The verdict of a campaign whose window has passed, in the shape of the API.

    Customers are matched by their names, letters' case and blanks aside; who was no customer when the lots were drawn
    counts in neither arm, nor does who asked to be forgotten since.

    Args:
        connection: A reader's.
        stored: The campaign.
        records: Of the log, or of a sheet that covers the window.
        is_after_vouchers: Whether the amounts are what was paid, vouchers already taken off.

    Raises:
        NoOrders: If the records end a week or more before the window does, or count other money than the campaign.
    """
    _check_records(stored, records)
    kept = units_of(connection, stored.id)
    if not kept.user_ids.size:
        raise NoOrders(f"every customer of campaign {stored.key!r} asked to be forgotten: nothing is left to read")
    matched, rows = _matched(kept, records), np.arange(kept.user_ids.size)
    n_days = DAYS_A_WEEK * stored.definition["weeks"]
    did = window_orders(matched.orders, rows, first_day=stored.first_day, n_days=n_days)
    units = Units(rows, kept.block, kept.is_contacted, kept.activity, kept.margin_activity)
    costs, assumed = _voucher_costs(connection, stored, kept, did, is_after_vouchers=is_after_vouchers)
    rng = generator(stored.salt, "reading")
    found = read_campaign(units, did, voucher_cost_minor=costs, has_money=records.has_money, rng=rng)
    money, notes = money_of(stored), _notes(stored, records)
    worth, weeks = WORTH[records.value], stored.definition["weeks"]
    text = reading_text(found, money, worth=worth, weeks=weeks, assumed_vouchers=assumed)
    return {
        "key": stored.key,
        "first_day": day_text(stored.first_day),
        "last_day": day_text(last_day_of(stored)),
        "records_until": day_text(records.last_day),
        "currency": records.currency,
        "value": records.value,
        "arms": {"contacted": found.n_contacted, "held_out": found.n_held_out},
        "ordering": found.n_ordering,
        "outcomes": _outcomes(found, per_major=money.minor_per_major),
        "voucher_cost": float(costs.sum()) / money.minor_per_major,
        "vouchers_assumed": assumed,
        "customers": {
            "other_spellings": matched.other_spellings + records.other_spellings,
            "new": matched.n_new,
            "forgotten": {"contacted": stored.erased_contacted, "held_out": stored.erased_held_out},
        },
        "notes": notes,
        "verdict": {"kind": found.kind, "text": " ".join([text, *notes])},
    }


def _check_records(stored: StoredCampaign, records: Records) -> None:
    """Refuses records that don't cover the campaign's window, or count other money than it does."""
    last_day = last_day_of(stored)
    if records.last_day < last_day - MOST_SILENT_DAYS:
        window = f"the window runs from {day_text(stored.first_day)} to {day_text(last_day)}"
        ends = f"the last entry is of {day_text(records.last_day)}"
        raise NoOrders(f"too early: {ends}, and {window}. Come back with a sheet that covers it")
    planned_in = stored.definition["currency"]
    if records.has_money and records.currency != planned_in:
        raise NoOrders(f"the amounts are in {records.currency}, and the campaign was planned in {planned_in}")


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    """Orders of a campaign's units, under their rows, and who else ordered."""

    orders: OrderDays
    other_spellings: int
    n_new: int


def _matched(kept: CampaignUnits, records: Records) -> _Matched:
    row_of = {folded(name): row for row, name in enumerate(kept.names)}
    rows = np.array([row_of.get(folded(name), -1) for name in records.names], dtype=np.int64)
    spelt_alike = sum(row >= 0 and kept.names[row] != name for row, name in zip(rows, records.names, strict=True))
    owner = rows[records.orders.customer_ids]
    is_unit, days = owner >= 0, records.orders
    orders = OrderDays(owner[is_unit], days.days[is_unit], days.values_minor[is_unit], days.margins_minor[is_unit])
    n_new = int(np.unique(days.customer_ids[~is_unit]).size)
    return _Matched(orders, int(spelt_alike), n_new)


def _voucher_costs(
    connection: Connection,
    stored: StoredCampaign,
    kept: CampaignUnits,
    did: WindowOrders,
    *,
    is_after_vouchers: bool,
) -> tuple[NDArray[np.float64], int]:
    """What vouchers gave each unit in minor units; and how many are taken to have used one, none being recorded.

    A stamp costs its share of the reward when it is given, so that a card filled later is not free.
    """
    promise = promise_of(stored)
    nothing = np.zeros(kept.user_ids.size)
    if promise is None or (is_after_vouchers and not promise.stamps):
        return nothing, 0
    kind: EntryKind = "stamped" if promise.stamps else "redeemed"
    each = promise.amount_minor / (promise.stamps or 1)
    counts = entry_counts(connection, stored.id, kind, last_day=last_day_of(stored))
    if counts:
        return each * np.array([counts.get(int(id_), 0) for id_ in kept.user_ids], dtype=np.float64), 0
    used = np.where(kept.is_contacted, did.orders if promise.stamps else did.ordered, 0).astype(np.float64)
    return each * used, int((used > 0).sum())


def _outcomes(found: Reading, *, per_major: int) -> dict[str, dict[str, Any] | None]:
    scales = {"margin": per_major}
    return {
        name: None if effect is None else _entry(effect, scales.get(name, 1)) for name, effect in found.outcomes.items()
    }


def _entry(effect: LotsEffect, scale: int) -> dict[str, Any]:
    """An effect in the words of experiments; an interval without an end says null there."""
    low, high = (end / scale if math.isfinite(end) else None for end in effect.interval)
    return {
        "control_mean": effect.control_mean / scale,
        "arm_mean": effect.treated_mean / scale,
        "difference": effect.estimate / scale,
        "interval": [low, high],
        "p_value": effect.p_value,
    }


def _notes(stored: StoredCampaign, records: Records) -> list[str]:
    notes = []
    if records.last_day < last_day_of(stored):
        notes.append(
            f"The last entry is of {day_text(records.last_day)}, before the window's end: if sales after it are "
            "missing, bring a later sheet."
        )
    n_erased = stored.erased_contacted + stored.erased_held_out
    if n_erased:
        notes.append(f"{n_erased:,} customers asked to be forgotten since and are in neither arm.")
    return notes
