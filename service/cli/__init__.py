"""The ``kembang`` command, one module per group of commands.

Commands print plain text, or with ``--json`` exactly one document; progress goes to standard error; nothing prompts.
Exit status 0 is success, 1 a failure that the message explains, 2 wrong usage.
"""

import sys

import click

from service.cli.attributing import attribution
from service.cli.audiences import audience
from service.cli.campaigning import campaign
from service.cli.edge import EXPECTED, one_line
from service.cli.engaging import engagement
from service.cli.erasing import erase
from service.cli.evaluating import evaluate
from service.cli.experimenting import experiment
from service.cli.exporting import export
from service.cli.importing import import_
from service.cli.keeping import database
from service.cli.modelling import models, train
from service.cli.selftest import selftest
from service.cli.serving import demo, serve
from service.cli.simulating import simulate
from service.cli.subscribing import subscriptions
from service.cli.valuing import customers


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kembang")
def kembang() -> None:
    """Personal feeds for shops, and experiments that measure what they do."""


_COMMANDS = (
    demo,
    serve,
    simulate,
    import_,
    export,
    train,
    models,
    evaluate,
    experiment,
    campaign,
    attribution,
    customers,
    erase,
    database,
    selftest,
)

for command in _COMMANDS:
    kembang.add_command(command)

for command in (engagement, audience, subscriptions):
    customers.add_command(command)


def main() -> None:
    """Runs the command line; expected failures become one line on standard error."""
    try:
        kembang.main(standalone_mode=True)
    except EXPECTED as error:
        click.echo(f"kembang: {one_line(error)}", err=True)
        sys.exit(1)
