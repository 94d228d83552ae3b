"""``kembang experiment``: through the running service where there is one, else straight on the log."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from service.cli.output import json_option, print_json
from service.cli.results import results_text
from service.cli.writing import asked, service_url, writer_name, written
from service.clock import machine_now
from service.jobs.analysing import experiment_results
from service.jobs.experimenting import checked_design, created, described
from service.log.database import open_for_reading
from service.log.experiments import all_experiments, change_experiment
from service.log.frames import log_now
from service.settings import Settings
from service.wiring import settings_of_home


@click.group()
def experiment() -> None:
    """Experiments: make, start, stop and read them."""


@experiment.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def create(*, file: Path, as_json: bool) -> None:
    """Make an experiment from FILE (TOML or JSON); it stays a draft until it is started."""
    design = checked_design(_mapping_in(file))
    settings = Settings.from_environment()
    url = service_url(settings)
    if url is not None:
        made = asked(url, "POST", "/v1/experiments", body=design.to_mapping())
    else:
        made = described(
            written(settings, lambda connection: created(connection, design, who=writer_name(), now=machine_now()))
        )
    _show(made, as_json=as_json)


def _step(action: str, help_: str) -> None:
    """Adds the command for one step of an experiment's life."""

    @experiment.command(action, help=help_)
    @click.argument("key")
    @json_option
    def take(*, key: str, as_json: bool) -> None:
        settings = Settings.from_environment()
        url = service_url(settings)
        if url is not None:
            after = asked(url, "POST", f"/v1/experiments/{quote(key, safe='')}/{action}")
        else:
            after = described(
                written(
                    settings,
                    lambda connection: change_experiment(
                        connection, key=key, action=action, who=writer_name(), now=machine_now()
                    ),
                )
            )
        _show(after, as_json=as_json)


_step("start", "Let the experiment KEY meet users from now on.")
_step("freeze", "Take no new users into KEY; those it has met keep their arms while windows close.")
_step("stop", "End KEY: everyone gets the default feed again.")
_step("archive", "Put KEY away; its data stay.")


@experiment.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all experiments and where they stand."""
    database = open_for_reading(Settings.from_environment().database_url)
    with database.reader.connect() as connection:
        found = [described(stored) for stored in all_experiments(connection)]
    database.close()
    if as_json:
        print_json({"experiments": found})
        return
    for entry in found:
        click.echo(f"{entry['key']:<40}{entry['status']}")


@experiment.command()
@click.argument("key")
@json_option
def results(*, key: str, as_json: bool) -> None:
    """Read what the experiment KEY has shown so far."""
    settings = Settings.from_environment()
    database = open_for_reading(settings.database_url)
    as_of = log_now(database.reader, machine_now=machine_now())
    found = experiment_results(database.reader, settings_of_home(settings, database.reader), key=key, as_of=as_of)
    database.close()
    if as_json:
        print_json(found)
    else:
        click.echo(results_text(found))


def _mapping_in(file: Path) -> dict[str, Any]:
    language, loads = ("TOML", tomllib.loads) if file.suffix == ".toml" else ("JSON", json.loads)
    try:
        mapping = loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{file} is no valid {language}: {error}") from error
    if not isinstance(mapping, dict):
        raise click.BadParameter(f"{file} must describe one experiment")
    return mapping


def _show(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        click.echo(f"experiment {found['key']} is {found['status']}")
