"""Names of erased people in the free space of a SQLite file's pages.

Where SQLite rebuilds a page to balance a tree, the page's free space keeps copies of rows that moved away. When such a
row is deleted later, ``secure_delete`` overwrites the row and knows nothing of the copy: of 1,000 people erased from a
busy file one to three left their name behind like that. Only the file itself can tell.

This module is also the program that reads the file, ``free_space.py FILE``, with the names as JSON on standard input:
if the process that has the log open read the file and closed it again, it would lose SQLite's locks on it.
https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
"""

import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import IO

SHORTEST_NAME_BYTES = 4
"""Shorter names stand anywhere by chance, so the file can't be searched for them."""

_TREE_PAGES = {0x02: 12, 0x05: 12, 0x0A: 8, 0x0D: 8}
"""First byte of a page of a tree, and the length of its header."""

_FILE_HEADER_BYTES = 100
_PAGES_AT_ONCE = 4_096


def names_in_free_space(file: Path, names: Collection[str]) -> int:
    """How often one of the names stands in the free space of a SQLite file's pages.

    A changing page may be read half old and half new, so ask while its log is quiet, or ask again.
    """
    searched = [name for name in names if len(name.encode()) >= SHORTEST_NAME_BYTES]
    if not searched:
        return 0
    command = [sys.executable, "-I", __file__, str(file)]
    # Through standard input, since everybody on the machine can read a command line.
    found = subprocess.run(  # noqa: S603  our own interpreter and module
        command, input=json.dumps(searched), capture_output=True, text=True, check=True
    )
    return int(found.stdout)


def _count(file: IO[bytes], names: Collection[bytes]) -> int:
    header = file.read(_FILE_HEADER_BYTES)
    size = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if size == 1 else size
    file.seek(0)
    count, is_first = 0, True
    while block := file.read(page_bytes * _PAGES_AT_ONCE):
        for name in names:
            place = block.find(name)
            while place >= 0:
                page = place - place % page_bytes
                start, end = _free_space(block[page : page + page_bytes], is_first=is_first and page == 0)
                count += page + start <= place < page + end
                place = block.find(name, place + 1)
        is_first = False
    return count


def _free_space(page: bytes, *, is_first: bool) -> tuple[int, int]:
    """Where the free space between a page's cell pointers and its cells starts and ends; (0, 0) in other pages.

    https://www.sqlite.org/fileformat2.html#b_tree_pages
    """
    start = _FILE_HEADER_BYTES if is_first else 0
    header_bytes = _TREE_PAGES.get(page[start])
    if header_bytes is None:
        return 0, 0
    n_cells = int.from_bytes(page[start + 3 : start + 5], "big")
    first_cell = int.from_bytes(page[start + 5 : start + 7], "big") or 65_536
    return start + header_bytes + 2 * n_cells, first_cell


if __name__ == "__main__":
    with Path(sys.argv[1]).open("rb") as opened:
        sys.stdout.write(str(_count(opened, [name.encode() for name in json.load(sys.stdin)])))
