"""``kembang import``: files in, lists of what was imported, and imports out again."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click

from service.cli.import_end import service_end
from service.cli.import_words import account_lines, import_lines, reading_lines, undone_line
from service.cli.output import json_option, print_json, progress
from service.cli.writing import asked, service_url
from service.clock import instant_text, machine_now
from service.jobs.accounts import Outcome
from service.jobs.importing.reading import Sheet, SheetKind
from service.jobs.importing.sheets import read_sheet
from service.jobs.refused_rows import refused_csv, write_refused_rows, written_refused_rows
from service.jobs.storing import ImportEnd, WriterEnd, foreseen_sheet, stored_sheet
from service.jobs.undoing import undone_import
from service.log.database import Database, LogFailure, is_sqlite, open_for_reading
from service.log.home import SIMULATED, home_fact
from service.log.imports import Import, all_imports
from service.metrics import Metrics
from service.secret import home_secret
from service.settings import Settings
from service.wiring import open_log

_UNDO_SECONDS = 3_600.0


class SimulatedHome(Exception):
    """Real sales must not be mixed with simulated ones."""


class NothingUsable(Exception):
    """No row of a file could be understood."""


@click.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Name a column that was not recognised.")
@click.option("--as", "kind", type=click.Choice(get_args(SheetKind)), help="What FILES hold. [default: by headings]")
@click.option("--currency", help="Currency of amounts without one. [default: KEMBANG_CURRENCY]")
@click.option("--timezone", help="Time zone of times without one. [default: KEMBANG_TIMEZONE]")
@click.option("--refused", type=click.Path(path_type=Path), help="Where to write refused rows. [default: beside FILE]")
@click.option("--dry-run", is_flag=True, help="Say what would be stored, and store nothing.")
@click.option("--undo", type=click.IntRange(1, 2**63 - 1), metavar="ID", help="Take an import out again.")
@click.option("--list", "is_list", is_flag=True, help="Show what was imported.")
@json_option
def import_(
    *,
    files: tuple[Path, ...],
    mapping: tuple[str, ...],
    kind: SheetKind | None,
    currency: str | None,
    timezone: str | None,
    refused: Path | None,
    dry_run: bool,
    undo: int | None,
    is_list: bool,
    as_json: bool,
) -> None:
    """Store FILES of sales, expenses, events or items, with English or Indonesian headings.

    Importing a file again, or a longer version of it, adds only what is new. How a file was understood is said on
    standard error before anything is stored; refused rows are written to a file to be mended and imported again.
    """
    if [bool(files), undo is not None, is_list].count(True) != 1:
        raise click.UsageError("give either FILES, or --undo ID, or --list")
    if refused is not None and len(files) > 1:
        raise click.UsageError("--refused FILE takes the refused rows of one file, not of several")
    settings = Settings.from_environment()
    if undo is not None:
        _undo(settings, undo, as_json=as_json)
        return
    if is_list:
        _list(settings, as_json=as_json)
        return
    currency, timezone = (currency or settings.currency).upper(), timezone or settings.timezone
    read = partial(_read, kind=kind, mapping=mapping_of(mapping), currency=currency, timezone=timezone)
    accounts: list[dict[str, Any]] = []
    try:
        for file in files:
            sheet = read(file)
            outcome = _foreseen(settings, sheet, file) if dry_run else _stored(settings, sheet, file)
            kept_in = None if dry_run else _refused_file(settings, sheet, outcome, file, refused)
            accounts.append({"file": file.name, "dry_run": dry_run, **outcome.account, "refused_file": kept_in})
            del sheet, outcome
    finally:
        # A file that can't be read does not take back those before it, nor what is to be said of them.
        _show(accounts, as_json=as_json, one_file=len(files) == 1)
    useless = [account["file"] for account in accounts if sum(account["refused"].values()) == account["rows_read"]]
    if useless:
        raise NothingUsable(f"every row of {', '.join(useless)} was refused, for the reasons above")


def _read(file: Path, *, kind: SheetKind | None, mapping: dict[str, str], currency: str, timezone: str) -> Sheet:
    """What the file holds, once its owner has been told how it was understood."""
    with progress(file.name) as tell:
        sheet = read_sheet(
            file,
            kind=kind,
            mapping=mapping,
            currency=currency,
            timezone=timezone,
            now=machine_now(),
            on_progress=lambda doing: tell(doing, 0.0),
        )
    for line in reading_lines(file.name, sheet.reading):
        click.echo(line, err=True)
    return sheet


def _show(accounts: Sequence[dict[str, Any]], *, as_json: bool, one_file: bool) -> None:
    if as_json and accounts:
        print_json(accounts[0] if one_file else accounts)
    elif not as_json:
        for account in accounts:
            click.echo("\n".join(account_lines(account)))


def mapping_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """Heading by field, as ``--map FIELD=COLUMN`` says it.

    Raises:
        click.BadParameter: If one of them is not of that form.
    """
    split = [pair.partition("=") for pair in pairs]
    for pair, (field, equals, _) in zip(pairs, split, strict=True):
        if not field or not equals:
            raise click.BadParameter(f"--map must be FIELD=COLUMN, got {pair!r}")
    return {field.strip(): column for field, _, column in split}


def _foreseen(settings: Settings, sheet: Sheet, file: Path) -> Outcome:
    with progress(file.name) as tell:
        try:
            database = open_for_reading(settings.database_url)
        except FileNotFoundError:
            return foreseen_sheet(None, sheet, on_progress=tell)
        database.close()
        # There is a log, so the home has its secret already and asking for it makes none.
        database = open_for_reading(settings.database_url, erasure_salt=home_secret(settings).erasure_salt)
        try:
            _refuse_simulated(settings, database)
            return foreseen_sheet(database.reader, sheet, on_progress=tell)
        finally:
            database.close()


def _stored(settings: Settings, sheet: Sheet, file: Path) -> Outcome:
    try:
        with _import_end(settings) as end, progress(file.name) as tell:
            return stored_sheet(end, sheet, file_name=file.name, on_progress=tell)
    except LogFailure:
        click.echo(f"the import of {file.name} was cut off: importing it again adds only what is missing", err=True)
        raise


@contextmanager
def _import_end(settings: Settings) -> Iterator[ImportEnd]:
    """The service that holds the log, where there is one, else the log's own writer."""
    url = service_url(settings)
    if url is not None:
        database = open_for_reading(settings.database_url)
        with ExitStack() as closing:
            closing.callback(database.close)
            _refuse_simulated(settings, database)
        click.echo(f"storing through the running service at {url}", err=True)
        with service_end(url, on_wait=lambda why: click.echo(why, err=True)) as end:
            yield end
        return
    with open_log(settings, Metrics()) as (database, writer):
        _refuse_simulated(settings, database)
        yield WriterEnd(writer, machine_now, is_alone=is_sqlite(settings.database_url))


