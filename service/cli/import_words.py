"""Imports in words."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from service.jobs.importing.reading import Reading


def reading_lines(file_name: str, reading: Reading) -> Iterator[str]:
    """How a file was understood, for its owner to check."""
    how = {
        "sheet": reading.sheet and repr(reading.sheet),
        "encoding": reading.encoding,
        "delimiter": reading.delimiter and repr(reading.delimiter),
        "dates": reading.date_order,
        "decimal mark": repr(reading.decimal_mark),
    }
    yield f"{file_name}: read as {reading.kind}, {', '.join(f'{what} {said}' for what, said in how.items() if said)}"
    yield f"  columns     {', '.join(f'{field} = {column!r}' for field, column in reading.mapping.items())}"
    for note in reading.notes:
        yield f"  note        {note}"


def account_lines(account: Mapping[str, Any]) -> Iterator[str]:
    """What became of a file."""
    dry = " (dry run: nothing was stored)" if account["dry_run"] else ""
    number = "" if account["import_id"] is None else f" (import {account['import_id']})"
    yield f"{account['file']}: {account['rows_read']:,} rows read{dry}{number}"
    yield f"  stored      {_counts(account['stored'])}"
    yield f"  duplicates  {account['duplicates']:,}"
    yield f"  refused     {_counts(account['refused'])}"
    if account["refused_file"] is not None:
        yield f"              written to {account['refused_file']}: mend them there and import that file"
    if account["forgotten"]:
        yield f"  forgotten   {account['forgotten']:,} rows of customers who asked to be forgotten lost the customer"
    catalogue = account["catalogue"]
    if account["kind"] == "sales":
        shown = f"{catalogue['items']:,} items, {catalogue['services']:,} of them services (never shown)"
        yield f"  catalogue   {shown}; {account['users']:,} customers"
    yield from _money_lines(account)


def undone_line(undone: Mapping[str, Any]) -> str:
    """What an undo took out."""
    removed = undone["removed"]
    rows = _counts({name.replace("_", " "): removed[name] for name in ("events", "expenses", "dead_letters")})
    known = f"{removed['items']:,} items and {removed['users']:,} customers that only it described are known no more"
    return (
        f"import {undone['import_id']} of {undone['file']} is undone: took out {rows}; {known}. "
        "Goods that other imports sold too keep the title and price last said of them"
    )


def import_lines(imports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line per import: number, beginning, what became of it, file."""
    if not imports:
        yield "nothing was imported yet"
    for one in imports:
        became = one["became"]
        if "stored" in one:
            n_refused = sum(one["refused"].values())
            became += f", {_counts(one['stored'])}, {one['duplicates']:,} duplicates, {n_refused:,} refused"
        elif became == "not finished":
            became += ", is running or was cut off: importing the file again completes it"
        yield f"{one['import_id']:>4}  {one['started_at'][:19]}Z  {one['file']}  {became}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none"


def _money_lines(account: Mapping[str, Any]) -> Iterator[str]:
    """The file's money, and beside it what is new of it."""
    for currency, sums in account.get("money", {}).items():
        if account["dry_run"] or account["stored_money"].get(currency) == sums:
            yield f"  {currency}         {_sums(sums)}"
            continue
        yield f"  {currency}         {_sums(sums)} in the file"
        new = account["stored_money"].get(currency)
        yield f"              {_sums(new) if new else 'nothing'} newly stored"


def _sums(sums: Mapping[str, str]) -> str:
    if "expenses" in sums:
        return f"{Decimal(sums['expenses']):,} spent"
    sold, refunded, net = (f"{Decimal(sums[name]):,}" for name in ("purchases", "refunds", "net"))
    return f"{sold} sold - {refunded} refunded = {net}"
