"""What the log holds as a file for somebody else: whole, private, and on record where it names people."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customers.segments import SEGMENTS
from customers.snapshots import Snapshot, live_version, load
from service.clock import instant_text
from service.jobs.export_files import Content, file_format, private_file, table_writer
from service.log.database import Reader
from service.log.extracts import (
    Columns,
    Extract,
    Period,
    ValueSegments,
    event_extracts,
    expense_extracts,
    exposure_extracts,
    forgotten_mark,
    item_extracts,
    order_extracts,
    segment_extracts,
)
from service.log.frames import shop_days
from service.log.home import LOG_ID, log_id
from service.settings import VALUES

REGISTER = "exports.jsonl"
"""Name of the file in the home that lists every export that names people, so that an erasure can say where a person may
still be: one JSON object a line, ``at``, ``what``, ``file`` and ``rows``."""


class ForgottenMeanwhile(Exception):
    """Somebody was forgotten while the file was written, and may be in it; it was not kept."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"somebody was forgotten while {file.name} was being written: it was not kept, export again")


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be exported: what each column holds, and where its rows come from."""

    contents: Mapping[str, Content]
    extracts: Callable[[Reader, Period, Path], Iterator[Extract]]
    """From the log, of a period, and the home."""
    names_people: bool
    has_instants: bool = True
    """Whether its rows belong to instants, so that a period can choose among them."""


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "events": Subject(
            {
                "id": "text",
                "kind": "text",
                "user_id": "text",
                "visitor_id": "text",
                "item_id": "text",
                "at": "instant",
                "sent_at": "instant",
                "received_at": "instant",
                "feed_id": "text",
                "order_id": "text",
                "quantity": "integer",
                "amount": "money",
                "cost": "money",
                "fee": "money",
                "currency": "text",
                "seconds_watched": "number",
                "seconds_total": "number",
                "payload_hash": "digest",
            },
            lambda reader, period, _: event_extracts(reader, period),
            names_people=True,
        ),
        "orders": Subject(
            {
                "order_id": "text",
                "user_id": "text",
                "visitor_id": "text",
                "at": "instant",
                "day": "day",
                "items": "integer",
                "quantity": "integer",
                "amount": "money",
                "refunded": "money",
                "net": "money",
                "currency": "text",
            },
            lambda reader, period, _: order_extracts(reader, period),
            names_people=True,
        ),
        "exposures": Subject(
            {
                "feed_id": "text",
                "first_feed_id": "text",
                "user_id": "text",
                "visitor_id": "text",
                "at": "instant",
                "surface": "text",
                "position": "integer",
                "item_id": "text",
                "source": "text",
                "probability": "number",
                "model_version": "text",
                "fallback": "text",
                "arms": "text",
                "is_preview": "flag",
            },
            lambda reader, period, _: exposure_extracts(reader, period),
            names_people=True,
        ),
        "segments": Subject(
            {"user_id": "text", "segment": "text", "value_segment": "text"},
            lambda reader, _, home: segment_extracts(reader, _value_segments(reader, home)),
            names_people=True,
            has_instants=False,
        ),
        "items": Subject(
            {
                "id": "text",
                "kind": "text",
                "title": "text",
                "url": "text",
                "image_url": "text",
                "categories": "text",
                "tags": "text",
                "creator": "text",
                "price": "money",
                "currency": "text",
                "available": "flag",
                "published_at": "instant",
                "attributes": "text",
            },
            lambda reader, *_: item_extracts(reader),
            names_people=False,
            has_instants=False,
        ),
        "expenses": Subject(
            {
                "id": "text",
                "at": "instant",
                "category": "text",
                "description": "text",
                "payee": "text",
                "amount": "money",
                "currency": "text",
            },
            lambda reader, period, _: expense_extracts(reader, period),
            names_people=False,
        ),
    }
)
"""Everything that can be exported, by its name in the command; headings are the API's field names."""


def exported(
    reader: Reader,
    what: str,
    file: Path,
    *,
    home: Path,
    period: Period,
    timezone: str,
    now: int,
    on_progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """Writes what the log holds to a file and returns its account, in the shape of the command's JSON.

    Args:
        reader: The log; others may write it meanwhile.
        what: One of ``SUBJECTS``.
        file: Where to; its ending chooses the format. What was there is replaced once the new file is whole.
        home: Folder of the register of exports.
        period: Which instants; everything where it is open.
        timezone: IANA zone of the shop's days.
        now: Microseconds UTC.
        on_progress: Told what is being done and the finished share.

    Raises:
        FormatRefused: If the ending names no format.
        ForgottenMeanwhile: If somebody was forgotten while it ran.
        OSError: If the file or the register can't be written.
    """
    subject, format_ = SUBJECTS[what], file_format(file)
    account: dict[str, Any] = {"what": what, "file": str(file.resolve()), "at": instant_text(now), "rows": 0}
    mark = forgotten_mark(reader)
    with private_file(file) as stream:
        with table_writer(stream, format_, subject.contents) as write:
            for extract in subject.extracts(reader, period, home):
                rows = _with_days(extract.columns, subject.contents, timezone=timezone)
                write(rows)
                account["rows"] += len(rows[next(iter(subject.contents))])
                on_progress(f"writing {what}", extract.share)
        if subject.names_people:
            # Before the file has its name: a file on record that is not there harms nobody. Who is forgotten from here
            # on finds it on record; who was before may be in it.
            record_export(home, account)
            if forgotten_mark(reader) != mark:
                raise ForgottenMeanwhile(file)
    return {
        **account,
        "since": None if period.since is None else instant_text(period.since),
        "until": None if period.until is None else instant_text(period.until),
    }


def published_values(reader: Reader, folder: Path) -> Snapshot | None:
    """The snapshot that was published last, if it is of this log, whose ids it names users by.

    Raises:
        SnapshotRefused: If it is damaged.
    """
    version = live_version(folder)
    kept = None if version is None else load(folder / version)
    return None if kept is None or kept.about.get(LOG_ID) != log_id(reader) else kept


def _value_segments(reader: Reader, home: Path) -> ValueSegments:
    """Segments by the published values; none where there are none of this log."""
    names = np.array([*(segment.id for segment in SEGMENTS), None], dtype=object)
    kept = published_values(reader, home / VALUES)
    if kept is None:
        return lambda ids: np.full(ids.size, None, dtype=object)
    # Row -1, that of whoever is not in it, has no segment.
    segments = np.append(kept.columns["segment"], len(SEGMENTS))

    def of(ids: NDArray[np.int64]) -> NDArray[np.object_]:
        found: NDArray[np.object_] = names[segments[kept.rows_of(ids)]]
        return found

    return of


def _with_days(rows: Columns, contents: Mapping[str, Content], *, timezone: str) -> Columns:
    if "day" not in contents:
        return rows
    return {**rows, "day": shop_days(np.array(rows["at"], dtype=np.int64), timezone=timezone)}


def record_export(home: Path, account: Mapping[str, Any]) -> None:
    """Puts a file that names people on record, on the disk before this returns.

    Args:
        home: Folder of the register.
        account: With ``at``, ``what``, ``file`` and ``rows``.
    """
    line = json.dumps({name: account[name] for name in ("at", "what", "file", "rows")}) + "\n"
    descriptor = os.open(home / REGISTER, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as register:
        register.write(line)
        register.flush()
        os.fsync(register.fileno())
