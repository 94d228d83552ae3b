"""``kembang train`` and ``kembang models``."""

from dataclasses import asdict

import click

from recommender.artifact import live_version, publish, versions
from service.cli.output import SEED, json_option, print_json, progress
from service.jobs.training import train_and_publish
from service.log.database import open_for_reading
from service.settings import Settings


class VersionUnknown(Exception):
    """The home has no such model version."""


@click.command()
@click.option("--seed", type=SEED, default=1, show_default=True, help="Equal logs and seeds give equal models.")
@json_option
def train(*, seed: int, as_json: bool) -> None:
    """Train a model on the log and publish it; a running service swaps it in by itself."""
    settings = Settings.from_environment()
    database = open_for_reading(settings.database_url)
    settings.models.mkdir(parents=True, exist_ok=True)
    with progress("training") as tell:
        trained = train_and_publish(database.reader, settings.models, seed=seed, on_progress=tell)
    database.close()
    if as_json:
        print_json(asdict(trained))
        return
    click.echo(
        f"model {trained.version}: {trained.items} items from {trained.events} events of {trained.users} users, "
        f"in {trained.seconds:.1f} s; it is live"
    )


@click.group()
def models() -> None:
    """The model versions of this home."""


@models.command("list")
@json_option
def list_models(*, as_json: bool) -> None:
    """List the versions, the live one marked."""
    settings = Settings.from_environment()
    live = live_version(settings.models)
    found = versions(settings.models)
    if as_json:
        print_json({"live": live, "versions": list(found)})
        return
    for version in found:
        click.echo(f"{version}{'  live' if version == live else ''}")


@models.command()
@click.argument("version")
def promote(*, version: str) -> None:
    """Make VERSION the live one, be it newer or older."""
    settings = Settings.from_environment()
    if version not in versions(settings.models):
        raise VersionUnknown(f"there is no model version {version!r}: list them with `kembang models list`")
    publish(settings.models, version)
    click.echo(f"{version} is live")
