from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.importing.money import Amounts, divided_half_even, products
from service.jobs.importing.numbers import Decimals


def one(value: Decimal) -> Decimals:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
    return Decimals(np.array([mantissa]), np.array([-exponent]), np.array([True]))


def product(left: str, right: str, *, digits: int = 2) -> Amounts:
    return products(one(Decimal(left)), one(Decimal(right)), digits=np.array([digits]))


def test_amounts_are_exact_where_floats_are_not() -> None:
    """3 x 1.15 is 3.45; in floats 3.4499999999999997."""
    assert product("3", "1.15").minor[0] == 345
    assert product("80995", "11062.06").minor[0] == 80995 * 1_106_206


def test_halves_go_to_the_even_unit() -> None:
    assert [product("1", text).minor[0] for text in ("0.005", "0.015", "0.025", "0.0051", "0.001")] == [0, 2, 2, 1, 0]


def test_each_currency_has_its_own_unit() -> None:
    assert [product("2", "1.25", digits=digits).minor[0] for digits in (0, 2, 3, 4)] == [2, 250, 2500, 25000]


def test_an_amount_below_the_unit_keeps_its_sign() -> None:
    amount = product("-1", "0.001")
    assert (amount.minor[0], amount.signs[0]) == (0, -1)


def test_an_amount_beyond_exact_counting_is_said_not_wrapped() -> None:
    amount = product("999999999", "99999999999.99")
    assert not amount.fits[0]
    assert amount.minor[0] == 0


@given(
    st.decimals(min_value=-(10**4), max_value=10**4, places=3),
    st.decimals(min_value=-(10**5), max_value=10**5, places=4),
    st.sampled_from([0, 2, 3]),
)
def test_amounts_are_those_of_decimal_arithmetic(left: Decimal, right: Decimal, digits: int) -> None:
    amount = product(str(left), str(right), digits=digits)
    exact = abs(left * right).scaleb(digits).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    assert amount.minor[0] == int(exact)
    assert amount.signs[0] == (left * right > 0) - (left * right < 0)


@given(st.integers(0, 10**15), st.integers(1, 10**6))
def test_quotients_are_those_of_exact_rounding(numerator: int, denominator: int) -> None:
    """Python's round() of a fraction goes to even as well."""
    quotient = divided_half_even(np.array([numerator]), np.array([denominator]))
    assert quotient[0] == round(Fraction(numerator, denominator))
