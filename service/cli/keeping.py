"""``kembang database``: copies of the log, its schema, and rows past their time."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from service.cli.output import json_option, print_json, progress
from service.cli.writing import service_url
from service.clock import machine_now
from service.jobs.pruning import prunable, prune, retention_of
from service.log.backup import back_up
from service.log.database import is_sqlite, lock_holder, open_for_reading, upgrade_log
from service.log.restoring import Keys, RestoreRefused, restore
from service.log.schema import Schema, SchemaOutdated, Upgrade
from service.metrics import Metrics
from service.secret import has_secret, home_secret
from service.settings import Settings
from service.wiring import open_log

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def database() -> None:
    """The log: copies of it, its schema, and rows past their time."""


@database.command()
@click.argument("file", type=_FILE)
@json_option
def backup(*, file: Path, as_json: bool) -> None:
    """Copy the log into FILE, while the service goes on writing.

    The copy is checked before it gets its name. The secret of this deployment (KEMBANG_SECRET, or the file `secret` in
    the home) is not in it: keep that elsewhere, a backup can't be restored without it.
    """
    settings = Settings.from_environment()
    with progress("backing up") as tell:
        made = back_up(settings.database_url, file, on_progress=tell)
    if as_json:
        print_json({**asdict(made), "file": str(made.file), "secret_included": False})
        return
    click.echo(f"{made.file}: {sum(made.rows.values()):,} rows, {made.bytes:,} bytes, schema {made.schema}, checked")
    click.echo(f"  {_in_words(made.rows)}")
    click.echo(f"  the secret is not in it; keep a copy of {_secret_home(settings)} elsewhere")


@database.command("restore")
@click.argument("file", type=_FILE)
@json_option
def restore_(*, file: Path, as_json: bool) -> None:
    """Put the backup FILE in the place of the log; stop every service on it first.

    Whoever asked to be forgotten since the backup was taken is erased again. What is there now is moved aside, never
    destroyed. Models have to be trained again: they name users and items by numbers of the log they were trained on.
    """
    settings = Settings.from_environment()
    if not has_secret(settings):
        raise RestoreRefused(
            "there is no secret here: set KEMBANG_SECRET, or copy the file `secret` of the backup's home to "
            f"{settings.home / 'secret'}"
        )
    secret = home_secret(settings)
    keys = Keys(secret.erasure_salt, secret.fingerprint)
    with progress("restoring") as tell:
        restored = restore(settings.database_url, file, keys, now=machine_now(), on_progress=tell)
    if as_json:
        print_json(asdict(restored))
        return
    click.echo(f"restored {restored.events:,} events and {restored.exposures:,} exposures, schema {restored.schema}")
    if restored.erased_again:
        click.echo(f"  {restored.erased_again:,} people who asked to be forgotten since the backup were erased again;")
        click.echo(f"  {file} still holds them: replace it by a new backup")
    if restored.moved_aside is not None:
        what = "file" if is_sqlite(settings.database_url) else "schema"
        click.echo(
            f"  the log that was there is now the {what} {restored.moved_aside}: "
            "who is erased from now on stays in it, so delete it once you trust the restored one"
        )
    click.echo("  models of before are not served any more: run `kembang train`")


@database.command()
@json_option
def upgrade(*, as_json: bool) -> None:
    """Bring the log's schema to what this version needs: all of it or nothing.

    A service does so by itself when it starts, except where several may share a log (PostgreSQL) and the version before
    could not go on: then stop every service and run this.
    """
    settings = Settings.from_environment()
    done = _upgraded(settings)
    if as_json:
        print_json({"from": done.found, "to": done.current, "keeps_serving": done.keeps_serving})
    elif done.found == done.current:
        click.echo(f"the log has schema {done.current}, which is what this version needs")
    else:
        after = "go on working" if done.keeps_serving else "can't work on it any more"
        click.echo(
            f"upgraded the log from schema {done.found} to {done.current}; services of the version before {after}"
        )


@database.command("prune")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@json_option
def prune_(*, dry_run: bool, as_json: bool) -> None:
    """Remove rows past their time (KEMBANG_EXPOSURES_KEPT_DAYS, KEMBANG_DEAD_LETTERS_KEPT_DAYS).

    A running service does so by itself every hour; this is for a home without one.
    """
    settings = Settings.from_environment()
    url = service_url(settings)
    if url is not None and not dry_run:
        rows = None
        said = f"the service at {url} removes what is past its time by itself, every hour: there is nothing to do"
    elif dry_run:
        opened = open_for_reading(settings.database_url)
        rows = prunable(opened.reader, retention_of(settings), now=machine_now())
        opened.close()
        said = f"would remove {_in_words(rows)} (dry run: nothing was removed)"
    else:
        open_for_reading(settings.database_url).close()  # where there is no log, none is made
        with open_log(settings, Metrics()) as (_, writer):
            rows = prune(writer, retention_of(settings), now=machine_now())
        said = f"removed {_in_words(rows)}"
    if as_json:
        print_json({"dry_run": dry_run, "by_service": url, "rows": rows})
    else:
        click.echo(said)


def _upgraded(settings: Settings) -> Upgrade:
    held = lock_holder(settings.database_url)
    if held is None:
        return upgrade_log(settings.database_url)
    # Whoever holds the log has upgraded it to what his version needs, which may not be ours.
    try:
        opened = open_for_reading(settings.database_url)
    except SchemaOutdated:
        raise held from None
    with opened.reader.connect() as connection:
        found = Schema().found(connection)
    opened.close()
    return Upgrade(found, found or "", keeps_serving=True)


def _secret_home(settings: Settings) -> str:
    return "KEMBANG_SECRET" if settings.secret is not None else str(settings.home / "secret")


def _in_words(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in rows.items())
