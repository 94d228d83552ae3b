"""Which showings stand before which orders: credit by stated rules, computed each time, never stored."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.attribution import Rule, credits_of, purchase_lines
from experiments.outcomes import DAY_MICROSECONDS
from service.clock import instant_text, start_of_day
from service.jobs.attribution_rows import CreditedOrders, CreditedShowings, CreditRows, money
from service.log.database import Reader
from service.log.extracts import Period
from service.log.touches import NOBODY, acts_frame, content_item_ids, purchase_frame, shown_frame

BoolArray = NDArray[np.bool_]

By = Literal["item", "source", "kind", "order"]
GROUPINGS: tuple[By, ...] = get_args(By)

DEFAULT_DAYS = 30
"""Days before its end with which a period begins unless it says otherwise."""

WINDOW_DAYS = 7
MOST_WINDOW_DAYS = 90
ROWS = 100
MOST_ROWS = 1_000

_USERS_AT_A_TIME = 1_000

NOTE = "credit says what was shown before a purchase, by the stated rule; it does not say what caused the purchase"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchasePeriod:
    """When the purchases were made: from ``since`` on and before ``until``, microseconds UTC."""

    since: int
    until: int


class PeriodRefused(ValueError):
    """A period that holds no instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the log."""

    period: PurchasePeriod
    as_of: int
    """Data cut-off, microseconds UTC: nothing later is looked at."""
    window_days: int
    rule: Rule
    by: By
    limit: int
    """Most rows of the answer."""


def purchase_period(since: date | None, until: date | None, *, timezone: str, now: int) -> PurchasePeriod:
    """The period that two days of the shop's calendar bound, up to now, and by default the last 30 days of it.

    Raises:
        PeriodRefused: If it begins no earlier than it ends.
    """
    end = now if until is None else min(now, start_of_day(until, timezone=timezone))
    start = end - DEFAULT_DAYS * DAY_MICROSECONDS if since is None else start_of_day(since, timezone=timezone)
    if start >= end:
        said = f"{instant_text(start)} to {instant_text(end)}"
        raise PeriodRefused(f"since must be a day before until, and not in the future; this period would be {said}")
    return PurchasePeriod(since=start, until=end)


def attributed(reader: Reader, question: Question, *, on_progress: Callable[[str, float], None]) -> dict[str, Any]:
    """The credit that showings get for the purchases of a period, in the shape of the API.

    Memory holds the period's purchase lines, and of showings those of a thousand buyers at a time.

    Args:
        reader: The log; others may write it meanwhile.
        question: What is asked.
        on_progress: Told what is being done and the finished share.
    """
    on_progress("reading purchases", 0.0)
    events = purchase_frame(
        reader, since=question.period.since, until=question.period.until, refunds_until=question.as_of
    )
    lines = purchase_lines(events).sort_values("user", kind="stable", ignore_index=True)
    lines = lines.assign(order_at=lines.groupby(["user", "order"])["at"].transform("min"))
    rows = _rows(question, lines, events["order_key"].cat.categories)
    is_credited = np.zeros(len(lines), dtype=np.bool_)

    def noted(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            is_credited[part["line"].to_numpy()] = True
            yield part

    for parts, share in _credits(reader, lines, question):
        rows.add(noted(parts))
        on_progress("crediting purchases", share)
    found, total = rows.listed(reader, limit=question.limit)
    return {
        "as_of": instant_text(question.as_of),
        "since": instant_text(question.period.since),
        "until": instant_text(question.period.until),
        "window_days": question.window_days,
        "rule": question.rule,
        "by": question.by,
        "purchases": _counts(lines, is_credited),
        "money": _sums(lines, is_credited),
        "refunds": _refunds(events, lines),
        "rows": found,
        "rows_in_all": total,
        "note": NOTE,
    }


def _rows(question: Question, lines: pd.DataFrame, order_keys: pd.Index) -> CreditRows:
    if question.by == "order":
        return CreditedOrders(lines, order_keys, limit=question.limit)
    return CreditedShowings(question.by)


def _credits(reader: Reader, lines: pd.DataFrame, question: Question) -> Iterator[tuple[Iterator[pd.DataFrame], float]]:
    """The credits of a thousand buyers at a time, in parts, with the share of buyers that is done with them."""
    content = content_item_ids(reader)
    user = lines["user"].to_numpy()
    buyers = np.unique(user[user != NOBODY])
    window = question.window_days * DAY_MICROSECONDS
    looked_at = Period(since=question.period.since - window, until=question.period.until)
    for start in range(0, len(buyers), _USERS_AT_A_TIME):
        some = buyers[start : start + _USERS_AT_A_TIME]
        bought = lines.iloc[np.searchsorted(user, some[0]) : np.searchsorted(user, some[-1], side="right")]
        acts = acts_frame(reader, some, looked_at)
        shown = shown_frame(reader, looked_at, wanted=pd.concat([bought[["user", "item"]], acts[["user", "item"]]]))
        shown = shown.assign(is_content=np.isin(shown["item"].to_numpy(), content))
        found = credits_of(bought, shown, acts, window_days=question.window_days, rule=question.rule)
        yield (_told(part, bought, shown) for part in found), (start + len(some)) / len(buyers)


def _told(credited: pd.DataFrame, bought: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """The credits, each with what was bought (``line``: its row among all lines) and what was shown."""
    lines = bought.iloc[credited["line"].to_numpy()]
    showings = shown.iloc[credited["shown"].to_numpy()]
    of_line = {name: lines[name].array for name in ("user", "order", "order_at", "currency")}
    of_showing = {name: showings[name].array for name in ("item", "is_content", "source", "position", "at")}
    return credited[["share", "credited_minor"]].assign(
        line=lines.index, bought_item=lines["item"].array, **of_line, **of_showing
    )


def _counts(lines: pd.DataFrame, is_credited: BoolArray) -> dict[str, int]:
    is_anonymous = lines["user"].to_numpy() == NOBODY
    return {
        "lines": len(lines),
        "credited": int(is_credited.sum()),
        "without_touch": int((~is_credited & ~is_anonymous).sum()),
        "anonymous": int(is_anonymous.sum()),
    }


def _sums(lines: pd.DataFrame, is_credited: BoolArray) -> dict[str, dict[str, str]]:
    """Per currency what was bought, net of refunds, and how much of it was credited."""
    chosen = {"net": lines, "credited": lines.loc[is_credited], "uncredited": lines.loc[~is_credited]}
    return _texts({name: _by_currency(some, "net_minor") for name, some in chosen.items()})


def _refunds(events: pd.DataFrame, lines: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Per currency the refunds that lines were reduced by, and those beyond any purchase of the period."""
    is_refund = events["is_refund"]
    bought, refunded = (_by_currency(events.loc[chosen], "amount_minor") for chosen in (~is_refund, is_refund))
    taken_off = bought.sub(_by_currency(lines, "net_minor"), fill_value=0)
    return _texts({"taken_off": taken_off, "of_no_purchase": refunded.sub(taken_off, fill_value=0)})


def _by_currency(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.groupby(rows["currency"].astype(object))[column].sum()


def _texts(sums: Mapping[str, pd.Series]) -> dict[str, dict[str, str]]:
    """Sums by currency as exact decimal text; lines without an amount are of none, and left out."""
    currencies = sorted({str(currency) for series in sums.values() for currency in series.index} - {""})
    return {
        currency: {name: money(int(series.get(currency, 0)), currency) for name, series in sums.items()}
        for currency in currencies
    }
