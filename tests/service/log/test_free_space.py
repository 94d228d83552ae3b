"""Promises of the search for names in free space: copies left between the rows are counted, rows are not."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.log.free_space import names_in_free_space

NAME = "anna-7f3c91"


@pytest.fixture(params=[512, 4096, 65536])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database of one page of rows and one page of index, in which a live row names somebody."""
    path = tmp_path / "log.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as log:
        log.execute(f"PRAGMA page_size = {request.param}")
        log.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        log.execute("INSERT INTO users (name) VALUES (?), ('ben')", (NAME,))
    return path


def pages(file: Path) -> Iterator[int]:
    """Where each page begins, but the first."""
    with closing(sqlite3.connect(file)) as log:
        (size,) = log.execute("PRAGMA page_size").fetchone()
    return iter(range(size, file.stat().st_size, size))


def leave_copy(file: Path, place: int) -> None:
    """Writes the name into the free space of the page that begins at ``place``, as a rebuilt page would keep it."""
    with file.open("r+b") as opened:
        opened.seek(place + 100)  # two short rows lie at the page's end, their pointers at its beginning
        opened.write(NAME.encode())


def test_rows_are_not_free_space(file: Path) -> None:
    assert NAME.encode() in file.read_bytes()
    assert names_in_free_space(file, [NAME]) == 0


def test_every_copy_between_the_rows_is_counted_in_tables_and_indexes(file: Path) -> None:
    places = list(pages(file))
    assert len(places) == 2
    for place in places:
        leave_copy(file, place)
    assert names_in_free_space(file, [NAME, "nobody-at-all"]) == 2


def test_a_file_written_anew_holds_no_copy_and_the_log_never_saw_one(file: Path) -> None:
    leave_copy(file, next(pages(file)))
    with closing(sqlite3.connect(file, isolation_level=None)) as log:
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        log.execute("VACUUM")
    assert names_in_free_space(file, [NAME]) == 0


def test_names_too_short_to_be_told_from_chance_are_not_searched_for(file: Path) -> None:
    leave_copy(file, next(pages(file)))
    assert names_in_free_space(file, ["ann"]) == 0
