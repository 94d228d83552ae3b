"""``kembang customers engagement``."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import click

from customers.wording import Language, Words, words
from service.cli.output import json_option, language_option, print_json, progress
from service.clock import day_number, machine_now
from service.jobs.engagement import engagement_document
from service.log.database import open_for_reading
from service.log.frames import log_now
from service.settings import Settings
from service.wiring import settings_of_home

ITEMS_SHOWN = 10
"""Of the content that stands out, on the screen; the document has all."""

_SECOND_ORDER = "order"

_HEAD = words(
    en="{n:,} customers, measured up to {landmark}; orders of the {days} days after it, {orders:,} order days",
    id="{n:,} pelanggan, diukur sampai {landmark}; pembelian {days} hari sesudahnya, {orders:,} hari belanja",
)
_THEIR_SECOND = words(en="their second order day", id="hari belanja keduanya")
_ITEM = words(
    en="{title}: its {n:,} viewers ordered on {orders:,} days, {expected:.0f} would be usual: {ratio:.2f} times, 95 % "
    "interval {low:.2f} to {high:.2f}",
    id="{title}: {n:,} penontonnya membeli pada {orders:,} hari, biasanya {expected:.0f}: {ratio:.2f} kali, rentang "
    "95 % {low:.2f} sampai {high:.2f}",
)
_ITEMS = words(
    en="Content whose viewers ordered more or less often later than is usual ({some} of {all}; about 1 in 10 of them "
    "by chance):",
    id="Konten yang penontonnya kemudian membeli lebih atau kurang sering dari biasanya ({some} dari {all}; sekitar 1 "
    "dari 10 di antaranya kebetulan):",
)
_NO_ITEM = words(
    en="No content stands out: the viewers of each of {all} ordered about as often as is usual.",
    id="Tidak ada konten yang menonjol: penonton masing-masing dari {all} konten membeli kira-kira seperti biasanya.",
)
_NO_CONTENT = words(
    en="Nothing can be said of single items yet: too few orders, or nobody watched before.",
    id="Belum ada yang dapat dikatakan tentang tiap konten: pembelian terlalu sedikit, atau belum ada yang menonton.",
)


@click.command()
@click.option(
    "--landmark",
    metavar="order|DATE",
    default=_SECOND_ORDER,
    show_default=True,
    help="Up to when engagement is measured: each customer's second order, or one day for all.",
)
@click.option(
    "--horizon-days",
    type=click.IntRange(1, 3_650),
    default=90,
    show_default=True,
    help="Days after it whose orders count.",
)
@language_option
@json_option
def engagement(*, landmark: str, horizon_days: int, language: Language, as_json: bool) -> None:
    """Say how watching and liking go with later orders, by the log: customer by customer and item by item.

    Minutes watched, likes, shares, session length, interactions a week and weeks of use are measured before a landmark,
    orders after it. That two things go together does not make one the cause of the other: an experiment can tell.
    """
    day = _landmark_day(landmark)
    settings = Settings.from_environment()
    database = open_for_reading(settings.database_url)
    try:
        home = settings_of_home(settings, database.reader)
        with progress("engagement") as tell:
            found = engagement_document(
                database.reader,
                landmark_day=day,
                horizon_days=horizon_days,
                language=language,
                currency=home.currency,
                timezone=home.timezone,
                until=log_now(database.reader, machine_now=machine_now()),
                on_progress=tell,
            )
    finally:
        database.close()
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(_lines(found, language)))


def _landmark_day(text: str) -> int | None:
    """The day, counted from 1970-01-01; None for each customer's second order."""
    if text == _SECOND_ORDER:
        return None
    try:
        return day_number(date.fromisoformat(text))
    except ValueError as error:
        message = f"--landmark must be {_SECOND_ORDER!r} or a day such as 2026-01-31, got {text!r}"
        raise click.BadParameter(message) from error


def _lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    landmark = _THEIR_SECOND[language] if found["landmark"] == "second order day" else found["landmark"]
    yield _HEAD[language].format(
        n=found["customers"], landmark=landmark, days=found["horizon_days"], orders=found["orders_after"]
    )
    caution = found["caution"]
    # Once below all of them: the sentences carry it for whoever quotes one alone.
    yield from (f"- {one['sentence'].removesuffix(caution).rstrip()}" for one in found["measures"])
    yield from _content_lines(found["content"], language)
    yield caution


def _content_lines(items: list[dict[str, Any]] | None, language: Language) -> Iterator[str]:
    if not items:
        yield _NO_CONTENT[language]
        return
    standing = [item for item in items if item["stands_out"]]
    head: Words = _ITEMS if standing else _NO_ITEM
    yield head[language].format(some=f"{len(standing):,}", all=f"{len(items):,}")
    for item in standing[:ITEMS_SHOWN]:
        low, high = item["interval"]
        said = {name: item[name] for name in ("orders", "expected", "ratio")}
        title = item["title"] or item["item_id"]
        yield "- " + _ITEM[language].format(title=title, n=item["customers"], low=low, high=high, **said)
