"""``kembang attribution``."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import click

from experiments.attribution import RULES, Rule
from service.cli.output import json_option, print_json, progress
from service.cli.periods import since_option, until_option
from service.clock import machine_now
from service.jobs.attributing import (
    GROUPINGS,
    MOST_ROWS,
    MOST_WINDOW_DAYS,
    ROWS,
    WINDOW_DAYS,
    By,
    Question,
    attributed,
    purchase_period,
)
from service.log.database import open_for_reading
from service.log.frames import log_now
from service.settings import Settings


@click.command()
@click.option("--window-days", type=click.IntRange(1, MOST_WINDOW_DAYS), default=WINDOW_DAYS, show_default=True)
@click.option("--rule", type=click.Choice(RULES), default="last_touch", show_default=True)
@click.option("--by", type=click.Choice(GROUPINGS), default="item", show_default=True, help="What the rows are about.")
@click.option("--limit", type=click.IntRange(1, MOST_ROWS), default=ROWS, show_default=True, help="Most rows.")
@since_option
@until_option
@json_option
def attribution(
    *, window_days: int, rule: Rule, by: By, limit: int, since: date | None, until: date | None, as_json: bool
) -> None:
    """Say what had been shown before purchases: which videos and products, or order by order.

    A product is credited with purchases of itself, content with whatever its viewer bought after acting on it, if it
    was shown within the window before. Purchases of the last 30 days, or from --since on and before --until.
    """
    settings = Settings.from_environment()
    database = open_for_reading(settings.database_url)
    now = log_now(database.reader, machine_now=machine_now())
    period = purchase_period(since, until, timezone=settings.timezone, now=now)
    question = Question(period=period, as_of=now, window_days=window_days, rule=rule, by=by, limit=limit)
    with progress("attribution") as tell:
        found = attributed(database.reader, question, on_progress=tell)
    database.close()
    if as_json:
        print_json(found)
    else:
        click.echo(_in_words(found))


def _in_words(found: Mapping[str, Any]) -> str:
    counted = found["purchases"]
    period = f"purchases from {found['since']} and before {found['until']}, data up to {found['as_of']}"
    uncredited = f"{counted['without_touch']:,} without a touch, {counted['anonymous']:,} anonymous"
    lines = [
        f"{period}; rule {found['rule']}, window {found['window_days']} days",
        f"{counted['lines']:,} purchase lines: {counted['credited']:,} credited, {uncredited}",
    ]
    lines += [
        f"{currency}: {said['net']} net of refunds, {said['credited']} credited, {said['uncredited']} not"
        for currency, said in found["money"].items()
    ]
    lines += [
        f"{currency}: refunds of {said['of_no_purchase']} belong to no purchase of this period"
        for currency, said in found["refunds"].items()
        if said["of_no_purchase"].strip("0.")
    ]
    tell = _order_lines if found["by"] == "order" else _showing_lines
    for row in found["rows"]:
        lines += tell(row, found["by"])
    if len(found["rows"]) < found["rows_in_all"]:
        lines.append(f"{found['rows_in_all'] - len(found['rows']):,} more rows: --limit shows up to {MOST_ROWS:,}")
    return "\n".join([*lines, f"note: {found['note']}"])


def _showing_lines(row: Mapping[str, Any], by: str) -> list[str]:
    name = f"{row['item_id']} ({row['kind']}) {row['title'] or ''}".rstrip() if by == "item" else row[by]
    credited = ", ".join(f"{amount} {currency}" for currency, amount in row["credited"].items()) or "no amount"
    return [f"  {row['purchases']:>10,.2f} purchases in {row['orders']:,} orders, {credited}: {name}"]


def _order_lines(row: Mapping[str, Any], _by: str) -> list[str]:
    bought = ", ".join(f"{item['title'] or item['item_id']} ({_amount(item, 'net')})" for item in row["items"])
    return [
        f"  order {row['order_id']} of {row['at']}: {bought}",
        *(
            f"    {touch['share']:>7.1%} of {touch['for_item']} ({_amount(touch, 'credited')}): {touch['kind']} "
            f"{touch['item_id']} {touch['title'] or ''}, position {touch['position']}, shown {touch['at']}"
            for touch in row["touches"]
        ),
    ]


def _amount(said: Mapping[str, Any], name: str) -> str:
    return "no amount" if said[name] is None else f"{said[name]} {said['currency']}"
