"""Promises of audiences: only who agreed and may be reached, private, on record, and never who is held out."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert

from customers.segments import SEGMENTS
from customers.snapshots import publish, snapshot
from service.jobs.audiences import NoValues, audience_file
from service.jobs.exporting import REGISTER, ForgottenMeanwhile
from service.log.campaigns import CampaignUnknown, add_units, create_campaign
from service.log.catalogue import put_user_attributes
from service.log.database import Database
from service.log.dictionaries import user_ids
from service.log.home import LOG_ID, ensure_log_id, log_id
from service.log.names import UserKey
from service.log.tables import suppressions
from service.log.writer import Writer
from service.settings import Settings

NEW = [segment.id for segment in SEGMENTS].index("new")
PEOPLE: dict[str, dict[str, Any]] = {
    "siti": {"email": " Siti@Toko.id ", "phone": "0812-3456-789", "consent": True},
    "budi": {"email": "budi@toko.id", "consent": False, "advertising_consent": True},
    "dewi": {"email": "dewi@toko.id", "consent": True, "advertising_consent": False},
    "eka": {"phone": 81234567890, "message_consent": True},
    "fajar": {"email": "fajar@toko.id"},
    "gita": {"consent": True, "phone": "12"},
    "+628129876543": {"consent": True},
    "hadi": {"email": "hadi@toko.id", "consent": "yes"},
    "old": {"email": "old@toko.id", "consent": True},
}
"""All new but the last."""

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def make(database: Database, writer: Writer, tmp_path: Path) -> Make:
    """Describes the people, publishes that they are new, and writes audiences."""
    home = tmp_path / "home"
    settings = replace(Settings.from_environment({"KEMBANG_HOME": str(home)}), currency="IDR", timezone="Asia/Jakarta")
    keys = {UserKey(False, name): attributes for name, attributes in PEOPLE.items()}
    writer.run(ensure_log_id)
    writer.run(lambda connection: put_user_attributes(connection, keys, now=1))
    with database.reader.connect() as connection:
        known = user_ids(connection, list(keys))
    codes = [NEW if key.external_id != "old" else NEW + 1 for key in known]
    about = {"until_seconds": 86_400, LOG_ID: log_id(database.reader)}
    columns = {"customer_ids": np.array(list(known.values())), "segment": np.array(codes, dtype=np.int8)}
    publish(snapshot(about, columns, {}), settings.values)

    def to_file(tool: Any = "messages", *, file: str = "list.csv", leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
        return audience_file(
            database.reader, "new", tmp_path / file, tool=tool, leave_out=leave_out, settings=settings, now=10**6
        )

    return to_file


def rows_of(file: Path) -> list[dict[str, str]]:
    """The list, in the order of its cells' text: rows come in that of the log's own ids."""
    with file.open() as stream:
        return sorted(csv.DictReader(stream), key=lambda row: [*row.values()][::-1])


def test_messages_go_to_who_agreed_to_messages_under_one_spelling_of_a_number(make: Make, tmp_path: Path) -> None:
    made = make()
    assert rows_of(tmp_path / "list.csv") == [
        # Her id is her number; as an id it is text that a spreadsheet must not run.
        {"phone": "+628129876543", "email": "", "customer_id": "'+628129876543"},
        {"phone": "", "email": "dewi@toko.id", "customer_id": "dewi"},
        {"phone": "+6281234567890", "email": "", "customer_id": "eka"},
        {"phone": "+628123456789", "email": "siti@toko.id", "customer_id": "siti"},
    ]
    assert (made["rows"], made["members"]) == (4, 8)
    # Budi said no; Fajar nothing, and Hadi's "yes" is no yes: it was never asked for in that form.
    assert made["left_out"] == {"held_out": 0, "gone": 0, "without_consent": 3, "unreachable": 1, "doubles": 0}


def test_advertising_has_a_consent_of_its_own_and_gets_hashes(make: Make, tmp_path: Path) -> None:
    make("meta")
    listed = rows_of(tmp_path / "list.csv")
    expected = {sha256(email).hexdigest() for email in (b"siti@toko.id", b"budi@toko.id")}
    assert {row["email"] for row in listed if row["email"]} == expected
    assert "toko" not in (tmp_path / "list.csv").read_text()


def test_files_are_private_marked_and_on_record(make: Make, tmp_path: Path) -> None:
    made = make()
    notice = tmp_path / "list.csv.notice.txt"
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "list.csv", notice)} == {0o600}
    assert notice.read_text().startswith("list.csv (4 rows) holds personal data")
    assert "data pribadi" in notice.read_text()
    said = [json.loads(line) for line in (tmp_path / "home" / REGISTER).read_text().splitlines()]
    assert said == [
        {
            "at": "1970-01-01T00:00:01Z",
            "what": "audience new for messages",
            "file": str(tmp_path / "list.csv"),
            "rows": 4,
        }
    ]
    assert made["file"] == said[0]["file"]


def test_in_a_folder_the_name_says_what_it_is(make: Make, tmp_path: Path) -> None:
    assert make("tiktok", file=".")["file"] == str(tmp_path / "personal-data-new-tiktok-hashed.csv")


def test_who_is_held_out_of_a_campaign_is_not_reached_behind_its_back(
    make: Make, database: Database, writer: Writer, tmp_path: Path
) -> None:
    with database.reader.connect() as connection:
        known = user_ids(connection, [UserKey(False, "siti"), UserKey(False, "dewi")])

    def plan(connection: Any) -> None:
        made = create_campaign(connection, key="back", salt="", first_day=0, definition={}, now=1)
        units = [
            {"user_id": id_, "block": 0, "is_contacted": key.external_id == "dewi", "activity": 0, "margin_activity": 0}
            for key, id_ in known.items()
        ]
        add_units(connection, made.id, [{**unit, "code": None} for unit in units])

    writer.run(plan)
    made = make(leave_out=("back",))
    assert [row["customer_id"] for row in rows_of(tmp_path / "list.csv")] == ["'+628129876543", "dewi", "eka"]
    assert made["left_out"]["held_out"] == 1
    with pytest.raises(CampaignUnknown):
        make(leave_out=("nothing",))


def test_without_values_of_this_log_nobody_is_in_a_segment(make: Make, tmp_path: Path) -> None:
    (tmp_path / "home" / "values" / "live").unlink()
    with pytest.raises(NoValues, match="kembang customers publish"):
        make()
    assert not (tmp_path / "list.csv").exists()


def test_a_list_is_not_kept_if_somebody_was_forgotten_meanwhile(
    make: Make, writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten_just_then(*_: object) -> None:
        row = {"subject_hash": b"\1" * 32, "erased_at": 5, "receipt": {}}
        writer.run(lambda connection: connection.execute(insert(suppressions), [row]))

    monkeypatch.setattr("service.jobs.audiences.record_export", forgotten_just_then)
    with pytest.raises(ForgottenMeanwhile):
        make()
    assert not (tmp_path / "list.csv").exists()
