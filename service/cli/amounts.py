"""Sums of money on the command line."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import click

_THOUSANDS = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")


class Amount(click.ParamType[Decimal]):
    """A sum of money, exact; one that might be a thousand times another is refused."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The number written."""
        if isinstance(value, str) and _THOUSANDS.fullmatch(value):
            whole = value.replace(".", "").replace(",", "")
            self.fail(f"{value!r} may mean {whole} or {value[:-4]}: write {whole} or {value[:-4]}.00", param, ctx)
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal("nan")
        if not amount.is_finite() or abs(amount) > 10**12:
            self.fail(f"{value!r} is no amount such as 1250.50", param, ctx)
        return amount
