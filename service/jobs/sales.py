"""A sales file into the log: all of it in one transaction or none, with every row accounted for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.reading import Sheet
from service.log.append import DeadLetter, append_dead_letters, stored_ids
from service.log.bulk import append_event_frame, put_item_frame
from service.log.catalogue import add_user_attributes
from service.log.database import Connection, Reader
from service.log.imports import begin_import, finish_import
from service.log.names import UserKey
from service.money import decimal_amount

Progress = Callable[[str, float], None]


def stored_sales(
    connection: Connection, sales: Sheet, *, file_name: str, now: int, on_progress: Progress
) -> dict[str, Any]:
    """Stores a sales file and returns its account, in the shape of the command's JSON.

    Rows imported before are duplicates and change nothing; refused rows are kept as dead letters.

    Args:
        connection: A writer's connection; everything is in its one transaction.
        sales: The file, read.
        file_name: What the owner calls it.
        now: Microseconds UTC.
        on_progress: Told what is being done and the finished share.
    """
    import_id = begin_import(connection, file_name=file_name, now=now)
    on_progress("storing the catalogue", 0.0)
    described = sales.items.assign(
        kind="product",
        title=sales.items["title"].fillna(sales.items["item"]),
        # What never had a price was never sold: codes of the bookkeeping, stock notes.
        available=sales.items["price_minor"].notna(),
        published_at=sales.items["first_at"],
    )
    put_item_frame(connection, described, now=now, known_from="sales")
    add_user_attributes(connection, _attributes(sales.users), now=now)
    results = append_event_frame(
        connection,
        sales.events,
        received_at=now,
        import_id=import_id,
        on_progress=lambda rows: on_progress("storing the sales", rows / max(1, len(sales.events))),
    )
    append_dead_letters(connection, _letters(sales.refused, import_id=import_id, now=now))
    account = _account(sales, results == "accepted", import_id=import_id)
    finish_import(connection, import_id, report=account, now=now)
    return account


def foreseen_account(reader: Reader | None, sales: Sheet) -> dict[str, Any]:
    """The account that storing the file would give now, with nothing written.

    Args:
        reader: The log; None if there is none yet.
        sales: The file, read.
    """
    known: set[str] = set()
    if reader is not None:
        with reader.connect() as connection:
            known = stored_ids(connection, sales.events["id"].tolist())
    return _account(sales, ~sales.events["id"].isin(known).to_numpy(), import_id=None)


def _account(sales: Sheet, accepted: NDArray[np.bool_], *, import_id: int | None) -> dict[str, Any]:
    stored = sales.events.loc[accepted, "counted_as"].value_counts()
    names = ("purchase", "refund", "free", "anonymous")
    return {
        "import_id": import_id,
        "rows_read": sales.rows_read,
        "stored": {name: int(stored.get(name, 0)) for name in names},
        "duplicates": int((~accepted).sum()),
        "refused": {reason: int(count) for reason, count in sales.refused["reason"].value_counts().items()},
        "catalogue": {"items": len(sales.items), "services": int(sales.items["is_service"].sum())},
        "users": len(sales.users),
        "money": _money(sales.events),
        "rules": {rule: int(count) for rule, count in sales.events["rule"].value_counts().items()},
        "reading": {
            "mapping": sales.reading.mapping,
            "encoding": sales.reading.encoding,
            "delimiter": sales.reading.delimiter,
            "date_order": sales.reading.date_order,
            "decimal_mark": sales.reading.decimal_mark,
            "notes": list(sales.reading.notes),
        },
    }


def _money(events: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Exact sums per currency over every line of the file that could be understood: sold, refunded, what remains."""
    sums = events.groupby(["currency", "kind"])["amount_minor"].sum()
    money = {}
    for currency in sorted(events["currency"].unique()):
        purchases, refunds = (int(sums.get((currency, kind), 0)) for kind in ("purchase", "refund"))
        money[currency] = {
            "purchases": str(decimal_amount(purchases, currency)),
            "refunds": str(decimal_amount(refunds, currency)),
            "net": str(decimal_amount(purchases - refunds, currency)),
        }
    return money


def _attributes(frame: pd.DataFrame) -> dict[UserKey, dict[str, Any]]:
    known = frame.loc[frame["country"].notna() & (frame["country"] != "")]
    return {
        UserKey(False, user): {"country": country}
        for user, country in zip(known["user"], known["country"], strict=True)
    }


def _letters(refused: pd.DataFrame, *, import_id: int, now: int) -> list[DeadLetter]:
    columns = (refused[name].tolist() for name in ("row_number", "reason", "detail", "row"))
    return [
        DeadLetter(
            received_at=now,
            origin="import",
            reason=f"{reason}: {detail}",
            payload=row,
            import_id=import_id,
            row_number=row_number,
        )
        for row_number, reason, detail, row in zip(*columns, strict=True)
    ]
