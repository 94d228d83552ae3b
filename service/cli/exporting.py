"""``kembang export``."""

from datetime import date
from pathlib import Path

import click

from service.cli.output import json_option, print_json, progress
from service.cli.periods import since_option, until_option
from service.clock import machine_now, start_of_day
from service.jobs.export_files import FormatRefused, file_format
from service.jobs.exporting import SUBJECTS, exported
from service.log.database import open_for_reading
from service.log.extracts import Period
from service.settings import Settings


@click.command()
@click.argument("what", type=click.Choice(list(SUBJECTS)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@since_option
@until_option
@json_option
def export(*, what: str, file: Path, since: date | None, until: date | None, as_json: bool) -> None:
    """Write WHAT the log holds to FILE: CSV or Parquet, by its ending (.csv, .csv.gz, .parquet).

    The headings are the field names of the API. In CSV, texts that a spreadsheet would run as formulas are guarded by
    an apostrophe, which `kembang import` takes off again. Only the file's owner may read it.
    """
    settings = Settings.from_environment()
    period = Period(
        since=None if since is None else start_of_day(since, timezone=settings.timezone),
        until=None if until is None else start_of_day(until, timezone=settings.timezone),
    )
    _check(what, file, period)
    database = open_for_reading(settings.database_url)
    with progress(f"exporting {what}") as tell:
        account = exported(
            database.reader,
            what,
            file,
            home=settings.home,
            period=period,
            timezone=settings.timezone,
            now=machine_now(),
            on_progress=tell,
        )
    database.close()
    if as_json:
        print_json(account)
    else:
        click.echo(f"{account['rows']:,} rows of {what} in {file}")


def _check(what: str, file: Path, period: Period) -> None:
    """Makes sure that what was asked for makes sense before anything is read."""
    try:
        file_format(file)
    except FormatRefused as error:
        raise click.BadParameter(str(error)) from error
    if not SUBJECTS[what].has_instants and period != Period():
        raise click.BadParameter(f"--since and --until do not choose among {what}, which are as they are now")
    if period.since is not None and period.until is not None and period.since >= period.until:
        raise click.BadParameter("--since must be a day before --until")
