from collections.abc import Callable
from hashlib import blake2b

import pytest

from service.jobs.importing.reading import Sheet

Read = Callable[..., Sheet]
HEAD = "Invoice,SKU,Title,Qty,Date,Price,Customer,Country\n"
COSTS = "order,sku,qty,date,price,customer{}\n1,A1,3,2011-06-03,2.50,c7{}\n2,A1,-1,2011-06-04,2.50,c7{}\n"


@pytest.mark.parametrize(
    ("headings", "cells", "cost_minor", "fee_minor"),
    [
        (",cogs,fee", ",3.30,0.25", [330, 330], [25, 25]),
        (",Modal", ",3.30", [330, 330], None),
        (",Harga Pokok,Biaya Admin", ",1.10,-0.25", [330, 110], [25, 25]),
        (",unit cost,total cost", ",1.10,3.00", [300, 300], None),
        (",HPP,Komisi", ",-,0.25", None, [25, 25]),
        (",ongkir subsidi", ",0.40", None, [40, 40]),
    ],
)
def test_costs_and_fees_are_read_where_the_file_has_them(
    read: Read, headings: str, cells: str, cost_minor: list[int] | None, fee_minor: list[int] | None
) -> None:
    """3 x 1.10 is 3.30; one of them given back is 1.10. Signs are the kind's to tell."""
    events = read(COSTS.format(headings, cells, cells)).events
    for name, expected in (("cost_minor", cost_minor), ("fee_minor", fee_minor)):
        assert (events[name].tolist() if name in events else None) == expected


def test_costs_that_came_later_add_no_sale_twice(read: Read) -> None:
    bare, costly = read(COSTS.format("", "", "")), read(COSTS.format(",cost", ",3.30", ",1.10"))
    assert bare.events["id"].tolist() == costly.events["id"].tolist()
    assert bare.events["payload_hash"].tolist() == costly.events["payload_hash"].tolist()


def test_a_sheet_with_costs_keeps_the_ids_it_had_before_there_were_costs(read: Read) -> None:
    """A hash of order, item, user, instant, quantity, price, total, currency and the count of equal rows before."""
    said = b"1001\x1fA1\x1fc7\x1f1307095200000000\x1f3e-0\x1f25e-1\x1f\x1fGBP\x1f0"
    sales = read(HEAD.replace("\n", ",Cost\n") + "1001,A1,Tea,3,2011-06-03 10:00,2.50,c7,France,3.30\n")
    assert sales.events["id"].tolist() == ["import-" + blake2b(said, digest_size=16).hexdigest()]


def test_a_cost_that_is_no_number_is_not_known_and_refuses_no_sale(read: Read) -> None:
    sales = read(COSTS.format(",cost", ",plenty", ",1.00"))
    assert sales.events["cost_minor"].isna().tolist() == [True, False]
    assert any("1 costs or fees are no numbers" in note for note in sales.reading.notes)


def test_costs_do_not_change_how_the_money_is_read(read: Read) -> None:
    """Prices with a comma say that a dot separates thousands, whatever the costs beside them look like."""
    text = "sku;tanggal;harga;modal\nA1;2011-06-03;12.500,50;1.25\nA1;2011-06-03;2,5;10.000,00\n"
    events = read(text).events
    assert events["amount_minor"].tolist() == [1_250_050, 250]
    assert events["cost_minor"].tolist()[1] == 1_000_000
