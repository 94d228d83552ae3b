"""The command line inside the test process: the ``main`` of the console script, told what to do and listened to."""

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.cli import main


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
def count_rows(home: Path) -> CountRows:
    """Counts the rows of a table of the home's log."""

    def of(table: str) -> int:
        with closing(sqlite3.connect(f"file:{home / 'kembang.sqlite3'}?mode=ro", uri=True)) as log:
            return int(log.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    return of
