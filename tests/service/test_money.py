"""Promises about money at the edge: exact in, exact out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.money import AmountRefused, currency_exponent, decimal_amount, minor_units


@pytest.mark.parametrize(
    ("currency", "digits"), [("GBP", 2), ("IDR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("CLF", 4)]
)
def test_minor_units_are_iso_4217s(currency: str, digits: int) -> None:
    assert currency_exponent(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("2.50", "GBP", 250), ("0.005", "GBP", 0), ("0.015", "GBP", 2), ("1.0005", "KWD", 1000), ("250", "JPY", 250)],
)
def test_what_is_finer_than_the_coin_is_rounded_half_to_even(amount: str, currency: str, minor: int) -> None:
    assert minor_units(Decimal(amount), currency, subject="amount") == minor


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "1e13", "1e999999"])
def test_an_amount_beyond_sense_is_refused_with_its_value(amount: str) -> None:
    with pytest.raises(AmountRefused, match="price must be from 0"):
        minor_units(Decimal(amount), "GBP", subject="price")


@given(st.integers(0, 10**14), st.sampled_from(["GBP", "JPY", "KWD", "CLF"]))
def test_minor_units_survive_the_journey_to_decimals_and_back(minor: int, currency: str) -> None:
    amount = decimal_amount(minor, currency)
    if amount <= 10**12:
        assert minor_units(amount, currency, subject="amount") == minor
