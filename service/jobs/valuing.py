"""Valuing: from the log to a published snapshot of what each customer is worth."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from customers import snapshots
from customers.valuation import columns_of, shop_of, valuation
from service.clock import instant_text
from service.jobs.bookkeeping import books_of_log
from service.log.database import Reader
from service.log.extracts import forgotten_mark
from service.log.home import LOG_ID, log_id
from service.log.sales import known_users


@dataclass(frozen=True, slots=True)
class Valued:
    """A snapshot that was made and published."""

    version: str
    customers: int
    users: int
    model: str | None
    why: str
    as_of: str
    currency: str
    other_currencies: dict[str, int]
    seconds: float


def value_and_publish(
    reader: Reader,
    folder: Path,
    *,
    currency: str,
    timezone: str,
    margin_rate: float | None,
    until: int,
    seed: int,
    on_progress: Callable[[str, float], None],
) -> Valued:
    """Values every customer by what the log knew at one moment, saves the snapshot and makes it the live one.

    Services on the same log and folder swap it in by themselves. Who is forgotten meanwhile is taken out again.

    Args:
        reader: The log.
        folder: Of the snapshots; made if it is missing.
        currency: Of the books; sales in others are left out and counted.
        timezone: IANA zone of the shop's days.
        margin_rate: Of sales whose cost is not known, or None.
        until: Microseconds UTC; what happened from then on is left out.
        seed: Equal logs and seeds give equal values.
        on_progress: Told what is being done and the finished share.

    Raises:
        BooksEmpty: If the log holds no sale in that currency.
        NotEnoughHistory: If no known customer has ordered.
    """
    started = time.perf_counter()
    mark = forgotten_mark(reader)
    on_progress("reading the log", 0.0)
    opened = books_of_log(reader, currency=currency, timezone=timezone, until=until)
    assert opened.user_ids is not None
    worth = valuation(opened.books, margin_rate=margin_rate, seed=seed, on_progress=on_progress)
    columns = columns_of(worth)
    columns[snapshots.CUSTOMER_IDS] = opened.user_ids[columns[snapshots.CUSTOMER_IDS]]
    about, shop = shop_of(worth)
    n_users = int(known_users(reader).user_ids.size)
    about |= {
        LOG_ID: log_id(reader),
        # Rounded up: whoever asks for what was known by a second gets nothing of what happened within the next.
        "until_seconds": -(-until // 1_000_000),
        "until_day": opened.books.until_day,
        "currency": currency,
        "users": n_users,
    }
    on_progress("publishing", 0.95)
    made = snapshots.snapshot(about, columns, shop)
    snapshots.publish(made, folder)
    if forgotten_mark(reader) != mark:
        ids = made.columns[snapshots.CUSTOMER_IDS]
        snapshots.forget(folder, np.setdiff1d(ids, known_users(reader).user_ids))
    return Valued(
        version=made.version,
        customers=len(made),
        users=n_users,
        model=about["model"],
        why=worth.why,
        as_of=instant_text(until),
        currency=currency,
        other_currencies=dict(opened.other_currencies),
        seconds=time.perf_counter() - started,
    )
