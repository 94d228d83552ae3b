from decimal import Decimal

import click
import pytest

from service.cli.amounts import Amount


@pytest.mark.parametrize(("written", "amount"), [("5000", "5000"), ("2.50", "2.50"), ("12.5", "12.5"), ("-3", "-3")])
def test_an_amount_is_taken_exactly(written: str, amount: str) -> None:
    assert Amount().convert(written, None, None) == Decimal(amount)


@pytest.mark.parametrize("written", ["5.000", "25.000", "1,250"])
def test_an_amount_that_may_be_a_thousand_times_another_is_refused(written: str) -> None:
    with pytest.raises(click.BadParameter, match=r"may mean \d+ or \d+: write"):
        Amount().convert(written, None, None)


@pytest.mark.parametrize("written", ["", "nan", "Infinity", "Rp 5", "1" * 14])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(click.BadParameter, match="is no amount such as"):
        Amount().convert(written, None, None)