def _refuse_simulated(settings: Settings, database: Database) -> None:
    if home_fact(database.reader, SIMULATED) is not None:
        raise SimulatedHome(f"{settings.home} holds a simulated shop: set KEMBANG_HOME to another folder")


def _refused_file(settings: Settings, sheet: Sheet, outcome: Outcome, file: Path, named: Path | None) -> str | None:
    """Where the refused rows were written, if there are any that may be kept."""
    if not outcome.refused["cells"].notna().any():
        return None
    content = refused_csv(outcome.refused, sheet.headings)
    if named is not None:
        write_refused_rows(content, named)
        return str(named)
    return str(written_refused_rows(content, file, instead=settings.home / "refused"))


def _undo(settings: Settings, import_id: int, *, as_json: bool) -> None:
    url = service_url(settings)
    if url is not None:
        click.echo(f"taking it out through the running service at {url}", err=True)
        undone = asked(url, "POST", f"/v1/imports/{import_id}/undo", answer_seconds=_UNDO_SECONDS)
    else:
        open_for_reading(settings.database_url).close()  # a home is not made for this
        with open_log(settings, Metrics()) as (database, writer), progress("undoing") as tell:
            undone = undone_import(database.reader, writer, import_id, now=machine_now, on_progress=tell)
    if as_json:
        print_json(undone)
    else:
        click.echo(undone_line(undone))


def _list(settings: Settings, *, as_json: bool) -> None:
    database = open_for_reading(settings.database_url)
    try:
        with database.reader.connect() as connection:
            imports = all_imports(connection)
    finally:
        database.close()
    if as_json:
        print_json({"imports": [_listed(one) for one in imports]})
    else:
        click.echo("\n".join(import_lines([_listed(one) for one in imports])))


def _listed(one: Import) -> dict[str, Any]:
    instants = {name: getattr(one, name) for name in ("started_at", "finished_at", "undone_at")}
    known = ("kind", "rows_read", "stored", "duplicates", "refused")
    return {
        "import_id": one.id,
        "file": one.file_name,
        "became": one.became,
        **{name: None if at is None else instant_text(at) for name, at in instants.items()},
        **{name: one.report[name] for name in known if name in one.report},
    }
