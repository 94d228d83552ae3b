"""The options of a command that looks at a period: days of the shop's calendar."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from service.clock import microseconds

_DAY = click.DateTime(["%Y-%m-%d"])

since_option = click.option("--since", type=_DAY, help="From this day on (in KEMBANG_TIMEZONE).")
until_option = click.option("--until", type=_DAY, help="Before this day, which is no longer counted.")


def start_of_day(day: datetime | None, *, timezone: str) -> int | None:
    """The instant at which a day of the shop's calendar begins, microseconds UTC; None for no day."""
    return None if day is None else microseconds(day.replace(tzinfo=ZoneInfo(timezone)))
