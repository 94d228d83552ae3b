"""``kembang customers audience``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import click

from customers.segments import SEGMENTS
from service.cli.output import json_option, print_json
from service.clock import machine_now
from service.jobs.audiences import NOTICE_ENDING, TOOLS, Tool, audience_file
from service.log.database import open_for_reading
from service.log.frames import log_now
from service.settings import Settings
from service.wiring import settings_of_home

_LEFT_OUT = {
    "without_consent": "did not agree (user attributes consent, message_consent, advertising_consent)",
    "unreachable": "agreed, but neither address nor number is known (user attributes email, phone)",
    "doubles": "have the address and number of somebody before them",
    "held_out": "are held out of a campaign",
    "gone": "are no longer known",
}


@click.command()
@click.argument("segment", type=click.Choice([segment.id for segment in SEGMENTS]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--for",
    "tool",
    type=click.Choice(TOOLS),
    required=True,
    help="Whom the list is for: advertising tools get hashes, messages plain addresses.",
)
@click.option(
    "--leave-out",
    multiple=True,
    metavar="CAMPAIGN",
    help="Leave out who is held out of this campaign, so that its verdict stays one. May be given again.",
)
@json_option
def audience(*, segment: str, file: Path, tool: str, leave_out: tuple[str, ...], as_json: bool) -> None:
    """Write the customers of SEGMENT who agreed to FILE, for an advertising or messaging tool: personal data.

    Segments are those published last, addresses and consent are user attributes (`PUT /v1/users`). FILE is CSV, or a
    folder, where the list gets a name that says what it is. A notice to read lies beside it; only the owner may read
    either, and the list is on record, so that whoever is forgotten later is told where she may still be.
    """
    settings = Settings.from_environment()
    database = open_for_reading(settings.database_url)
    try:
        made = audience_file(
            database.reader,
            segment,
            file,
            tool=cast(Tool, tool),
            leave_out=leave_out,
            settings=settings_of_home(settings, database.reader),
            now=log_now(database.reader, machine_now=machine_now()),
        )
    finally:
        database.close()
    if as_json:
        print_json(made)
    else:
        click.echo("\n".join(_lines(made)))


def _lines(made: Mapping[str, Any]) -> Iterator[str]:
    file = Path(made["file"])
    yield f"{made['rows']:,} of {made['members']:,} customers of {made['segment']} in {file}: personal data"
    yield f"read {file.name}{NOTICE_ENDING} beside it; segments are of what was known until {made['known_until']}"
    yield from (f"  left out {made['left_out'][name]:>9,}  {why}" for name, why in _LEFT_OUT.items())
