"""The command line inside the test process: the ``main`` of the console script, told what to do and listened to."""

import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.cli import main

HEADINGS = "Invoice,SKU,Title,Qty,Date,Price,Customer,Country"

SALES = (
    "1001,tea,Green tea,2,2026-03-02 10:00,2.50,anna,Indonesia",
    "1001,cup,Cup,1,2026-03-02 10:00,4.00,anna,Indonesia",
    "1002,tea,Green tea,1,2026-03-09 12:00,2.50,ben,France",
    "C1002,tea,Green tea,-1,2026-03-10 12:00,2.50,ben,France",
    "1003,cup,Cup,1,2026-03-11 09:00,0,anna,Indonesia",
    "1004,cup,Cup,3,2026-03-12 09:00,4.00,,France",
    "1005,tea,Green tea,many,2026-03-13 09:00,2.50,ben,France",
    "1001,tea,Green tea,2,2026-03-02 10:00,2.50,anna,Indonesia",
)
"""Eight lines: four purchases (one line is there twice), a refund, a free line, an anonymous sale, one to refuse."""


@dataclass(frozen=True)
class Said:
    """What one run of the command came to."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; fails if there is anything else."""
        return json.loads(self.out)

    def explains(self, *words: str) -> bool:
        """Whether it failed with one line on standard error that says all the words.

        There is nothing else anywhere, but for what an import says of a file before it is stored.
        """
        *before, last = self.err.splitlines() or [""]
        return (
            self.out == ""
            and last.startswith("kembang: ")
            and all(": read as " in line or line.startswith("  ") for line in before)
            and all(word in last for word in words)
        )


Run = Callable[..., Said]
WriteSales = Callable[..., Path]
CountRows = Callable[[str], int]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home that commands work on; not made yet."""
    folder = tmp_path / "home"
    for name in (
        "CURRENCY",
        "TIMEZONE",
        "DATABASE_URL",
        "MARGIN_RATE",
        "QUEUE_CAPACITY",
        "REFRESH_SECONDS",
        "EXPOSURES_KEPT_DAYS",
        "DEAD_LETTERS_KEPT_DAYS",
    ):
        monkeypatch.delenv(f"KEMBANG_{name}", raising=False)
    monkeypatch.setenv("KEMBANG_HOME", str(folder))
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``kembang`` with the arguments, to its exit status."""

    def to_its_end(*arguments: object) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["kembang", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, said.out, said.err)

    return to_its_end


@pytest.fixture
def write_sales(tmp_path: Path) -> WriteSales:
    """Writes a file of sales: the small shop's, or other lines below other headings."""

    def to_file(
        lines: Sequence[str] = SALES, *, headings: str = HEADINGS, name: str = "sales.csv", encoding: str = "utf-8"
    ) -> Path:
        file = tmp_path / name
        file.write_text("\n".join((headings, *lines)) + "\n", encoding=encoding)
        return file

    return to_file


@pytest.fixture
def count_rows(home: Path) -> CountRows:
    """Counts the rows of a table of the home's log."""

    def of(table: str) -> int:
        with closing(sqlite3.connect(f"file:{home / 'kembang.sqlite3'}?mode=ro", uri=True)) as log:
            return int(log.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    return of
