"""``kembang evaluate``."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from service.cli.output import SEED, json_option, print_json, progress
from service.jobs.evaluating import evaluated
from service.log.database import open_for_reading
from service.settings import Settings


@click.command()
@click.option(
    "--split-at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Train before this day (in KEMBANG_TIMEZONE), test from it on. [default: the last fifth of the log's events]",
)
@click.option("--seed", type=SEED, default=1, show_default=True)
@json_option
def evaluate(*, split_at: datetime | None, seed: int, as_json: bool) -> None:
    """Score what would have been served against what users then did, beside honest baselines.

    The log is split in time; every policy ranks the full catalogue for every user with history, and is scored by what
    that user went on to buy or enjoy.
    """
    settings = Settings.from_environment()
    database = open_for_reading(settings.database_url)
    split = None if split_at is None else int(split_at.replace(tzinfo=ZoneInfo(settings.timezone)).timestamp())
    with progress("evaluating") as tell:
        scores = evaluated(database.reader, split_at_seconds=split, seed=seed, on_progress=tell)
    database.close()
    if as_json:
        print_json(scores)
        return
    click.echo(f"{scores['protocol']}; split at {scores['split_at']}")
    click.echo(f"{'policy':<36}{'recall@20':>10}{'ndcg@20':>10}{'coverage':>10}{'users':>8}")
    for name, said in scores["policies"].items():
        click.echo(
            f"{name:<36}{said['recall@20']:>10.4f}{said['ndcg@20']:>10.4f}{said['coverage']:>10.4f}{said['users']:>8}"
        )
