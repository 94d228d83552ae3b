import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.report.figures import NOTHING, Figures

POUNDS = Figures("en", "GBP", 2)
RUPIAH = Figures("id", "IDR", 2)
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("figures", "minor", "text"),
    [
        (POUNDS, 2_500_000, "£25,000.00"),
        (POUNDS, -5, "−£0.05"),
        (POUNDS, None, NOTHING),
        (RUPIAH, 2_500_000, f"Rp{SPACE}25.000"),
        (RUPIAH, 2_500_050, f"Rp{SPACE}25.000,50"),
        (Figures("en", "IDR", 2), 2_500_000, f"Rp{SPACE}25,000"),
        (Figures("id", "GBP", 2), 123_456, "£1.234,56"),
        (Figures("en", "JPY", 0), 1200, "¥1,200"),
        (Figures("en", "KWD", 3), 1_234_567, f"KWD{SPACE}1,234.567"),
    ],
)
def test_money_is_written_in_the_manner_of_language_and_currency(figures, minor, text) -> None:
    assert figures.money(minor) == text


@given(st.integers(-(10**18), 10**18))
def test_money_is_exact_whatever_its_size(minor) -> None:
    text = POUNDS.money(minor)

    assert int("".join(filter(str.isdigit, text))) * (-1 if text[0] == "−" else 1) == minor


def test_what_came_of_dividing_is_told_in_units_that_people_write() -> None:
    assert RUPIAH.divided(27_029_002) == f"Rp{SPACE}270.290"
    assert RUPIAH.divided(-27_029_050) == f"−Rp{SPACE}270.290"
    assert POUNDS.divided(27_029_002) == "£270,290.02"


@pytest.mark.parametrize(
    ("figures", "minor", "text"),
    [
        (POUNDS, 33_066_836, "£331,000"),
        (POUNDS, 4_376_814_46, "£4,380,000"),
        (POUNDS, 99_99, "£100"),
        (POUNDS, 12_34, "£12.30"),
        (POUNDS, 0, "£0.00"),
        (POUNDS, -33_066_836, "−£331,000"),
        (RUPIAH, 123_456_789_00, f"Rp{SPACE}123.000.000"),
    ],
)
def test_estimates_are_told_to_three_digits(figures, minor, text) -> None:
    assert figures.about(minor) == text


@pytest.mark.parametrize(
    ("figures", "minor", "text"),
    [
        (POUNDS, 1_200_000_00, "£1.2M"),
        (POUNDS, 500_000_00, "£500k"),
        (POUNDS, -2_000_000_00, "−£2M"),
        (RUPIAH, 1_200_000_00, f"Rp{SPACE}1,2 jt"),
        (RUPIAH, 25_000_00, f"Rp{SPACE}25 rb"),
    ],
)
def test_axes_have_short_money(figures, minor, text) -> None:
    assert figures.short_money(minor) == text


def test_dates_months_and_shares_are_written_in_the_manner_of_the_language() -> None:
    assert POUNDS.date("2011-12-09") == "9 Dec 2011"
    assert RUPIAH.date("2011-08-17") == "17 Agu 2011"
    assert RUPIAH.month("2011-05") == "Mei 2011"
    assert RUPIAH.percent(0.125, decimals=1) == f"12,5{SPACE}%"
    assert POUNDS.percent(-0.451) == f"−45{SPACE}%"
    assert POUNDS.percent(-0.001) == f"0{SPACE}%"
