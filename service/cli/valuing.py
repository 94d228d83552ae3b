"""``kembang customers``: what each customer is worth, from a sales sheet or from the log."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_args

import click
import numpy as np

from customers.books.entries import Books
from customers.report.cash import Liability
from customers.report.document import report as shop_report
from customers.report.markdown import markdown
from customers.report.page import html_page
from customers.valuation import Valuation, valuation
from customers.wording import Language
from service.cli.amounts import Amount
from service.cli.importing import mapping_of
from service.cli.output import SEED, json_option, language_option, print_json, progress
from service.cli.value_words import fitted_text, opened_lines, segments_text
from service.clock import machine_now
from service.jobs.bookkeeping import OpenedBooks, books_of_file, books_of_log
from service.jobs.campaigns.cards import open_promises
from service.jobs.export_files import FormatRefused, file_format, private_file
from service.jobs.fitting import Unit, fitted_models
from service.jobs.value_tables import segments_document, value_document, value_table, write_table
from service.jobs.valuing import value_and_publish
from service.log.database import open_for_reading
from service.log.frames import log_now
from service.money import currency_exponent
from service.settings import Settings
from service.wiring import settings_of_home

Command = TypeVar("Command", bound=Callable[..., Any])

PAGES: Mapping[str, Callable[[dict[str, Any], str], str]] = MappingProxyType({".html": html_page, ".md": markdown})
"""What writes a report, by the ending of its file."""


@click.group()
def customers() -> None:
    """Customers: what each is worth, from a sales sheet (FILE) or from the log."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the books are, as the command's options say it."""

    file: Path | None
    expenses: Path | None
    mapping: Mapping[str, str]
    currency: str | None
    timezone: str | None


def source_options(command: Command) -> Callable[..., Any]:
    """The argument FILE and the options of reading it; the command gets them as one ``source``."""

    @click.argument("file", required=False, type=click.Path(path_type=Path))
    @click.option("--expenses", type=click.Path(path_type=Path), help="A sheet of expenses beside FILE.")
    @click.option(
        "--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Name a column of FILE that was not recognised."
    )
    @click.option("--currency", help="Currency of amounts without one. [default: KEMBANG_CURRENCY]")
    @click.option("--timezone", help="Time zone of times without one. [default: KEMBANG_TIMEZONE]")
    @wraps(command)
    def with_source(
        *,
        file: Path | None,
        expenses: Path | None,
        mapping: tuple[str, ...],
        currency: str | None,
        timezone: str | None,
        **others: Any,
    ) -> Any:
        return command(source=Source(file, expenses, mapping_of(mapping), currency, timezone), **others)

    return with_source


def opened_books(source: Source, settings: Settings) -> OpenedBooks:
    """The books of the file, or of the log where none is named; says on standard error how they were understood.

    Raises:
        BooksEmpty: If there is no sale.
        ImportRefused: If the file can't be read.
    """
    if source.file is None:
        if source.mapping or source.expenses or source.currency or source.timezone:
            raise click.UsageError("--map, --expenses, --currency and --timezone say how to read a FILE: name one")
        database = open_for_reading(settings.database_url)
        try:
            home = settings_of_home(settings, database.reader)
            until = log_now(database.reader, machine_now=machine_now())
            opened = books_of_log(database.reader, currency=home.currency, timezone=home.timezone, until=until)
        finally:
            database.close()
        name = "the log"
    else:
        name = source.file.name
        with progress(name) as tell:
            opened = books_of_file(
                source.file,
                expenses_file=source.expenses,
                mapping=source.mapping,
                currency=(source.currency or settings.currency).upper(),
                timezone=source.timezone or settings.timezone,
                now=machine_now(),
                on_progress=lambda doing: tell(doing, 0.0),
            )
    for line in opened_lines(name, opened):
        click.echo(line, err=True)
    return opened


@customers.command()
@source_options
@click.option(
    "--unit",
    type=click.Choice(get_args(Unit)),
    default="week",
    show_default=True,
    help="Of time, in which parameters are printed.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Last day that the models are shown; later orders are the hold-out. [default: the last day]",
)
@json_option
def fit(*, source: Source, unit: Unit, until: datetime | None, as_json: bool) -> None:
    """Fit every model of when customers order and how much they spend.

    FILE has one row per order line with a customer and a date, and perhaps an amount, under any headings that
    `kembang import` knows. Without FILE it is the log.
    """
    settings = Settings.from_environment()
    opened = opened_books(source, settings)
    until_day = None if until is None else int(np.datetime64(until.date(), "D").astype(np.int64))
    found = fitted_models(opened, unit=unit, until_day=until_day, margin_rate=settings.known_margin_rate)
    if as_json:
        print_json(found)
    else:
        click.echo(fitted_text(found))


