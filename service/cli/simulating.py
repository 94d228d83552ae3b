"""``kembang simulate``."""

import asyncio
import secrets

import click

from service.cli.output import SEED, json_option, print_json, progress
from service.cli.results import results_text
from service.demo.customers import BASE_RATE, DEFAULT_LIFT
from service.demo.player import Reading, play
from service.demo.shop import ShopParameters
from service.log.database import lock_holder, open_for_reading
from service.log.frames import latest_instant
from service.log.home import SIMULATED, home_fact
from service.settings import Settings


class NoSimulatedShop(Exception):
    """There is no simulated shop to act in."""


@click.command()
@click.option("--weeks", type=click.IntRange(2, 52), default=6, show_default=True, help="Simulated weeks to play.")
@click.option("--customers", type=click.IntRange(4, 100_000), default=600, show_default=True)
@click.option(
    "--lift",
    type=click.FloatRange(0.0, 1.0 - BASE_RATE),
    default=DEFAULT_LIFT,
    show_default=True,
    help="What a perfectly relevant feed adds to a visit's chance of a purchase; 0 plays an A/A comparison.",
)
@click.option("--seed", type=SEED, default=1, show_default=True)
@click.option("--url", help="Where the demo answers. [default: found by itself where the log is SQLite]")
@json_option
def simulate(*, weeks: int, customers: int, lift: float, seed: int, url: str | None, as_json: bool) -> None:
    """Play customers of known taste against the running demo, and set its reading beside the truth.

    Half of the customers see popular items, half the personal feed. The truth is the same customers with the same
    random numbers under the other arm. It checks the instrument and says nothing about a shop's customers.
    """
    settings = Settings.from_environment()
    held = lock_holder(settings.database_url)
    url = url or (None if held is None else held.url)
    if url is None:
        raise NoSimulatedShop(f"no demo is running on {settings.home}: start `kembang demo` in another terminal")
    database = open_for_reading(settings.database_url)
    simulated = home_fact(database.reader, SIMULATED)
    if simulated is None:
        raise NoSimulatedShop(f"{settings.home} holds a real shop: simulated customers act in a simulated one only")
    parameters = ShopParameters.from_mapping(simulated["parameters"])
    start = max(parameters.until_us, (latest_instant(database.reader) or 0) + 1)
    database.close()
    with progress("simulating") as tell:
        reading = asyncio.run(
            play(
                url,
                parameters=parameters,
                run=secrets.token_hex(3),
                start_us=start,
                on_progress=lambda doing, done, total: tell(doing, done / max(1, total)),
                weeks=weeks,
                customers=customers,
                lift=lift,
                seed=seed,
                timezone=settings.timezone,
            )
        )
    if as_json:
        print_json(reading)
    else:
        click.echo(_in_words(reading))


def _in_words(reading: Reading) -> str:
    played = f"{reading['customers']} customers and as many twins, {reading['weeks']} simulated weeks"
    sent = f"{reading['feeds']:,} feeds, {reading['events']:,} events"
    lines = [
        f"{played}, lift {reading['lift']:g}: {sent}",
        "",
        results_text(reading["reading"]),
        "",
        f"{'outcome':<20}{'true difference':>16}  does the 95 % interval cover it?",
    ]
    for outcome, effect in reading["truth"].items():
        covered = reading["covered"][outcome]
        said = "no interval" if covered is None else "yes" if covered else "no"
        lines.append(f"{outcome:<20}{effect['difference']:>16.4g}  {said}")
    clock = f"The demo's clock now stands at {reading['reading']['as_of']}: events of today's date are old news to it."
    return "\n".join([*lines, "", reading["note"], clock])
