"""What every command says: one JSON document, plain lines, or progress for people who watch."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from rich import progress as bars
from rich.console import Console

Progress = Callable[[str, float], None]
"""To be called with what is being done and the finished share, 0 to 1."""

SEED = click.IntRange(0, 2**32 - 1)
"""Type of a ``--seed`` option: what every generator of random numbers takes."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")

language_option = click.option(
    "--language", type=click.Choice(["en", "id"]), default="en", show_default=True, help="English or Indonesian."
)


def print_json(document: Any) -> None:
    """Prints exactly one JSON document on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Shows how far a long piece of work is, on standard error; silent where that is not a terminal.

    Yields:
        A function to tell it.
    """
    console = Console(file=sys.stderr)
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(what, total=1.0)

        def tell(doing: str, share: float) -> None:
            bar.update(task, description=doing, completed=share)

        yield tell