@customers.command("value")
@source_options
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write: .csv, .csv.gz or .parquet by its ending; only its owner may read it. [default: CSV on the "
    "screen]",
)
@language_option
@json_option
def value_(*, source: Source, output: Path | None, language: Language, as_json: bool) -> None:
    """Say what each customer is worth: one row per customer, those expected to bring most first.

    What is expected is a projection for 52 weeks, if trade continues as now, with 50 and 90 % intervals.
    """
    if output is not None:
        _check_format(output)
    settings = Settings.from_environment()
    opened, worth = _valued(source, settings)
    table = value_table(opened.books, worth, language=language)
    if as_json:
        print_json(value_document(opened.books, worth, table))
        return
    if output is None:
        write_table(sys.stdout.buffer, "csv", table)
        return
    with private_file(output) as stream:
        write_table(stream, file_format(output), table)
    click.echo(f"{len(worth):,} customers in {output}: personal data, for the shop's own use")


@customers.command()
@source_options
@language_option
@json_option
def segments(*, source: Source, language: Language, as_json: bool) -> None:
    """Say how many customers are in which segment, and what that means."""
    settings = Settings.from_environment()
    opened, worth = _valued(source, settings)
    found = segments_document(opened.books, worth, language=language)
    if as_json:
        print_json(found)
    else:
        click.echo(segments_text(found))


@customers.command()
@source_options
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write: .html or .md by its ending. [default: shop-report.html in the current folder]",
)
@language_option
@click.option("--cash", "opening_cash", type=Amount(), help="Cash in hand at the end of the books.")
@click.option("--cash-floor", type=Amount(), help="Weeks expected to close below it are flagged. [default: 0]")
@json_option
def report(
    *,
    source: Source,
    output: Path | None,
    language: str,
    opening_cash: Decimal | None,
    cash_floor: Decimal | None,
    as_json: bool,
) -> None:
    """Write the shop report: customers, profit, cash ahead, and what the records can and cannot say.

    Without FILE it is of the log, and vouchers and stamps outstanding are taken off the cash ahead.
    """
    file = output or Path("shop-report.html")
    if file.suffix.lower() not in PAGES:
        raise click.BadParameter(f"--output must end in {' or '.join(PAGES)}, got {file.name!r}")
    settings = Settings.from_environment()
    opened = opened_books(source, settings)
    books = opened.books
    liabilities = _liabilities(settings, books) if source.file is None else []
    with progress("counting") as tell:
        tell("counting", 0.0)
        document = shop_report(
            books,
            margin_rate=settings.known_margin_rate,
            opening_cash_minor=minor_of(opening_cash, books.currency),
            floor_cash_minor=minor_of(cash_floor, books.currency) or 0,
            liabilities=liabilities,
        )
    if as_json:
        print_json(document)
        return
    with private_file(file) as stream:
        stream.write(PAGES[file.suffix.lower()](document, language).encode())
    click.echo(f"{file}: the shop report up to {np.datetime64(books.until_day, 'D')}; it names customers")


@customers.command()
@click.option("--seed", type=SEED, default=1, show_default=True, help="Equal logs and seeds give equal values.")
@json_option
def publish(*, seed: int, as_json: bool) -> None:
    """Value every customer of the log and publish it; a running service swaps it in by itself."""
    settings = Settings.from_environment()
    database = open_for_reading(settings.database_url)
    try:
        home = settings_of_home(settings, database.reader)
        with progress("valuing") as tell:
            made = value_and_publish(
                database.reader,
                settings.values,
                currency=home.currency,
                timezone=home.timezone,
                margin_rate=home.known_margin_rate,
                until=log_now(database.reader, machine_now=machine_now()),
                seed=seed,
                on_progress=tell,
            )
    finally:
        database.close()
    if as_json:
        print_json(asdict(made))
        return
    click.echo(
        f"values {made.version}: {made.customers:,} of {made.users:,} users, by {made.model or 'no model'}, in "
        f"{made.seconds:.1f} s; they are live"
    )
    click.echo(made.why)


def _liabilities(settings: Settings, books: Books) -> list[Liability]:
    """What the campaigns of the log still owe at the end of the books."""
    database = open_for_reading(settings.database_url)
    try:
        with database.reader.connect() as connection:
            owed = open_promises(connection, day=books.until_day)
    finally:
        database.close()
    others = [promise.campaign for promise in owed if promise.currency != books.currency]
    if others:
        click.echo(f"  left out    cards of {', '.join(others)}: they promise money of another currency", err=True)
    return [Liability(promise.amount_minor, promise.last_day) for promise in owed if promise.currency == books.currency]


def _valued(source: Source, settings: Settings) -> tuple[OpenedBooks, Valuation]:
    opened = opened_books(source, settings)
    with progress("valuing") as tell:
        worth = valuation(opened.books, margin_rate=settings.known_margin_rate, seed=1, on_progress=tell)
    if worth.projection is None:
        click.echo(f"no projection: {worth.why}", err=True)
    return opened, worth


def _check_format(output: Path) -> None:
    try:
        file_format(output)
    except FormatRefused as error:
        raise click.BadParameter(str(error)) from error


def minor_of(amount: Decimal | None, currency: str) -> int | None:
    """The amount in minor units, of either sign; None for none."""
    return None if amount is None else round(amount.scaleb(currency_exponent(currency)))
