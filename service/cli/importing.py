"""``kembang import``."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from service.cli.output import Progress, json_option, print_json, progress
from service.clock import machine_now
from service.jobs.importing.reading import Sheet
from service.jobs.importing.sheets import read_sheet
from service.jobs.sales import foreseen_account, stored_sales
from service.log.database import Database, open_for_reading
from service.log.home import SIMULATED, home_fact
from service.metrics import Metrics
from service.settings import Settings
from service.wiring import open_log


class SimulatedHome(Exception):
    """Real sales must not be mixed with simulated ones."""


class NothingUsable(Exception):
    """No row of a file could be understood."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Name a column that was not recognised.")
@click.option("--currency", help="Currency of amounts without one. [default: KEMBANG_CURRENCY]")
@click.option("--timezone", help="Time zone of times without one. [default: KEMBANG_TIMEZONE]")
@click.option("--dry-run", is_flag=True, help="Say what would be stored, and store nothing.")
@json_option
def import_(
    *,
    files: tuple[Path, ...],
    mapping: tuple[str, ...],
    currency: str | None,
    timezone: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Store sales FILES: CSV or TSV, also gzipped, with English or Indonesian headings.

    Importing a file again, or a longer version of it, adds only what is new.
    """
    settings = Settings.from_environment()
    named = _mapping(mapping)
    accounts: list[dict[str, Any]] = []
    try:
        for file in files:
            with progress(file.name) as tell:
                sales = read_sheet(
                    file,
                    kind=None,
                    mapping=named,
                    currency=(currency or settings.currency).upper(),
                    timezone=timezone or settings.timezone,
                    now=machine_now(),
                    on_progress=lambda doing, tell=tell: tell(doing, 0.0),  # type: ignore[misc]  # this file's own
                )
                account = _foreseen(settings, sales) if dry_run else _stored(settings, sales, file.name, tell)
            accounts.append({"file": file.name, "dry_run": dry_run, **account})
    finally:
        # A file that can't be read does not take back those before it, nor what is to be said of them.
        _show(accounts, as_json=as_json, one_file=len(files) == 1)
    useless = [account["file"] for account in accounts if sum(account["refused"].values()) == account["rows_read"]]
    if useless:
        raise NothingUsable(f"every row of {', '.join(useless)} was refused, for the reasons above")


def _show(accounts: Sequence[dict[str, Any]], *, as_json: bool, one_file: bool) -> None:
    if as_json and accounts:
        print_json(accounts[0] if one_file else accounts)
    elif not as_json:
        for account in accounts:
            click.echo(_in_words(account))


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    for pair, (field, equals, _) in zip(pairs, split, strict=True):
        if not field or not equals:
            raise click.BadParameter(f"--map must be FIELD=COLUMN, got {pair!r}")
    return {field.strip(): column for field, _, column in split}


def _foreseen(settings: Settings, sales: Sheet) -> dict[str, Any]:
    try:
        database = open_for_reading(settings.database_url)
    except FileNotFoundError:
        return foreseen_account(None, sales)
    _refuse_simulated(settings, database)
    account = foreseen_account(database.reader, sales)
    database.close()
    return account


def _stored(settings: Settings, sales: Sheet, file_name: str, tell: Progress) -> dict[str, Any]:
    with open_log(settings, Metrics()) as (database, writer):
        _refuse_simulated(settings, database)
        return writer.run(
            lambda connection: stored_sales(connection, sales, file_name=file_name, now=machine_now(), on_progress=tell)
        )


def _refuse_simulated(settings: Settings, database: Database) -> None:
    if home_fact(database.reader, SIMULATED) is not None:
        raise SimulatedHome(f"{settings.home} holds a simulated shop: set KEMBANG_HOME to another folder")


def _in_words(account: dict[str, Any]) -> str:
    stored = ", ".join(f"{count:,} {name}" for name, count in account["stored"].items())
    refused = ", ".join(f"{count:,} {reason}" for reason, count in account["refused"].items()) or "none"
    columns = ", ".join(f"{field} = {column!r}" for field, column in account["reading"]["mapping"].items())
    dry = " (dry run: nothing was stored)" if account["dry_run"] else ""
    catalogue = account["catalogue"]
    shown = f"{catalogue['items']:,} items, {catalogue['services']:,} of them services (never shown)"
    lines = [
        f"{account['file']}: {account['rows_read']:,} rows read{dry}",
        f"  columns     {columns}",
        f"  stored      {stored}",
        f"  duplicates  {account['duplicates']:,}",
        f"  refused     {refused}",
        f"  catalogue   {shown}; {account['users']:,} customers",
    ]
    for currency, sums in account["money"].items():
        sold, refunded, net = (f"{Decimal(sums[name]):,}" for name in ("purchases", "refunds", "net"))
        lines.append(f"  {currency}         {sold} sold - {refunded} refunded = {net}")
    lines += [f"  note        {note}" for note in account["reading"]["notes"]]
    return "\n".join(lines)
