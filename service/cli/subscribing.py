"""``kembang customers subscriptions``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import click

from service.cli.output import json_option, print_json
from service.jobs.importing.cohorts import cohorts_of_file
from service.jobs.subscriptions import PERIODS_A_YEAR, Period, subscriptions_document


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--period",
    type=click.Choice(list(PERIODS_A_YEAR)),
    default="month",
    show_default=True,
    help="What a subscriber pays for at a time; discounting needs to know.",
)
@click.option(
    "--ahead", type=click.IntRange(1, 600), default=12, show_default=True, help="Periods to look ahead from now."
)
@click.option(
    "--discount-rate",
    type=click.FloatRange(0, 10, min_open=True),
    default=0.1,
    show_default=True,
    help="Per year: 0.1 counts a payment in a year a tenth less than one now.",
)
@json_option
def subscriptions(*, file: Path, period: str, ahead: int, discount_rate: float, as_json: bool) -> None:
    """Say how long subscribers stay, from a table of cohorts: how many were there, and after each renewal date.

    FILE has one row per cohort and period (cohort, period, customers), or one row per cohort and a column per period
    (0, 1, 2, ...), with headings in English or Indonesian. The model is the shifted beta-geometric.
    """
    found = subscriptions_document(
        cohorts_of_file(file), period=cast(Period, period), periods_ahead=ahead, yearly_discount_rate=discount_rate
    )
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(_lines(found)))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    errors = found["standard_errors"]
    said = ", ".join(f"{letter} {value:.4g} ({errors[letter]:.2g})" for letter, value in found["parameters"].items())
    doubt = "" if found["converged"] else "; the fit did not converge"
    yield f"{found['customers']:,} subscribers in {len(found['cohorts'])} cohorts: {said} (standard errors){doubt}"
    yield f"{'renewals':>8}{'still there':>14}{'90 % interval':>18}{'seen':>9}{'retention':>12}{'seen':>9}"
    for one in found["periods"]:
        low, high = one["survival_90"]
        kept = f"{one['survival']:>14.1%}{f'{low:.1%} to {high:.1%}':>18}{_share(one['seen_survival']):>9}"
        yield f"{one['renewals']:>8}{kept}{_share(one['retention']):>12}{_share(one['seen_retention']):>9}"
    within = f"renewals in {found['periods_ahead']}"
    yield f"{'of one who is still there':<28}{'renewed':>8}{'next':>9}{within:>16}{'in all':>10}{'discounted':>12}"
    yield _ahead_line("a new subscriber", found["new_subscriber"])
    yield from (_ahead_line(one["cohort"] or "all", one) for one in found["cohorts"])
    if found["note"]:
        yield found["note"]


def _ahead_line(name: str, one: Mapping[str, Any]) -> str:
    lifetime = "no end" if one["remaining_lifetime"] is None else f"{one['remaining_lifetime']:.1f}"
    ahead = f"{one['renewals_ahead']:>16.2f}{lifetime:>10}{one['discounted_remaining_lifetime']:>12.2f}"
    return f"{name[:27]:<28}{one['renewals']:>8}{_share(one['next_retention']):>9}{ahead}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
