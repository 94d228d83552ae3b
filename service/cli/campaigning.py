"""``kembang campaign``: planned and noted through the running service where there is one, else straight on the log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from service.cli.amounts import Amount
from service.cli.campaign_words import account_lines, plan_lines, reading_lines
from service.cli.output import SEED, json_option, print_json, progress
from service.cli.writing import asked, service_url, written
from service.clock import day_number, day_text, machine_now, shop_day
from service.jobs.bookkeeping import books_of_file
from service.jobs.campaigns.audience import PERSONAL_DATA, audience_csv, cards_html, contacts
from service.jobs.campaigns.cards import described_account, noted_cards
from service.jobs.campaigns.planning import Wish, described_campaign, plan_campaign
from service.jobs.campaigns.reading import campaign_reading, too_early
from service.jobs.campaigns.records import Records, records_of_books, records_of_log
from service.jobs.export_files import private_file
from service.log.campaigns import EntryKind, all_campaigns
from service.log.campaigns import campaign as stored_campaign
from service.log.database import Connection, open_for_reading
from service.log.frames import log_now
from service.metrics import Metrics
from service.money import minor_units
from service.settings import Settings
from service.wiring import open_log, settings_of_home

_PLANNING_SECONDS = 600.0

file_argument = click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
map_option = click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Name a column of FILE.")
day_option = click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Day it was done. [default: today]")


@click.group()
def campaign() -> None:
    """Campaigns without a website: a message or a card, a hold-out, and the verdict from the next sales sheet."""


@campaign.command()
@file_argument
@click.option("--name", "key", required=True, help="Name of the campaign: a-z, 0-9, - and _.")
@click.option("--holdout", type=float, default=0.3, show_default=True, help="Share of customers who get no message.")
@click.option("--weeks", type=int, default=4, show_default=True, help="Weeks to look at.")
@click.option("--first-day", type=click.DateTime(["%Y-%m-%d"]), help="Day of sending. [default: today]")
@click.option("--voucher", type=Amount(), help="What each contacted customer's card is worth.")
@click.option("--stamps", type=int, default=0, help="Stamps that fill a card; without, --voucher may be used at once.")
@click.option("--valid-weeks", type=int, help="How long cards are honoured. [default: --weeks]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the list, as CSV.")
@click.option(
    "--cards", type=click.Path(dir_okay=False, path_type=Path), help="Where to write cards to print, as HTML."
)
@click.option("--seed", type=SEED, help="Draw the lots of this number, to be drawn again.")
@map_option
@json_option
def plan(
    *,
    file: Path | None,
    key: str,
    holdout: float,
    weeks: int,
    first_day: datetime | None,
    voucher: Decimal | None,
    stamps: int,
    valid_weeks: int | None,
    output: Path | None,
    cards: Path | None,
    seed: int | None,
    mapping: tuple[str, ...],
    as_json: bool,
) -> None:
    """Draw who is written to and who is held out, and say what can be seen before anything is sent.

    FILE is a sheet of sales, with phone numbers or names as customers; without it the log's orders are used. Planned
    again under the same name, the campaign is the same.
    """
    if cards is not None and voucher is None:
        raise click.UsageError("--cards prints vouchers or stamp cards: say what one is worth with --voucher AMOUNT")
    settings = Settings.from_environment()
    day = None if first_day is None else day_number(first_day.date())
    wish = {"key": key, "holdout": holdout, "weeks": weeks, "stamps": stamps, "valid_weeks": valid_weeks, "seed": seed}
    url = service_url(settings)
    if url is not None:
        records = None if file is None else _sheet_records(file, settings, mapping)
        _plan_through(url, wish, amount=voucher, day=day, records=records)
    else:
        _plan_here(settings, wish, amount=voucher, day=day, file=file, mapping=mapping)
    with _reading(settings) as connection:
        stored = stored_campaign(connection, key)
        described, entries = described_campaign(stored), contacts(connection, stored)
    if output is not None:
        _write(output, audience_csv(entries))
    if cards is not None:
        _write(cards, cards_html(entries, title=key, stamps=stamps))
    if as_json:
        print_json(described)
    else:
        click.echo("\n".join(plan_lines(described)))


@campaign.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all campaigns."""
    with _reading(Settings.from_environment()) as connection:
        found = [described_campaign(stored) for stored in all_campaigns(connection)]
    if as_json:
        print_json({"campaigns": found})
        return
    for entry in found:
        counts = entry["counts"]
        arms = f"{counts['contacted']:,} contacted, {counts['held_out']:,} held out"
        click.echo(f"{entry['key']:<30}{entry['first_day']} to {entry['last_day']}  {arms}")


