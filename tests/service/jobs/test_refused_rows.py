"""Promises of the file of refused rows: it opens safely, hides from others, and overwrites nobody's work."""

import csv
import io
import stat
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.refused_rows import WHY, refused_csv, rows_taken_out, write_refused_rows, written_refused_rows
from service.jobs.spreadsheet_guard import unguarded


def refused(*cells: list[str] | None) -> pd.DataFrame:
    return pd.DataFrame({"cells": pd.Series(cells, dtype=object), "reason": "bad_date", "detail": "no date"})


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_rows_stand_under_their_own_headings_and_say_why() -> None:
    content = refused_csv(refused(["tea", "32 March"], ["café", ""]), ("Barang", "Tanggal"))
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows(content) == [
        ["Barang", "Tanggal", WHY],
        ["tea", "32 March", "bad_date: no date"],
        ["café", "", "bad_date: no date"],
    ]


def test_a_file_refused_again_says_why_once() -> None:
    again = refused_csv(refused(["tea", "an old reason"]), ("Barang", WHY))
    assert rows(again) == [["Barang", WHY], ["tea", "bad_date: no date"]]


def test_of_somebody_forgotten_nothing_is_written() -> None:
    assert rows(refused_csv(refused(None, ["tea"]), ("Barang",)))[1:] == [["tea", "bad_date: no date"]]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=5))
def test_no_cell_runs_as_a_formula_and_every_text_comes_back(texts: list[str]) -> None:
    written = [row[0] for row in rows(refused_csv(refused(*([text] for text in texts)), ("Barang",)))[1:]]
    for cell in written:
        is_number = cell.lstrip("-").replace(".", "").replace(",", "").isdecimal()
        assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(pd.Series(written, dtype=object)).tolist() == texts


def test_a_negative_number_stays_a_number() -> None:
    assert rows(refused_csv(refused(["-2.50"]), ("Qty",)))[1][0] == "-2.50"


def test_a_file_that_somebody_may_be_mending_stays_and_the_same_rows_are_not_written_twice(tmp_path: Path) -> None:
    source = tmp_path / "sales.march.csv.gz"
    first = written_refused_rows(b"one", source, instead=tmp_path / "home")
    assert first.name == "sales.march.refused.csv"
    assert written_refused_rows(b"one", source, instead=tmp_path / "home") == first
    second = written_refused_rows(b"two", source, instead=tmp_path / "home")
    assert (second.name, first.read_bytes()) == ("sales.march.refused-2.csv", b"one")
    assert written_refused_rows(b"three", second, instead=tmp_path / "home").name == "sales.march.refused-3.csv"


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_refused_rows(b"named", tmp_path / "named.csv")
    beside = written_refused_rows(b"beside", tmp_path / "sales.csv", instead=tmp_path / "home")
    assert {file.stat().st_mode & 0o777 for file in (beside, tmp_path / "named.csv")} == {0o600}


def test_where_the_folder_can_t_be_written_the_home_keeps_the_rows(tmp_path: Path) -> None:
    home = tmp_path / "refused"
    unplugged = tmp_path / "an unplugged stick" / "sales.csv"
    assert written_refused_rows(b"one", unplugged, instead=home) == home / "sales.refused.csv"


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "refused").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="refused"):
        written_refused_rows(b"one", tmp_path / "gone" / "sales.csv", instead=tmp_path / "refused")


HEADINGS = "Invoice,SKU,Title,Qty,Date,Price,Customer"


def test_her_rows_are_taken_out_and_all_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "sales.refused.csv"
    rows = [
        "1,tea,Green tea,many,2026-03-13,2.50,17850.0",
        "2,tea,Green tea,17850,2026-03-13,x,12346",
        '3,cup,"Cup, for 17850",1,2026-03-13,x,',
        "17850-4,cup,Cup,1,2026-03-13,x,",
    ]
    file.write_text("\ufeff" + "\r\n".join([HEADINGS, *rows]) + "\r\n", encoding="utf-8")
    file.chmod(0o600)
    assert rows_taken_out(tmp_path, {"17850"}) == 2
    kept = "\r\n".join([HEADINGS, rows[1], rows[2]]) + "\r\n"
    assert file.read_bytes() == ("\ufeff" + kept).encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_files_without_her_are_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "sales.refused.csv"
    file.write_text(f"{HEADINGS}\n1,tea,Green tea,many,2026-03-13,2.50,ben\n", encoding="utf-8")
    written_at = file.stat().st_mtime_ns
    assert rows_taken_out(tmp_path, {"anna"}) == 0
    assert file.stat().st_mtime_ns == written_at


def test_there_may_be_no_folder_and_a_file_may_be_empty(tmp_path: Path) -> None:
    assert rows_taken_out(tmp_path / "refused", {"anna"}) == 0
    (tmp_path / "empty.csv").touch()
    assert rows_taken_out(tmp_path, {"anna"}) == 0
