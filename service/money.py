"""Money: integer minor units of an ISO 4217 currency inside, exact decimals outside."""

from decimal import ROUND_HALF_EVEN, Decimal

# ISO 4217 (2024): the currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF"), 0
    ),
    **dict.fromkeys(("XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

_LARGEST_AMOUNT = Decimal(10**12)


def currency_exponent(currency: str) -> int:
    """Decimals of the currency's minor unit: 2 for GBP and IDR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


class AmountRefused(ValueError):
    """An amount is no sum that a shop can take."""


def minor_units(amount: Decimal, currency: str, *, subject: str) -> int:
    """The amount in minor units; what is finer than the currency's coin is rounded half to even.

    Raises:
        AmountRefused: If the amount is negative, not a number or beyond all sense; the message begins with ``subject``.
    """
    if not amount.is_finite() or not 0 <= amount <= _LARGEST_AMOUNT:
        raise AmountRefused(f"{subject} must be from 0 to {_LARGEST_AMOUNT}, got {amount}")
    return int(amount.scaleb(currency_exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def decimal_amount(minor: int, currency: str) -> Decimal:
    """The amount that minor units stand for, with all the currency's decimals: 250 pence are 2.50."""
    return Decimal(minor).scaleb(-currency_exponent(currency))