@campaign.command()
@click.argument("key", metavar="NAME")
@file_argument
@click.option("--after-vouchers", is_flag=True, help="Amounts are what was paid, vouchers already taken off.")
@map_option
@json_option
def read(
    *,
    key: str,
    file: Path | None,
    after_vouchers: bool,
    mapping: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say whether the campaign NAME paid, once its weeks have passed.

    FILE is the sheet of sales that covers them; without it the log's orders are used.
    """
    settings = Settings.from_environment()
    with _reading(settings) as connection:
        stored = stored_campaign(connection, key)
        found = too_early(stored, today=_today(settings))
        if found is None:
            records = _log_records(settings) if file is None else _sheet_records(file, settings, mapping)
            found = campaign_reading(connection, stored, records, is_after_vouchers=after_vouchers)
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(reading_lines(found)))


@campaign.command()
@click.argument("key", metavar="NAME")
@click.argument("cards", nargs=-1, required=True, metavar="CARD...")
@click.option("--times", type=int, default=1, show_default=True, help="Stamps on each card.")
@day_option
@json_option
def stamp(*, key: str, cards: tuple[str, ...], times: int, day: datetime | None, as_json: bool) -> None:
    """Note stamps on cards of the campaign NAME; CARD is a code, or the customer who holds it."""
    _note(key, "stamped", cards, times=times, day=day, as_json=as_json)


@campaign.command()
@click.argument("key", metavar="NAME")
@click.argument("cards", nargs=-1, required=True, metavar="CARD...")
@day_option
@json_option
def redeem(*, key: str, cards: tuple[str, ...], day: datetime | None, as_json: bool) -> None:
    """Note vouchers or full cards of the campaign NAME as redeemed; CARD is a code, or the customer who holds it."""
    _note(key, "redeemed", cards, times=1, day=day, as_json=as_json)


@campaign.command()
@click.argument("key", metavar="NAME", required=False)
@json_option
def ledger(*, key: str | None, as_json: bool) -> None:
    """Show what was given, redeemed and is still owed, of the campaign NAME or of all."""
    settings = Settings.from_environment()
    today = _today(settings)
    with _reading(settings) as connection:
        named = all_campaigns(connection) if key is None else [stored_campaign(connection, key)]
        accounts = [described_account(connection, stored, day=today) for stored in named]
    if as_json:
        print_json({"accounts": accounts})
    else:
        click.echo("\n".join(line for each in accounts for line in account_lines(each)))


def _plan_here(
    settings: Settings,
    wish: dict[str, Any],
    *,
    amount: Decimal | None,
    day: int | None,
    file: Path | None,
    mapping: tuple[str, ...],
) -> None:
    records = None if file is None else _sheet_records(file, settings, mapping)
    with open_log(settings, Metrics()) as (database, writer), progress(wish["key"]) as tell:
        own = settings_of_home(settings, database.reader)
        now = log_now(database.reader, machine_now=machine_now())
        tell("reading the orders", 0.1)
        records = records or records_of_log(database.reader, own, now=now)
        tell("drawing lots, looking at past windows", 0.3)
        minor = None if amount is None else minor_units(amount, records.currency, subject="--voucher")
        first_day = shop_day(now, timezone=own.timezone) if day is None else day
        asked_for = Wish(**wish, voucher_minor=minor, first_day=first_day)
        plan_campaign(database.reader, writer, records, asked_for, is_dated=day is not None, now=now)


def _plan_through(
    url: str, wish: dict[str, Any], *, amount: Decimal | None, day: int | None, records: Records | None
) -> None:
    body = {name: value for name, value in wish.items() if value is not None}
    if amount is not None:
        body["voucher"] = str(amount)
    if day is not None:
        body["first_day"] = day_text(day)
    if records is not None:
        body["orders"] = records.to_entries()
    asked(url, "POST", "/v1/campaigns", body=body, answer_seconds=_PLANNING_SECONDS)


def _note(key: str, kind: EntryKind, cards: Sequence[str], *, times: int, day: datetime | None, as_json: bool) -> None:
    settings = Settings.from_environment()
    if not 1 <= times <= 100:
        raise click.BadParameter(f"must be 1 to 100, got {times}", param_hint="--times")
    url = service_url(settings)
    done_on = _today(settings) if day is None else day_number(day.date())
    if url is not None:
        body = {"kind": kind, "cards": list(cards), "times": times, "day": day_text(done_on)}
        said = asked(url, "POST", f"/v1/campaigns/{quote(key, safe='')}/cards", body=body)
    else:
        open_for_reading(settings.database_url).close()  # a home is not made for this
        said = written(
            settings,
            lambda connection: noted_cards(connection, key, kind, cards, times=times, day=done_on, now=machine_now()),
        )
    if as_json:
        print_json(said)
    else:
        click.echo("\n".join(account_lines(said)))


@contextmanager
def _reading(settings: Settings) -> Iterator[Connection]:
    database = open_for_reading(settings.database_url)
    try:
        with database.reader.connect() as connection:
            yield connection
    finally:
        database.close()


def _today(settings: Settings) -> int:
    database = open_for_reading(settings.database_url)
    now = log_now(database.reader, machine_now=machine_now())
    database.close()
    return shop_day(now, timezone=settings.timezone)


def _log_records(settings: Settings) -> Records:
    database = open_for_reading(settings.database_url)
    try:
        now = log_now(database.reader, machine_now=machine_now())
        return records_of_log(database.reader, settings_of_home(settings, database.reader), now=now)
    finally:
        database.close()


def _sheet_records(file: Path, settings: Settings, mapping: tuple[str, ...]) -> Records:
    split = [pair.partition("=") for pair in mapping]
    for pair, (field, equals, _) in zip(mapping, split, strict=True):
        if not field or not equals:
            raise click.BadParameter(f"--map must be FIELD=COLUMN, got {pair!r}")
    with progress(file.name) as tell:
        opened = books_of_file(
            file,
            mapping={field.strip(): column for field, _, column in split},
            currency=settings.currency,
            timezone=settings.timezone,
            now=machine_now(),
            on_progress=lambda doing: tell(doing, 0.0),
        )
    for note in opened.notes:
        click.echo(f"{file.name}: {note}", err=True)
    if opened.refused:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in opened.refused.items())
        click.echo(f"{file.name}: rows that can't be understood and are left out: {counts}", err=True)
    return records_of_books(opened, margin_rate=settings.known_margin_rate)


def _write(file: Path, content: bytes) -> None:
    with private_file(file) as stream:
        stream.write(content)
    click.echo(f"{file}: {PERSONAL_DATA}", err=True)
