"""Promises of ``kembang export``: beside whatever runs, refused before anything is read, adding up with the import."""

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from processes import served

WHAT = ["events", "orders", "exposures", "segments", "items", "expenses"]


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as said:
        return list(csv.DictReader(said))


def test_what_was_imported_is_what_is_exported(run: Any, write_sales: Any, tmp_path: Path) -> None:
    run("import", write_sales())
    said = run("export", "events", tmp_path / "events.csv", "--json")
    assert (said.status, said.document["rows"], said.document["what"]) == (0, 7, "events")
    found = rows(tmp_path / "events.csv")
    assert {row["kind"] for row in found} == {"purchase", "refund"}
    # 5.00 and 4.00 of 1001, once more 5.00, 2.50 of ben's, 0 of the free cup, 12.00 of nobody's; 2.50 came back.
    assert sum(Decimal(row["amount"]) for row in found if row["kind"] == "purchase") == Decimal("28.50")
    assert [row["user_id"] for row in found].count("") == 1
    run("export", "orders", tmp_path / "orders.csv")
    net = {row["order_id"]: row["net"] for row in rows(tmp_path / "orders.csv")}
    assert net == {"1001": "14.00", "1002": "2.50", "C1002": "-2.50", "1003": "0.00", "1004": "12.00"}


def test_every_format_holds_the_same_rows(run: Any, write_sales: Any, tmp_path: Path) -> None:
    run("import", write_sales())
    for ending in ("csv", "csv.gz", "parquet"):
        assert run("export", "events", tmp_path / f"events.{ending}").status == 0
    plain = rows(tmp_path / "events.csv")
    with gzip.open(tmp_path / "events.csv.gz", "rt", newline="") as said:
        assert list(csv.DictReader(said)) == plain
    typed = pq.read_table(tmp_path / "events.parquet").to_pylist()
    assert [(row["id"], row["payload_hash"]) for row in typed] == [(row["id"], row["payload_hash"]) for row in plain]
    assert [row["amount"] for row in typed] == [Decimal(row["amount"]) for row in plain]


def test_a_day_is_a_day_of_the_shops_calendar(
    run: Any, write_sales: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEMBANG_TIMEZONE", "Asia/Jakarta")
    run("import", write_sales(["1,tea,Tea,1,2026-03-02 00:30,2.50,anna,", "2,tea,Tea,1,2026-03-03 00:30,2.50,anna,"]))
    said = run("export", "orders", tmp_path / "o.csv", "--since", "2026-03-02", "--until", "2026-03-03", "--json")
    (row,) = rows(tmp_path / "o.csv")
    assert (row["at"], row["day"]) == ("2026-03-01T17:30:00.000000Z", "2026-03-02")
    assert (said.document["since"], said.document["until"]) == ("2026-03-01T17:00:00Z", "2026-03-02T17:00:00Z")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["events", "out.xlsx"], [".csv, .csv.gz or .parquet", "'out.xlsx'"]),
        (["items", "out.csv", "--since", "2026-03-02"], ["--since and --until", "items"]),
        (["events", "out.csv", "--since", "2026-03-02", "--until", "2026-03-02"], ["--since", "before --until"]),
        (["events", "out.csv", "--since", "2 March"], ["--since"]),
        (["users", "out.csv"], ["'users'", "events"]),
    ],
)
def test_what_makes_no_sense_is_wrong_usage_and_writes_nothing(
    run: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("export", *arguments)
    assert (said.status, said.out) == (2, "")
    assert all(word in said.err for word in words)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_home_says_what_to_do_first(run: Any, home: Path, tmp_path: Path) -> None:
    said = run("export", "events", tmp_path / "events.csv")
    assert said.status == 1
    assert said.explains("import a sales file or start the service")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said_in_one_line(run: Any, write_sales: Any, tmp_path: Path) -> None:
    run("import", write_sales())
    said = run("export", "events", tmp_path / "nowhere" / "events.csv")
    assert said.status == 1
    assert said.explains("nowhere")


def test_exports_are_made_beside_a_running_service(run: Any, home: Path, write_sales: Any, tmp_path: Path) -> None:
    run("import", write_sales())
    with served("serve", home=home):
        for what in WHAT:
            said = run("export", what, tmp_path / f"{what}.parquet", "--json")
            assert said.document["rows"] == pq.read_metadata(tmp_path / f"{what}.parquet").num_rows
    recorded = [json.loads(line)["what"] for line in (home / "exports.jsonl").read_text().splitlines()]
    assert recorded == ["events", "orders", "exposures", "segments"]
