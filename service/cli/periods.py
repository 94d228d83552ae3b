"""The options of a command that looks at a period: days of the shop's calendar."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _day(_context: click.Context, _option: click.Parameter, value: datetime | None) -> date | None:
    return None if value is None else value.date()


def _option(name: str, help_: str) -> Callable[[Command], Command]:
    return click.option(name, type=click.DateTime(["%Y-%m-%d"]), callback=_day, help=help_)


since_option = _option("--since", "From this day on (in KEMBANG_TIMEZONE).")
until_option = _option("--until", "Before this day, which is no longer counted.")
