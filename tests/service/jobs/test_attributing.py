"""Promises of attribution on a log: the right rows on either database, in any pieces, with exact sums."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from msgspec.structs import replace

from experiments.attribution import RULES
from recommender.events import Kind
from service.jobs import attributing
from service.jobs.attributing import PeriodRefused, PurchasePeriod, Question, attributed, purchase_period
from service.log.append import NewEvent, NewExposure, append_events, append_exposure
from service.log.bulk import append_event_frame
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Connection, Database
from service.log.dictionaries import item_ids
from service.log.names import UserKey
from service.log.touches import ENGAGEMENT
from service.log.writer import Writer

DAY = 86_400_000_000
NOW = 40 * DAY
ANNA, BEN = UserKey(False, "anna"), UserKey(False, "ben")
ITEMS = [CatalogueItem(external_id=name, kind="product", title=name.title()) for name in ("tea", "cup")]
ITEMS += [CatalogueItem(external_id="film", kind="content", title="Film")]
BOUGHT = NewEvent(
    id="b", kind=Kind.PURCHASE, user=ANNA, item="tea", at=20 * DAY, order_id="o1", amount_minor=1_000, currency="GBP"
)
QUESTION = Question(
    period=PurchasePeriod(since=10 * DAY, until=30 * DAY),
    as_of=NOW,
    window_days=7,
    rule="last_touch",
    by="item",
    limit=100,
)

Show = Callable[..., None]


def act(kind: Kind, at: int, **changes: Any) -> NewEvent:
    plain = replace(BOUGHT, id=f"{kind.name}-{at}", kind=kind, item="film", at=at)
    return replace(plain, **{"order_id": None, "amount_minor": None, "currency": None, **changes})


def append(writer: Writer, *new: NewEvent) -> None:
    results = writer.run(lambda connection: append_events(connection, new, received_at=NOW))
    assert {one.result for one in results} == {"accepted"}


@pytest.fixture
def show(writer: Writer) -> Show:
    """Shows a feed of the items."""
    writer.run(lambda connection: put_items(connection, ITEMS, now=1))

    def feed(*names: str, at: int, user: UserKey = ANNA, is_preview: bool = False, source: str = "als") -> None:
        def store(connection: Connection) -> None:
            id_of = item_ids(connection, names)
            feed_id = f"{user.external_id}-{at}-{is_preview}"
            shown = NewExposure(
                feed_id=feed_id,
                first_feed_id=feed_id,
                user=user,
                at=at,
                surface="feed",
                items=[(id_of[name], source, 1.0) for name in names],
                model_version=None,
                fallback=None,
                arms={},
                assigned={},
                is_preview=is_preview,
            )
            append_exposure(connection, shown)

        writer.run(store)

    return feed


def ask(database: Database, **changes: Any) -> dict[str, Any]:
    question = dataclasses.replace(QUESTION, **changes)
    return attributed(database.reader, question, on_progress=lambda _doing, _share: None)


def test_every_kind_of_engagement_makes_content_a_touch_and_no_other_act_does(
    database: Database, writer: Writer, show: Show
) -> None:
    show("film", at=18 * DAY)
    append(writer, BOUGHT)
    for kind in set(Kind) - set(ENGAGEMENT) - {Kind.PURCHASE, Kind.REFUND}:
        append(writer, act(kind, 18 * DAY + kind))
    assert ask(database)["purchases"]["credited"] == 0
    for n, kind in enumerate(ENGAGEMENT):
        show("film", at=19 * DAY, user=UserKey(False, f"u{n}"))
        append(writer, act(kind, 19 * DAY, id=f"a{n}", user=UserKey(False, f"u{n}")))
        append(writer, replace(BOUGHT, id=f"b{n}", order_id=f"x{n}", user=UserKey(False, f"u{n}")))
    assert ask(database)["purchases"]["credited"] == len(ENGAGEMENT) == 7


def test_a_preview_is_no_touch(database: Database, writer: Writer, show: Show) -> None:
    show("tea", at=19 * DAY, is_preview=True)
    append(writer, BOUGHT)
    assert ask(database)["rows"] == []


def test_sales_of_nobody_known_are_counted_and_credited_to_nothing(
    database: Database, writer: Writer, show: Show
) -> None:
    show("tea", at=19 * DAY)
    plain = {"payload_hash": b"\1" * 16, "kind": "purchase", "user": None, "item": "tea", "currency": "GBP"}
    frame = pd.DataFrame([{**plain, "id": "x", "order_id": "o1", "at": 20 * DAY, "amount_minor": 300}])
    writer.run(lambda c: append_event_frame(c, frame, received_at=NOW, on_progress=lambda _rows: None))
    append(writer, BOUGHT)
    said = ask(database)
    assert said["purchases"] == {"lines": 2, "credited": 1, "without_touch": 0, "anonymous": 1}
    assert said["money"] == {"GBP": {"net": "13.00", "credited": "10.00", "uncredited": "3.00"}}


def test_a_late_refund_takes_credit_away_and_one_after_the_cut_off_does_not_yet(
    database: Database, writer: Writer, show: Show
) -> None:
    show("tea", at=19 * DAY)
    append(writer, BOUGHT, replace(BOUGHT, id="r", kind=Kind.REFUND, at=35 * DAY, amount_minor=400))
    assert ask(database)["rows"][0]["credited"] == {"GBP": "6.00"}
    assert ask(database, as_of=34 * DAY)["rows"][0]["credited"] == {"GBP": "10.00"}


def test_currencies_stay_apart_and_what_says_no_amount_still_counts(
    database: Database, writer: Writer, show: Show
) -> None:
    show("tea", "cup", at=19 * DAY)
    append(
        writer,
        BOUGHT,
        replace(BOUGHT, id="y", item="cup", currency="JPY", amount_minor=70),
        replace(BOUGHT, id="n", currency=None, amount_minor=None),
    )
    (row,) = ask(database, by="source")["rows"]
    assert row == {"source": "als", "purchases": 3.0, "orders": 1, "credited": {"GBP": "10.00", "JPY": "70"}}


def test_the_latest_orders_are_told_first_and_the_rest_counted(
    database: Database, writer: Writer, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, user in enumerate((ANNA, BEN)):
        show("tea", at=19 * DAY, user=user)
        for day in range(3):
            at = (20 + day) * DAY + n
            append(writer, replace(BOUGHT, id=f"{n}{day}", user=user, order_id=f"{n}-{day}", at=at))
    whole = ask(database, by="order", limit=2)
    assert [row["order_id"] for row in whole["rows"]] == ["1-2", "0-2"]
    assert whole["rows_in_all"] == 6
    monkeypatch.setattr(attributing, "_USERS_AT_A_TIME", 1)
    assert ask(database, by="order", limit=2) == whole


def test_users_may_be_taken_in_any_pieces(
    database: Database, writer: Writer, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        user = UserKey(False, f"u{n}")
        show("cup", "film", "tea", at=19 * DAY + n, user=user)
        show("tea", at=19 * DAY + 100, user=user, source="popularity")
        append(
            writer,
            act(Kind.WATCH, 19 * DAY + 50, id=f"w{n}", user=user),
            replace(BOUGHT, id=f"b{n}", user=user, order_id=f"o{n % 2}", amount_minor=333 + n),
        )
    for by, rule in zip(attributing.GROUPINGS, itertools.cycle(reversed(RULES))):
        monkeypatch.setattr(attributing, "_USERS_AT_A_TIME", 1_000)
        whole = ask(database, by=by, rule=rule)
        assert whole["purchases"]["credited"] == 5
        monkeypatch.setattr(attributing, "_USERS_AT_A_TIME", 2)
        assert ask(database, by=by, rule=rule) == whole


def test_an_empty_log_credits_nothing(database: Database) -> None:
    for by in attributing.GROUPINGS:
        said = ask(database, by=by)
        assert (said["rows"], said["rows_in_all"], said["money"], said["refunds"]) == ([], 0, {}, {})


def test_a_period_ends_now_at_the_latest_and_takes_thirty_days_unless_it_says_otherwise() -> None:
    assert purchase_period(None, None, timezone="UTC", now=NOW) == PurchasePeriod(since=10 * DAY, until=NOW)
    later = pd.Timestamp("1971-01-01").date()
    assert purchase_period(None, later, timezone="UTC", now=NOW).until == NOW
    with pytest.raises(PeriodRefused, match="not in the future"):
        purchase_period(later, None, timezone="UTC", now=NOW)
