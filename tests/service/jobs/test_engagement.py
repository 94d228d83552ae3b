"""Promises of engagement to value from the log: landmarks before orders, effects that were put in, and the caution."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from customers.engagement import CAUTION
from recommender.events import Kind
from service.clock import microseconds
from service.jobs.engagement import LandmarkRefused, engagement_document
from service.log.append import NewEvent, append_events
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Database
from service.log.names import UserKey
from service.log.writer import Writer

DAY = 86_400_000_000
START = microseconds(datetime(2026, 1, 5, tzinfo=UTC))
LANDMARK, HORIZON, LAST = 40, 50, 100
"""Days since the start."""


def act(kind: Kind, who: int, item: str, day: float, **said: Any) -> NewEvent:
    user = UserKey(False, f"c{who}")
    return NewEvent(id=f"{kind}-{who}-{item}-{day}", kind=kind, user=user, item=item, at=START + int(day * DAY), **said)


def bought(who: int, day: int) -> NewEvent:
    return act(Kind.PURCHASE, who, "tea", day + 0.5, amount_minor=500, currency="GBP")


@pytest.fixture
def shop(database: Database, writer: Writer) -> Database:
    """120 customers: who saw "good" goes on to order on 4 days, who saw "other" on 1 or none; all saw "plain".

    Everybody orders on days 0 and 20, watches on day 10, and watches for hours on day 60, after every landmark.
    """
    # The books end with the last thing the log knows of: a passer-by on the last day.
    passing = NewEvent(id="pass", kind=Kind.VIEW, user=UserKey(True, "b1"), item="plain", at=START + LAST * DAY)
    acts = [passing]
    for who in range(120):
        acts += [bought(who, 0), bought(who, 20)]
        acts.append(act(Kind.WATCH, who, "plain", 10, seconds_watched=60.0, seconds_total=60.0))
        acts.append(act(Kind.WATCH, who, "plain", 60, seconds_watched=9_000.0, seconds_total=9_000.0))
        if who % 2:
            acts.append(act(Kind.WATCH, who, "good", 10.001, seconds_watched=600.0, seconds_total=600.0))
            acts.append(act(Kind.LIKE, who, "good", 10.002))
        else:
            acts.append(act(Kind.VIEW, who, "other", 10.001))
        after = 4 if who % 2 else who % 4 // 2
        acts += [bought(who, LANDMARK + 5 + 10 * n) for n in range(after)]
    items = [
        CatalogueItem(external_id=name, kind="content", title=name, published_at=1)
        for name in ("good", "other", "plain")
    ]
    writer.run(lambda connection: put_items(connection, items, now=1))
    for piece in np.array_split(np.arange(len(acts)), 4):
        chosen = [acts[at] for at in piece.tolist()]
        writer.run(lambda connection, chosen=chosen: append_events(connection, chosen, received_at=START + LAST * DAY))
    return database


def said(database: Database, *, landmark: int | None, horizon: int = HORIZON, language: Any = "en") -> dict[str, Any]:
    return engagement_document(
        database.reader,
        landmark_day=None if landmark is None else START // DAY + landmark,
        horizon_days=horizon,
        language=language,
        currency="GBP",
        timezone="UTC",
        until=START + (LAST + 1) * DAY,
        on_progress=lambda *_: None,
    )


# Of days 45, 55, 65 and 75 all lie in the 50 days after day 40, and three in those after day 20, the second order's.
@pytest.mark.parametrize(("landmark", "orders"), [(LANDMARK, 4), (None, 3)])
def test_what_was_put_in_is_found_and_what_came_after_the_landmark_is_not_measured(
    shop: Database, landmark: int | None, orders: int
) -> None:
    found = said(shop, landmark=landmark)
    # 60 customers with so many; of the others, every second with one.
    assert (found["customers"], found["orders_after"]) == (120, 60 * orders + 30)
    measures = {one["measure"]: one for one in found["measures"]}
    # A minute for all, ten more for half: nobody has none, so much is compared with little.
    assert (measures["minutes_watched"]["base"], measures["minutes_watched"]["typical"]) == (1, 11)
    assert measures["minutes_watched"]["interval"][0] > 1
    assert (measures["likes"]["engaged"], measures["shares"]["ratio"]) == (60, None)
    good, plain, other = found["content"]
    assert (good["item_id"], good["customers"], good["orders"], good["stands_out"]) == ("good", 60, 60 * orders, True)
    assert (other["item_id"], other["orders"], other["stands_out"]) == ("other", 30, True)
    # Everybody watched it, so its viewers do what is usual.
    assert (plain["item_id"], plain["ratio"], plain["stands_out"]) == ("plain", pytest.approx(1, abs=0.01), False)


@pytest.mark.parametrize("language", ["en", "id"])
def test_no_figure_is_without_its_caution(shop: Database, language: Any) -> None:
    found = said(shop, landmark=None, language=language)
    assert found["caution"] == CAUTION[language]
    assert all(one["sentence"].endswith(CAUTION[language]) for one in found["measures"])


def test_a_landmark_without_so_many_days_behind_it_is_refused(shop: Database) -> None:
    with pytest.raises(LandmarkRefused, match="must have 50 days behind it, so be 2026-02-24 at the latest"):
        said(shop, landmark=60)
    with pytest.raises(LandmarkRefused, match="nobody had ordered on two days by 2026-01-15, 90 days before"):
        said(shop, landmark=None, horizon=90)


def test_a_shop_without_content_is_told_that_nothing_is_known_of_it(database: Database, writer: Writer) -> None:
    sales = [bought(who, day) for who in range(3) for day in (0, 10, 60)]
    writer.run(lambda connection: append_events(connection, sales, received_at=START + 100 * DAY))
    found = said(database, landmark=None)
    assert all(one["ratio"] is None for one in found["measures"])
    assert not found["content"]
