"""``kembang customers``: what each customer is worth, from a sales sheet or from the log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
import numpy as np

from service.cli.importing import mapping_of
from service.cli.output import json_option, print_json, progress
from service.cli.value_words import fitted_text, opened_lines
from service.clock import machine_now
from service.jobs.bookkeeping import OpenedBooks, books_of_file, books_of_log
from service.jobs.fitting import Unit, fitted_models
from service.log.database import open_for_reading
from service.log.frames import log_now
from service.settings import Settings
from service.wiring import settings_of_home

Command = TypeVar("Command", bound=Callable[..., Any])


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
    found = fitted_models(opened, unit=unit, until_day=until_day, margin_rate=settings.margin_rate)
    if as_json:
        print_json(found)
    else:
        click.echo(fitted_text(found))
