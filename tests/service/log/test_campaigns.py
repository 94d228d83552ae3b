"""Promises of kept campaigns: lots as drawn, one campaign per name, cards counted, and no visitor among the units."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from service.log.campaigns import (
    CampaignExists,
    CampaignUnknown,
    add_entry,
    add_units,
    all_campaigns,
    campaign,
    cards_of,
    create_campaign,
    entry_counts,
    refusing_messages,
    units_of,
)
from service.log.catalogue import put_user_attributes
from service.log.database import Connection, Database
from service.log.dictionaries import ensured_user_ids
from service.log.disclosure import disclosure
from service.log.erasure import erase
from service.log.merging import begin_merge, move_piece
from service.log.names import UserKey
from service.log.tables import campaign_units
from service.log.writer import Writer

NOW = 1_000_000_000_000
ANNA, BEN, BROWSER = UserKey(False, "anna"), UserKey(False, "ben"), UserKey(True, "browser")

Live = Callable[[Connection, UserKey], None]


def planned(connection: Connection, key: str = "back") -> int:
    """A campaign that contacts Anna and holds Ben out."""
    made = create_campaign(connection, key=key, salt="s", first_day=20_000, definition={"weeks": 4}, now=NOW)
    ids = ensured_user_ids(connection, [ANNA, BEN], now=NOW)
    known: dict[str, Any] = {"block": 3, "activity": 1.25, "margin_activity": 250.5}
    units = [
        {**known, "user_id": ids[ANNA], "is_contacted": True, "code": "ABCDEFG"},
        {**known, "user_id": ids[BEN], "is_contacted": False, "code": None},
    ]
    add_units(connection, made.id, units)
    return made.id


def test_lots_come_back_as_they_were_drawn(database: Database, writer: Writer) -> None:
    campaign_id = writer.run(planned)
    with database.reader.connect() as connection:
        units = units_of(connection, campaign_id)
        (stored,) = all_campaigns(connection)
        assert stored == campaign(connection, "back")
    assert (stored.key, stored.first_day, stored.definition) == ("back", 20_000, {"weeks": 4})
    assert units.names.tolist() == ["anna", "ben"]
    assert units.is_contacted.tolist() == [True, False]
    assert (units.block.tolist(), units.activity.tolist()) == ([3, 3], [1.25, 1.25])
    assert units.codes.tolist() == ["ABCDEFG", ""]


def test_a_name_is_taken_once_and_a_name_nobody_took_is_said_to_be_unknown(database: Database, writer: Writer) -> None:
    writer.run(planned)
    with pytest.raises(CampaignExists, match="there is a campaign 'back' already"):
        writer.run(planned)
    with database.reader.connect() as connection, pytest.raises(CampaignUnknown, match="there is no campaign 'front'"):
        campaign(connection, "front")


def test_stamps_and_redemptions_count_up_to_a_day(database: Database, writer: Writer) -> None:
    campaign_id = writer.run(planned)

    def note(connection: Connection) -> None:
        (card,) = cards_of(connection, campaign_id)
        add_entry(connection, card, "stamped", count=3, day=20_001, now=NOW)
        add_entry(connection, card, "redeemed", count=1, day=20_009, now=NOW)

    writer.run(note)
    with database.reader.connect() as connection:
        (card,) = cards_of(connection, campaign_id, codes=["ABCDEFG", "NOBODYS"])
        assert (card.stamped, card.redeemed) == (3, 1)
        assert entry_counts(connection, campaign_id, "stamped", last_day=20_000) == {}
        assert entry_counts(connection, campaign_id, "redeemed", last_day=20_009) == {card.user_id: 1}


def test_a_merge_leaves_lots_where_they_are_since_a_visitor_never_has_one(
    database: Database, writer: Writer, live: Live
) -> None:
    for key in (ANNA, BROWSER):
        writer.run(lambda connection, key=key: live(connection, key))  # type: ignore[misc]
    with database.reader.connect() as connection:
        before = connection.execute(select(campaign_units)).all()
    writer.run(lambda connection: move_piece(connection, begin_merge(connection, ANNA, BROWSER, now=NOW)))
    with database.reader.connect() as connection:
        assert connection.execute(select(campaign_units)).all() == before
        assert len(before) == 1


def test_whoever_asks_is_told_her_lot_and_what_became_of_her_card(
    database: Database, writer: Writer, live: Live
) -> None:
    writer.run(lambda connection: live(connection, ANNA))
    with database.reader.connect() as connection:
        held = disclosure(connection, ANNA, as_of=NOW)
        (lot,), (card,) = list(held.sections["campaigns"]), list(held.sections["cards"])
    assert lot == {
        "campaign": "back",
        "is_contacted": True,
        "activity": 1.5,
        "margin_activity": 2.5,
        "code": lot["code"],
    }
    assert card == {
        "campaign": "back",
        "kind": "redeemed",
        "day": "2024-10-05",
        "recorded_at": "1970-01-12T13:46:40Z",
    }


def test_the_forgotten_leave_their_arm_and_the_campaign_counts_them(database: Database, writer: Writer) -> None:
    campaign_id = writer.run(planned)
    for key in (ANNA, BEN):
        writer.run(lambda connection, key=key: erase(connection, key, now=NOW))  # type: ignore[misc]
    with database.reader.connect() as connection:
        assert units_of(connection, campaign_id).user_ids.size == 0
        stored = campaign(connection, "back")
    assert (stored.erased_contacted, stored.erased_held_out) == (1, 1)


def test_who_wants_no_messages_is_known_by_her_consent(database: Database, writer: Writer) -> None:
    noes: list[object] = [False, 0, 0.0, "false", "No", "TIDAK", " no ", "0"]
    others: list[object] = [True, 1, "yes", "Ya", "true", "maybe", "", None, {"sms": False}, []]
    said = {UserKey(False, f"no {number}"): {"consent": no} for number, no in enumerate(noes)}
    said |= {UserKey(False, f"other {number}"): {"consent": other} for number, other in enumerate(others)}
    silent = UserKey(False, "silent")
    writer.run(lambda connection: ensured_user_ids(connection, [*said, silent], now=NOW))
    writer.run(lambda connection: put_user_attributes(connection, said, now=NOW))
    with database.reader.connect() as connection:
        assert refusing_messages(connection) == {f"no {number}" for number in range(len(noes))}
