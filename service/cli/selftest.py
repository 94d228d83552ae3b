"""``kembang selftest``."""

from itertools import groupby
from pathlib import Path

import click

from customers.published.cdnow import cdnow_history, cdnow_orders
from customers.published.comparisons import Comparison, cdnow_comparisons, point_comparisons
from service.cli.output import json_option, print_json


@click.command()
@click.option(
    "--cdnow",
    "sample",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CDNOW_sample.txt of Fader and Hardie: also compares models fitted to it.",
)
@json_option
@click.pass_context
def selftest(context: click.Context, *, sample: Path | None, as_json: bool) -> None:
    """Print published numbers about customer models beside computed ones; exit status 1 if one differs.

    What needs no data is always compared. With the CDNOW sample, which is no part of this program (Bruce Hardie's web
    site has it, and the package lifetimes), models are fitted to it as well.
    """
    compared = point_comparisons()
    if sample is not None:
        compared += cdnow_comparisons(cdnow_history(cdnow_orders(sample)))
    differing = sum(not comparison.agrees for comparison in compared)
    if as_json:
        print_json(
            {
                "compared": len(compared),
                "differing": differing,
                "cdnow": sample is not None,
                "comparisons": [_document(comparison) for comparison in compared],
            }
        )
    else:
        click.echo("\n".join(_in_words(compared)))
        said = f"{len(compared)} published numbers, {differing or 'none'} of them differing"
        click.echo(said if sample else f"{said}; with --cdnow FILE also fits to the CDNOW sample")
    if differing:
        context.exit(1)


def _document(comparison: Comparison) -> dict[str, str | float | bool]:
    return {
        "model": comparison.model,
        "what": comparison.what,
        "source": comparison.source,
        "published": comparison.published,
        "computed": comparison.computed,
        "tolerance": comparison.tolerance,
        "agrees": comparison.agrees,
    }


def _in_words(compared: list[Comparison]) -> list[str]:
    lines = []
    for (model, source), group in groupby(compared, key=lambda comparison: (comparison.model, comparison.source)):
        lines.append(f"{model}: {source}")
        for each in group:
            verdict = "" if each.agrees else f"  DIFFERS by more than {each.tolerance:.2g}"
            lines.append(
                f"  {each.what:<44}{each.published:>16.10g} published{each.computed:>16.10g} computed{verdict}"
            )
    return lines
