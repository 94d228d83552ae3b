"""Promises of ``kembang erase``: not a byte of the person in the home, but the hash that keeps her out."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import served
from sqlalchemy import select

from customers.snapshots import load, versions
from recommender.artifact import read_manifest
from recommender.events import Kind
from service.cli import kembang
from service.jobs.erasing import erased
from service.jobs.valuing import value_and_publish
from service.log.append import DeadLetter, NewEvent, NewExposure, append_dead_letters, append_events, append_exposure
from service.log.database import Connection, sqlite_file
from service.log.experiments import all_experiments, change_experiment
from service.log.frames import training_frames
from service.log.free_space import names_in_free_space
from service.log.merging import begin_merge, move_piece
from service.log.names import UserKey
from service.log.tables import metadata
from service.metrics import Metrics
from service.settings import Settings
from service.wiring import open_log

HEADINGS = "Invoice,SKU,Title,Qty,Date,Price,Customer,Country"
HER = "anna-7f3c91"
HER_BROWSER = "browser-55d0e2"
NOW = 1_773_000_000_000_000
N_OTHERS = 22
"""With her 23 users: a number that nothing else in the home has."""

DESIGN = """
key = "feed-1"
hypothesis = "It helps."
unit = "user"
control = "popular"
layer = "feed"
arms = [{key = "popular", share = 0.5, policy = {sources = ["popularity"]}}, {key = "personal", share = 0.5}]
primary = {outcome = "repeat_in_window", window_days = 7}
"""


def sales() -> list[str]:
    """A small shop's sheet in which she bought, brought back, and stands in a row that can't be understood."""
    goods = ("tea", "cup", "pot", "jar", "tin")
    lines = [
        f"{1000 + n},{item},{item.title()},1,2026-03-{2 + step:02d} 10:00,2.50,user-{n},France"
        for n in range(N_OTHERS)
        for step, item in enumerate(goods[n % 3 : n % 3 + 3])
    ]
    lines += [
        f"{HER}-1,{item},{item.title()},2,2026-03-0{day} 09:00,2.50,{HER},Indonesia"
        for day, item in enumerate(goods, 2)
    ]
    lines += [f"C2,tea,Tea,-1,2026-03-08 09:00,2.50,{HER},Indonesia", f"9,tea,Tea,many,2026-03-09,2.50,{HER},Indonesia"]
    return [HEADINGS, *lines]


def live(connection: Connection) -> None:
    """What a shop's website adds to her sales: a visitor's past, acts, feeds in an experiment, a letter."""
    her, browser = UserKey(False, HER), UserKey(True, HER_BROWSER)
    kinds = (Kind.VIEW, Kind.IMPRESSION, Kind.ADD_TO_CART)
    append_events(
        connection,
        [
            NewEvent(id=f"{key.external_id}-{n}", kind=kind, user=key, item="tea", at=NOW + n)
            for key in (her, browser)
            for n, kind in enumerate(kinds)
        ],
        received_at=NOW,
    )
    (experiment,) = all_experiments(connection)
    change_experiment(connection, key=experiment.key, action="start", who="the owner", now=NOW)
    for key in (her, browser):
        append_exposure(
            connection,
            NewExposure(
                feed_id=f"feed-{key.external_id}",
                first_feed_id=f"feed-{key.external_id}",
                user=key,
                at=NOW,
                surface="feed",
                items=[(1, "popular", 0.5)],
                model_version=None,
                fallback=None,
                arms={experiment.key: "personal"},
                assigned={experiment.id: "personal"},
                is_preview=False,
            ),
        )
        payload = json.dumps({"id": "x", "visitor_id" if key.is_visitor else "user_id": key.external_id})
        append_dead_letters(connection, [DeadLetter(received_at=NOW, origin="http", reason="no kind", payload=payload)])
    move_piece(connection, begin_merge(connection, her, browser, now=NOW))


def named_in_tables(settings: Settings) -> list[str]:
    """The tables in which a row names her."""
    with open_log(settings, Metrics()) as (database, _), database.reader.connect() as connection:
        return [
            name
            for name, table in metadata.tables.items()
            if any(HER in str(row) or HER_BROWSER in str(row) for row in connection.execute(select(table)))
        ]


def named_in_files(home: Path) -> list[str]:
    """The files of the home whose bytes name her."""
    contents = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    return [str(file) for file, held in contents.items() if HER.encode() in held or HER_BROWSER.encode() in held]


def ids_of_her(settings: Settings) -> list[int]:
    """The number under which the log, and everything made of it, holds her."""
    with closing(sqlite3.connect(sqlite_file(settings.database_url))) as log:
        return [id_ for (id_,) in log.execute("SELECT id FROM users WHERE external_id = ?", [HER])]


def valued_ids(settings: Settings) -> list[list[int]]:
    """Whom each snapshot of customer values holds, the oldest first."""
    return [load(settings.values / version).columns["customer_ids"].tolist() for version in versions(settings.values)]


def fill(home: Path, folder: Path) -> None:
    """Gives the home of the environment all there is: sales, acts, an experiment, letters, refused rows, models."""
    (folder / "sales.csv").write_text("\n".join(sales()) + "\n")
    (folder / "feed-1.toml").write_text(DESIGN)
    kembang.main(["import", str(folder / "sales.csv")], standalone_mode=False)
    kembang.main(["experiment", "create", str(folder / "feed-1.toml")], standalone_mode=False)
    with open_log(Settings.from_environment(), Metrics()) as (_, writer):
        writer.run(live)
    kembang.main(["train"], standalone_mode=False)
    kembang.main(["customers", "publish"], standalone_mode=False)
    with open_log(Settings.from_environment(), Metrics()) as (database, _):
        # One more, of another day: she must leave every one of them.
        value_and_publish(
            database.reader,
            Settings.from_environment().values,
            currency="GBP",
            timezone="UTC",
            margin_rate=None,
            until=NOW,
            seed=1,
            on_progress=lambda *_: None,
        )
    (home / "refused").mkdir()
    (home / "refused" / "sales.refused.csv").write_text(f"Invoice,SKU,Customer\n9,tea,{HER}\n10,tea,user-1\n")
    (home / "exports.jsonl").write_text(
        '{"at": "2026-03-10T00:00:00Z", "what": "orders", "file": "/mnt/orders.csv"}\n{"at": "20'
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a home, made once; no test may change it."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KEMBANG_HOME", str(folder / "home"))
        fill(folder / "home", folder)
    return folder / "home"


@pytest.fixture
def home_with_her(filled: Path, home: Path) -> Path:
    """The same for one test alone."""
    return Path(shutil.copytree(filled, home))


def test_nothing_of_her_is_left_in_any_table_or_file_of_the_home(home_with_her: Path, run: Any) -> None:
    settings = Settings.from_environment()
    assert set(named_in_tables(settings)) == {"users", "events", "exposures", "dead_letters"}
    (her_id,) = ids_of_her(settings)
    assert [her_id in ids for ids in valued_ids(settings)] == [True, True]
    receipt = run("erase", HER, "--json").document
    assert receipt["removed"] == {
        "events": 6 + 6,
        "exposures": 2,
        "assignments": 1,
        "campaign_units": 0,
        "campaign_entries": 0,
        "dead_letters": 3,
        "visitors": 1,
        "users": 1,
        "refused_rows": 1,
        "values": 2,
    }
    assert [her_id in ids for ids in valued_ids(settings)] == [False, False]
    assert receipt["money"] == {"GBP": {"purchases": "25.00", "refunds": "2.50"}}
    assert receipt["experiments"] == {"feed-1": {"personal": 1}}
    assert set(receipt["left"].values()) == {0}
    assert receipt["storage"]["wal_emptied"]
    assert receipt["storage"]["copies_in_free_space"] == 0
    assert "export of orders to /mnt/orders.csv at 2026-03-10T00:00:00Z" in str(receipt["may_remain"])
    assert "export of unknown rows to an unknown file" in str(receipt["may_remain"])
    assert named_in_tables(settings) == []
    assert named_in_files(home_with_her) == []
    with closing(sqlite3.connect(sqlite_file(settings.database_url))) as log:
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert log.execute("SELECT count(*) FROM suppressions").fetchone() == (2,)
    results = run("experiment", "results", "feed-1")
    assert "0 mature, 1 erased since" in results.out


def test_no_model_holds_anything_per_user_and_the_next_one_does_not_know_her(home_with_her: Path, run: Any) -> None:
    settings = Settings.from_environment()
    first = run("models", "list", "--json").document["live"]
    assert named_in_files(settings.models) == []
    for entry in read_manifest(settings.models / first)["arrays"].values():
        assert N_OTHERS + 1 not in entry["shape"]
    run("erase", HER, "--json")
    with open_log(settings, Metrics()) as (database, _):
        # As if she had never been there: nothing of the frames that a model is made from is hers.
        frames = training_frames(database.reader, until_seconds=2**40)
        assert len(set(frames.events.user_ids.tolist())) == N_OTHERS
        assert len(frames.segments.user_ids) == N_OTHERS
    again = run("train", "--json").document
    assert (again["users"], again["events"]) == (N_OTHERS, 3 * N_OTHERS)
    assert again["version"] != first
    assert named_in_files(home_with_her) == []


def test_a_copy_left_in_free_space_is_found_and_the_file_written_anew(home_with_her: Path, run: Any) -> None:
    file = sqlite_file(Settings.from_environment().database_url)
    with closing(sqlite3.connect(file)) as log:
        (root,) = log.execute("SELECT rootpage FROM sqlite_master WHERE name = 'home'").fetchone()
    with file.open("r+b") as opened:
        opened.seek((root - 1) * 4096 + 1000)  # a page of a few short rows, which lie at its end
        opened.write(HER.encode())
    assert names_in_free_space(file, [HER]) >= 1
    storage = run("erase", HER, "--json").document["storage"]
    assert (storage["rewritten"], storage["copies_in_free_space"]) == (True, 0)
    assert named_in_files(home_with_her) == []


def test_it_goes_through_the_service_that_holds_the_log(home_with_her: Path, run: Any) -> None:
    with served("serve", home=home_with_her) as service:
        receipt = run("erase", HER, "--json").document
        assert receipt["removed"]["events"] == 12
        late = {"id": "late", "kind": "view", "user_id": HER, "item_id": "tea", "at": "2026-03-09T00:00:00Z"}
        answer = httpx.post(f"{service.base_url}/v1/events", json={"events": [late]})
        assert answer.json()["results"][0]["result"] == "rejected"
        assert httpx.get(f"{service.base_url}/v1/users/{HER}/feed").json()["items"]
        again = run("erase", HER, "--json").document
        assert set(again["removed"].values()) == {0}
        assert run("erase", "--lift", HER).out == "may come back, as new\n"
        assert service.stop() == 0
    assert named_in_files(home_with_her) == []


def test_a_reader_who_takes_long_keeps_the_wal_and_the_receipt_says_so(home_with_her: Path) -> None:
    settings = Settings.from_environment()
    key = UserKey(False, HER)
    with open_log(settings, Metrics()) as (database, writer):
        with database.reader.connect() as reading:
            reading.exec_driver_sql("BEGIN")  # a snapshot, as a backup holds one
            reading.execute(select(metadata.tables["users"])).first()
            receipt = erased(database, writer, settings, key, now=NOW, is_served=True)
            assert not receipt["storage"]["wal_emptied"]
            assert "erase again" in receipt["storage"]["note"]
        assert erased(database, writer, settings, key, now=NOW, is_served=True)["storage"]["wal_emptied"]
    assert named_in_files(home_with_her) == []


def test_on_postgresql_the_tables_hold_nothing_of_her(
    home: Path, run: Any, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEMBANG_DATABASE_URL", postgres_url.replace("+psycopg", ""))
    fill(home, tmp_path)
    settings = Settings.from_environment()
    assert set(named_in_tables(settings)) == {"users", "events", "exposures", "dead_letters"}
    receipt = run("erase", HER, "--json").document
    assert receipt["removed"]["events"] == 12
    assert receipt["storage"]["vacuumed"]
    assert named_in_tables(settings) == []
    assert named_in_files(home) == []


@pytest.mark.parametrize("name", ["", "a" * 257])
def test_a_name_that_nobody_can_have_is_wrong_usage(run: Any, name: str) -> None:
    said = run("erase", name)
    assert said.status == 2
    assert "USER" in said.err


def test_the_receipt_in_words_says_what_went_and_where_to_look_next(home_with_her: Path, run: Any) -> None:
    said = run("erase", HER)
    assert said.status == 0
    assert "12 events" in said.out
    assert "GBP          25.00 of purchases, 2.50 of refunds" in said.out
    assert "second look  0 rows left" in said.out
    assert "run `kembang train`" in said.out
    assert HER not in said.out


def test_a_phone_number_may_be_spelt_as_in_the_sheet(
    run: Any, write_sales: Any, count_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEMBANG_TIMEZONE", "Asia/Jakarta")
    lines = ["1,tea,Tea,1,2026-03-02,2.50,0812-3456-789", "2,cup,Cup,1,2026-03-04,2.50,+62 812 3456 789"]
    run("import", write_sales(lines, headings="Invoice,SKU,Title,Qty,Date,Price,Phone"))
    removed = run("erase", "0812 3456 789", "--json").document["removed"]
    assert (removed["events"], removed["users"]) == (2, 1)
    assert count_rows("events") == 0


def test_whoever_an_import_could_store_can_be_erased(run: Any, write_sales: Any, count_rows: Any) -> None:
    lines = ["1,tea,Tea,1,2026-03-02,2.50,Toko A/B", "2,cup,Cup,1,2026-03-04,2.50,Zero\u200bWidth"]
    run("import", write_sales(lines, headings="Invoice,SKU,Title,Qty,Date,Price,Customer"))
    for name in ("Toko A/B", "Zero\u200bWidth"):
        assert run("erase", name, "--json").document["removed"]["events"] == 1
    assert count_rows("events") == 0


def test_of_the_forgotten_an_import_keeps_the_money_and_nothing_else(
    run: Any, write_sales: Any, count_rows: Any
) -> None:
    headings = "SKU,Title,Qty,Date,Price,Customer"
    good, bad = "tea,Tea,1,2026-03-02,2.50,siti-rahayu", "tea,Tea,1,31/31/2026,2.50,siti-rahayu"
    run("erase", "siti-rahayu")
    said = run("import", write_sales([good, bad], headings=headings), "--json").document
    assert (said["stored"]["anonymous"], said["forgotten"]) == (1, 1)
    settings = Settings.from_environment()
    with closing(sqlite3.connect(sqlite_file(settings.database_url))) as log:
        assert log.execute("SELECT user_id, order_id FROM events").fetchall() == [(None, None)]
        assert log.execute("SELECT payload FROM dead_letters").fetchall() == [("",)]
