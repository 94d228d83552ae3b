"""Taking an import out again, in pieces, beside everything else that writes.

What goes: the events, expenses and dead letters that the import stored, what sales files said of items that no other
import sold, and the country of customers of whom nothing else is known. What stays: rows that an earlier import stored
and this one only met again, what a catalogue or the shop itself said, and the dictionary rows of ids, as bare numbers
(``service.log.imports.forget_items`` says why).

It costs reading the import's own stretch of the events, those of the other imports once, and a delete per row. Each
step may be done again, so that an undo that was cut off is completed by asking for it again.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from service.log import imports as log
from service.log.database import Reader
from service.log.names import chunks
from service.log.writer import Writer

_ROWS_AT_ONCE = 500
"""Rows of one write; a delete touches every index, as an insert does."""

_SEQS_AT_ONCE = 100_000
"""Rows of one read: a snapshot that is held for long keeps the write-ahead log from being emptied."""


def undone_import(
    reader: Reader,
    writer: Writer,
    import_id: int,
    *,
    now: Callable[[], int],
    on_progress: Callable[[str, float], None],
) -> dict[str, Any]:
    """How many rows went, once the import is out of the log; of one that was out before, none.

    Args:
        reader: The log.
        writer: Its writer.
        import_id: The import's number.
        now: The clock, microseconds UTC.
        on_progress: Told what is being done and the finished share.

    Raises:
        ImportUnknown: If there is no such import.
        ImportClosed: If it was one of a catalogue, which can't be taken out.
    """
    found = writer.run(lambda c: log.close_import(c, import_id, now=now()))
    on_progress("finding what only this import knew", 0.0)
    # Before the rows that name them are gone, or an undo that was cut off could not find them again.
    items = _n_items_forgotten(reader, writer, found, now)
    users = _n_countries_forgotten(reader, writer, found)
    n_events = 0
    for seqs in _parts(found.seqs, _ROWS_AT_ONCE):
        n_events += writer.run(lambda c, seqs=seqs: log.remove_events(c, import_id, seqs))  # type: ignore[misc]  # this part's own
        on_progress("taking events out", (seqs.stop - found.seqs.start) / len(found.seqs))
    expenses = _n_removed(lambda: writer.run(lambda c: log.remove_some_expenses(c, import_id, most=_ROWS_AT_ONCE)))
    letters = _n_removed(lambda: writer.run(lambda c: log.remove_some_dead_letters(c, import_id, most=_ROWS_AT_ONCE)))
    writer.run(lambda c: log.mark_undone(c, import_id, now=now()))
    removed = {"events": n_events, "expenses": expenses, "dead_letters": letters, "items": items, "users": users}
    return {"import_id": import_id, "file": found.file_name, "removed": removed}


def _n_items_forgotten(reader: Reader, writer: Writer, found: log.Import, now: Callable[[], int]) -> int:
    items = _items_of(reader, [found])
    if items:
        with reader.connect() as connection:
            others = [one for one in log.all_imports(connection) if one.id != found.id and one.seqs]
        items -= _items_of(reader, others)
    forgotten = 0
    for some in chunks(sorted(items), _ROWS_AT_ONCE):
        forgotten += writer.run(lambda c, some=some: log.forget_items(c, some, now=now()))  # type: ignore[misc]  # this chunk's own
    return forgotten


def _items_of(reader: Reader, imports: Iterable[log.Import]) -> set[int]:
    items: set[int] = set()
    for one in imports:
        for seqs in _parts(one.seqs, _SEQS_AT_ONCE):
            with reader.connect() as connection:
                items |= log.items_mentioned(connection, one.id, seqs)
    return items


def _n_countries_forgotten(reader: Reader, writer: Writer, found: log.Import) -> int:
    users: set[int] = set()
    for seqs in _parts(found.seqs, _SEQS_AT_ONCE):
        with reader.connect() as connection:
            users |= log.users_mentioned(connection, found.id, seqs)
    forgotten = 0
    for some in chunks(sorted(users), _ROWS_AT_ONCE):
        forgotten += writer.run(lambda c, some=some: log.forget_countries(c, found, some))  # type: ignore[misc]  # this chunk's own
    return forgotten


def _n_removed(remove_some: Callable[[], int]) -> int:
    total = 0
    while removed := remove_some():
        total += removed
    return total


def _parts(seqs: range, size: int) -> Iterator[range]:
    for start in range(seqs.start, seqs.stop, size):
        yield range(start, min(start + size, seqs.stop))
