"""Promises of files of refused rows: her rows go, all others stay to the letter."""

import stat
from pathlib import Path

from service.jobs.refused_files import rows_taken_out

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
