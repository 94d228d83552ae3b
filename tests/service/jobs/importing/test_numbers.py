from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.importing.numbers import bare_numbers, decimal_mark, decimals


def bare(*texts: str, currency: str = "GBP") -> list[str]:
    return bare_numbers(np.array(texts, dtype=object), currencies=[currency]).tolist()


def mark_of(*texts: str, currency: str = "GBP") -> tuple[str, bool]:
    return decimal_mark([bare_numbers(np.array(texts, dtype=object), currencies=["GBP"])], currency=currency)


def values(*texts: str, mark: str = ".") -> list[Decimal | None]:
    read = decimals(bare_numbers(np.array(texts, dtype=object), currencies=["GBP"]), mark=mark)
    rows = zip(read.mantissas.tolist(), read.scales.tolist(), read.is_valid.tolist(), strict=True)
    return [Decimal(mantissa).scaleb(-scale) if valid else None for mantissa, scale, valid in rows]


def test_signs_are_read_where_people_put_them() -> None:
    assert bare("-5", "5-", "(5)", "−5", "+5", "£-5", "-£5") == ["-5", "-5", "-5", "-5", "5", "-5", "-5"]
    assert bare("--5", "(-5)", "(5", "5)", "-") == [""] * 5


def test_only_the_files_own_currency_is_taken_off() -> None:
    assert bare("£2.50", "GBP 2.50", "2.50 gbp") == ["2.50"] * 3
    assert bare("Rp 25.000", "Rp25.000,-", "Rp. 25.000", "IDR 25.000", currency="IDR") == ["25.000"] * 4
    assert bare("$2.50", "EUR 2.50", "Rp 25.000") == [""] * 3


def test_blanks_and_apostrophes_separate_thousands_only() -> None:
    assert bare("1 234,50", "1'234.50", "1\u00a0234") == ["1234,50", "1234.50", "1234"]
    assert bare("2 3", "12 34") == ["", ""]


def test_indonesian_thousands_and_millions_are_written_out() -> None:
    short = ("25rb", "Rp 25 ribu", "1,5jt", "1.5 JT", "2,75 juta", "-3rb")
    assert bare(*short, currency="IDR") == ["25000", "25000", "1500000", "1500000", "2750000", "-3000"]
    assert bare("1.500rb", "1,555jt", "25 k", "rb", "2500rb", currency="IDR") == [""] * 5
    assert bare("25rb", "1,5jt") == [""] * 2


def test_what_is_no_number_is_none() -> None:
    assert bare("", "abc", "1e5", "12a", "nan", "0x1F", "½", "1" + " " * 99_999 + "x") == [""] * 8


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("2.5", "1000"), (".", False)),
        (("2,5",), (",", False)),
        (("1,234.56",), (".", False)),
        (("1.234,56",), (",", False)),
        (("1.234.567", "25.000"), (",", False)),
        (("1,234,567",), (".", False)),
        (("0.125", "1.250"), (".", False)),
        (("1234.567",), (".", False)),
        (("2.5", "3.5", "4,5"), (".", False)),
        (("25,000",), (".", True)),
        (("25", "7"), (".", False)),
    ],
)
def test_the_file_tells_its_decimal_mark(texts: tuple[str, ...], expected: tuple[str, bool]) -> None:
    assert mark_of(*texts) == expected


def test_what_the_file_leaves_open_the_currency_decides() -> None:
    assert mark_of("25.000", "7.500", currency="IDR") == (",", True)
    assert mark_of("25,000", currency="IDR") == (".", True)
    assert mark_of("1.005", currency="GBP") == (".", True)


def test_values_are_exact() -> None:
    assert values("2.55", "1,234.50", "1,00,000", ".5", "007", "-0.001", "5.") == [
        Decimal("2.55"),
        Decimal("1234.5"),
        Decimal(100000),
        Decimal("0.5"),
        Decimal(7),
        Decimal("-0.001"),
        Decimal(5),
    ]
    assert values("1.234,50", "25.000", mark=",") == [Decimal("1234.5"), Decimal(25000)]


def test_a_separator_out_of_place_or_too_many_digits_make_no_number() -> None:
    assert values("1,23", "12,3456", "1.2.3", "1,234,56", "1234567890123") == [None] * 5
    assert values("999999999999.999999") == [Decimal("999999999999.999999")]


def test_the_noise_of_floats_is_rounded_half_to_even_at_the_sixth_decimal() -> None:
    assert values("2.5500000000000003", "9.9999999", "0.0000005", "0.0000015", "0.00000050001") == [
        Decimal("2.55"),
        Decimal(10),
        Decimal(0),
        Decimal("0.000002"),
        Decimal("0.000001"),
    ]


@given(st.decimals(min_value=-(10**12) + 1, max_value=10**12 - 1, places=6), st.sampled_from([".", ","]))
def test_every_decimal_is_read_back_in_either_style(value: Decimal, mark: str) -> None:
    text = f"{value:,f}".translate(str.maketrans(".,", ".," if mark == "." else ",."))
    assert values(text, mark=mark) == [value]


@given(st.integers(0, 10**9), st.integers(0, 5))
def test_two_spellings_of_one_value_are_one(mantissa: int, n_zeros: int) -> None:
    short = decimals(bare_numbers(np.array([f"{mantissa}.5"], dtype=object), currencies=["GBP"]), mark=".")
    long = decimals(
        bare_numbers(np.array([f"0{mantissa}.5{'0' * n_zeros}"], dtype=object), currencies=["GBP"]), mark="."
    )
    assert (short.mantissas[0], short.scales[0]) == (long.mantissas[0], long.scales[0])


@given(st.lists(st.decimals(min_value=0, max_value=10**9, places=2), min_size=1), st.sampled_from([".", ","]))
def test_prices_with_pennies_are_read_whatever_the_style(prices: list[Decimal], mark: str) -> None:
    texts = [f"{price:,f}".translate(str.maketrans(".,", ".," if mark == "." else ",.")) for price in prices]
    assert mark_of(*texts) == (mark, False)
    assert values(*texts, mark=mark) == prices
