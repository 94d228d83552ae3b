import json
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.jobs.importing.reading import ImportRefused, Sheet
from service.jobs.importing.sale_rules import REASONS
from service.jobs.importing.sheets import read_sheet

Read = Callable[..., Sheet]
ONLINE_RETAIL = Path("online-retail/online_retail.csv.gz")
HEAD = "Invoice,SKU,Title,Qty,Date,Price,Customer,Country\n"


def rows_of(frame: pd.DataFrame) -> list[list[object]]:
    objects = frame.astype(object)
    return objects.where(frame.notna(), None).to_numpy().tolist()


def net_minor(events: pd.DataFrame) -> int:
    return int(events["amount_minor"].where(events["kind"] == "purchase", -events["amount_minor"]).sum())


def test_a_line_becomes_a_purchase(read: Read) -> None:
    """3 x 2.50 is 7.50; 10:00 in London's summer is 09:00 UTC, 1,307,091,600 seconds after 1970."""
    sales = read(HEAD + "1001,A1,Tea,3,2011-06-03 10:00,2.50,c7,France\n", timezone="Europe/London")
    event = sales.events.iloc[0].to_dict()
    assert event.pop("id") == "import-" + event.pop("payload_hash").hex()
    assert event == {
        "kind": "purchase",
        "user": "c7",
        "item": "A1",
        "at": 1_307_091_600_000_000,
        "order_id": "1001",
        "quantity": 3,
        "amount_minor": 750,
        "currency": "GBP",
        "anonymous": False,
        "rule": "sale",
        "counted_as": "purchase",
        "row_number": 2,
    }
    assert sales.users.to_dict("records") == [{"user": "c7", "country": "France"}]
    item = sales.items.iloc[0]
    assert (item["item"], item["title"], item["price_minor"], item["is_service"]) == ("A1", "Tea", 250, False)


@pytest.mark.parametrize(
    ("order", "quantity", "price", "rule", "kind", "amount_minor"),
    [
        ("1001", "2", "3.00", "sale", "purchase", 600),
        ("1001", "1", "0.001", "sale", "purchase", 0),
        ("C1001", "-2", "3.00", "cancellation", "refund", 600),
        ("C1001", "2", "3.00", "sale", "purchase", 600),
        ("1001", "-2", "3.00", "return", "refund", 600),
        ("CASH", "-2", "3.00", "return", "refund", 600),
        ("A1001", "1", "-9.99", "money_adjustment", "refund", 999),
        ("1001", "2", "0", "free_line", "purchase", 0),
        ("1001", "-2", "0.00", "stock_adjustment", "refund", 0),
        ("C1001", "-2", "0", "cancellation", "refund", 0),
    ],
)
def test_each_line_falls_under_one_rule(
    read: Read, order: str, quantity: str, price: str, rule: str, kind: str, amount_minor: int
) -> None:
    event = read(HEAD + f"{order},A1,Tea,{quantity},2011-06-03,{price},c7,\n").events.iloc[0]
    assert (event["rule"], event["kind"], event["amount_minor"]) == (rule, kind, amount_minor)
    assert event["quantity"] == abs(int(quantity))


def test_a_sale_without_a_customer_is_kept_as_anonymous(read: Read) -> None:
    rows = "1,A1,Tea,1,2011-06-03,2.50,{},\n"
    sales = read(HEAD + "".join(rows.format(user) for user in ("", "nan", "NULL", "-", "17850.0")))
    assert sales.events["anonymous"].tolist() == [True] * 4 + [False]
    assert sales.events["user"].isna().tolist() == [True] * 4 + [False]
    assert sales.events["user"].iloc[4] == "17850"
    assert sales.events["counted_as"].tolist() == ["anonymous"] * 4 + ["purchase"]
    assert sales.users["user"].tolist() == ["17850"]


def test_the_heaps_add_up(read: Read) -> None:
    sales = read(
        HEAD + "1,A1,Tea,1,2011-06-03,2.50,c7,\n"
        "C1,A1,Tea,-1,2011-06-04,2.50,c7,\n"
        "2,A1,Tea,1,2011-06-05,0,c7,\n"
        "3,A1,Tea,1,2011-06-06,2.50,,\n"
        "4,A1,Tea,1,never,2.50,c7,\n"
    )
    heaps = sales.events["counted_as"].value_counts().to_dict()
    assert heaps == {"purchase": 1, "refund": 1, "free": 1, "anonymous": 1}
    assert sales.refused["reason"].tolist() == ["bad_date"]
    assert sales.rows_read == 5


REFUSALS = [
    ("1,,Tea,1,2011-06-03,2.50,c7,", "missing_item", "SKU '': no item is named"),
    ("1,A1,Tea,1,31/02/2011,2.50,c7,", "bad_date", "Date '31/02/2011': this is no date"),
    ("1,A1,Tea,1,2111-06-03,2.50,c7,", "future_date", "Date '2111-06-03': this is more than a day after now"),
    ("1,A1,Tea,one,2011-06-03,2.50,c7,", "bad_quantity", "Qty 'one': this is no number"),
    ("1,A1,Tea,0,2011-06-03,2.50,c7,", "zero_quantity", "Qty '0'"),
    ("1,A1,Tea,1,2011-06-03,$2.50,c7,", "bad_price", "Price '$2.50'"),
    ("1,A1,Tea,1,2011-06-03,,c7,", "bad_price", "Price ''"),
    ("1,A1,Tea,-1,2011-06-03,-2.50,c7,", "contradictory_signs", "Qty '-1'"),
    ("1,A1,Tea,3000000000,2011-06-03,2.50,c7,", "too_large", "larger than"),
    ("1,A1,Tea,2000000000,2011-06-03,99999999999,c7,", "too_large", "larger than"),
    (f"1,{'A' * 257},Tea,1,2011-06-03,2.50,c7,", "id_too_long", "256"),
    (f"{'1' * 129},A1,Tea,1,2011-06-03,2.50,c7,", "id_too_long", "128"),
    ("1,A1,Tea, green,1,2011-06-03,2.50,c7,France", "too_many_cells", "quotation marks"),
]


@pytest.mark.parametrize(("row", "reason", "detail"), REFUSALS)
def test_a_line_that_makes_no_sense_is_refused_alone_with_its_reason(
    read: Read, row: str, reason: str, detail: str
) -> None:
    sales = read(HEAD + row + "\n2,A2,Cup,1,2011-06-03,4.00,c7,\n")
    assert sales.events["item"].tolist() == ["A2"]
    refused = sales.refused.iloc[0]
    assert (refused["row_number"], refused["reason"]) == (2, reason)
    assert detail in refused["detail"]
    assert json.loads(refused["row"])["Invoice"] == row.split(",")[0]


def test_a_line_is_refused_from_the_first_instant_that_is_more_than_a_day_ahead(read: Read) -> None:
    """Read at 1,307,091,600 s, which is 09:00 UTC on 3 June 2011. A zone read wrong is no more than 14 hours ahead."""
    text = HEAD + "1,A1,Tea,1,2011-06-04 09:00:00,2.50,c7,\n2,A1,Tea,1,2011-06-04 09:00:01,2.50,c7,\n"
    sales = read(text, now=1_307_091_600_000_000)
    assert sales.events["order_id"].tolist() == ["1"]
    assert sales.refused["reason"].tolist() == ["future_date"]
    assert sales.items["first_at"].tolist() == [1_307_178_000_000_000], "the catalogue does not hear of it either"
    assert len(read(text, now=1_307_091_601_000_000).events) == 2, "once its time has come it is a sale like any other"


def test_every_reason_to_refuse_is_tried() -> None:
    tried_elsewhere = {"bad_currency", "bad_total", "bad_text", "total_row", "repeated_headings"}
    assert {reason for _, reason, _ in REFUSALS} | tried_elsewhere == set(REASONS)


def test_a_currency_column_keeps_currencies_apart(read: Read) -> None:
    """25.00 pounds are 2,500 pence, 1,000 yen are 1,000 yen; the codes may be written small."""
    sales = read("SKU,Date,Price,Currency\nA,2024-01-05,25.00,\nA,2024-01-05,1000,jpy\nA,2024-01-05,1,pounds\n")
    assert sales.events[["currency", "amount_minor"]].to_numpy().tolist() == [["GBP", 2500], ["JPY", 1000]]
    assert sales.refused["reason"].tolist() == ["bad_currency"]


def test_the_lines_total_goes_before_quantity_times_price(read: Read) -> None:
    """The second line was sold at a discount: 1 x 4.00 less 0.50; the third total is empty, so it is 2 x 4.00."""
    head = "SKU,Date,Qty,Price,Line total\n"
    sales = read(head + "A,2024-01-05,2,4.00,8.00\nA,2024-01-05,1,4.00,3.50\nA,2024-01-06,2,4.00,\n")
    assert sales.events["amount_minor"].tolist() == [800, 350, 800]
    assert sales.items["price_minor"].tolist() == [400]
    refused = read(head + "A,2024-01-05,2,4.00,8.00\nA,2024-01-05,1,4.00,free\n").refused
    assert refused["reason"].tolist() == ["bad_total"]


def test_without_a_unit_price_the_catalogues_is_worked_out(read: Read) -> None:
    """10.00 for 3 is 3.333..., so 3.33 each."""
    sales = read("SKU,Date,Qty,Total\nA,2024-01-05,3,10.00\n")
    assert sales.events["amount_minor"].tolist() == [1000]
    assert sales.items["price_minor"].tolist() == [333]


def test_an_orders_total_repeated_on_its_lines_is_not_added_up(read: Read) -> None:
    text = "Order no,SKU,Date,Qty,Price,Total\n1,A,2024-01-05,1,4.00,10.00\n1,B,2024-01-05,2,3.00,10.00\n"
    with pytest.raises(ImportRefused, match=r"'Total' equals quantity x price on 0 of 2 lines.*--map total= to leave"):
        read(text)
    assert net_minor(read(text, mapping={"total": ""}).events) == 400 + 600
    assert net_minor(read(text, mapping={"total": "Total"}).events) == 2000


def test_an_indonesian_shops_sheet_is_read_as_it_stands(read: Read) -> None:
    """2 x Rp 25.000 is Rp 50.000, 5,000,000 sen; 5 March, not 3 May; 08:00 in Jakarta is 01:00 UTC."""
    sales = read(
        "No Nota;Tanggal;Nama Barang;Jumlah;Harga;Pelanggan\n"
        "N-1;05/03/2024 08:00;Kopi Gayo;2;Rp 25.000;Ibu Sri\n"
        "N-1;25/03/2024 08:00;Ongkir;1;Rp 1.250.000,00;Ibu Sri\n",
        currency="IDR",
        timezone="Asia/Jakarta",
    )
    first = sales.events.iloc[0]
    assert (first["user"], first["item"], first["order_id"], first["quantity"]) == ("Ibu Sri", "Kopi Gayo", "N-1", 2)
    assert pd.Timestamp(first["at"], unit="us") == pd.Timestamp("2024-03-05T01:00:00")
    assert sales.events["amount_minor"].tolist() == [5_000_000, 125_000_000]
    assert sales.items["is_service"].tolist() == [False, True]
    assert sales.reading.date_order == "day first"
    assert sales.reading.decimal_mark == ","
    assert sales.reading.notes == ()


def test_what_had_to_be_assumed_is_said(read: Read) -> None:
    sales = read("Produk;Tanggal;Harga\nKopi;05/03/2024;25.000\n", currency="IDR")
    notes = " ".join(sales.reading.notes)
    assert sales.events["amount_minor"].tolist() == [2_500_000]
    assert "read day first" in notes
    assert "',' was taken" in notes
    assert "each line counts as one piece" in notes
    assert "names no customers" in notes
    assert sales.reading.mapping == {"title": "Produk", "at": "Tanggal", "price": "Harga"}


def test_weighed_goods_keep_their_money_exact_and_count_as_whole_pieces(read: Read) -> None:
    """0.4 kg at 12.35 is 4.94; 1.5 kg is two pieces begun."""
    sales = read("SKU,Date,Qty,Price\nA,2024-01-05,0.4,12.35\nA,2024-01-05,1.5,2.00\n")
    assert sales.events[["quantity", "amount_minor"]].to_numpy().tolist() == [[1, 494], [2, 300]]
    assert any(note.startswith("2 lines sell parts of a piece") for note in sales.reading.notes)


def test_equal_lines_of_one_receipt_are_sales_of_their_own(read: Read) -> None:
    line = "1,A1,Tea,1,2011-06-03 10:00,2.50,c7,\n"
    assert read(HEAD + line * 3).events["id"].nunique() == 3


def test_a_file_saved_again_by_a_spreadsheet_keeps_its_ids(read: Read) -> None:
    """The same sale: another date format, other decimals, a renamed item, a moved customer, columns turned round."""
    before = read(HEAD + "1,A1,Tea,1,2011-06-23 10:00:00,2.50,c7,France\n")
    after = read(
        "Price;Date;Customer;Invoice;SKU;Qty;Title;Country\n2,5;23/06/2011 10:00;c7;1;A1;1,0;Green tea;Spain\n"
    )
    assert before.events["id"].tolist() == after.events["id"].tolist()


@pytest.mark.parametrize("column", range(7))
def test_each_part_of_what_a_row_says_changes_its_id(read: Read, column: int) -> None:
    cells = ["1", "A1", "1", "2011-06-23 10:00", "2.50", "c7", "GBP"]
    other = ["2", "A2", "2", "2011-06-23 10:01", "2.51", "c8", "EUR"]
    head = "Invoice,SKU,Qty,Date,Price,Customer,Currency\n"
    changed = [*cells[:column], other[column], *cells[column + 1 :]]
    assert read(head + ",".join(cells)).events["id"].iloc[0] != read(head + ",".join(changed)).events["id"].iloc[0]


LINES = st.lists(
    st.builds(
        "{},{},{},{},2011-06-{:02},{},{},{}".format,
        st.sampled_from(["1", "C2", ""]),
        st.sampled_from(["A1", "A2", ""]),
        st.sampled_from(["Tea", "POSTAGE", ""]),
        st.sampled_from(["1", "-1", "3", "0", "x"]),
        st.integers(28, 31),
        st.sampled_from(["2.55", "0", "-1.005", "0.001", ""]),
        st.sampled_from(["c1", "c2", ""]),
        st.sampled_from(["France", ""]),
    ),
    min_size=1,
    max_size=25,
)
FILES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@given(LINES)
def test_every_row_is_stored_or_refused_and_the_money_is_the_files(read: Read, rows: list[str]) -> None:
    """The money is added up a second time with Decimal, from the very text, over the rows that were not refused."""
    sales = read(HEAD + "\n".join(rows))
    assert sales.rows_read == len(rows)
    numbers = [*sales.events["row_number"], *sales.refused["row_number"]]
    assert sorted(numbers) == list(range(2, len(rows) + 2))
    assert set(sales.refused["reason"]) <= set(REASONS)
    assert (sales.events["quantity"] >= 1).all()
    assert (sales.events["amount_minor"] >= 0).all()
    by_hand = Decimal(0)
    for number in sales.events["row_number"]:
        cells = rows[number - 2].split(",")
        by_hand += (Decimal(cells[3]) * Decimal(cells[5])).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    assert net_minor(sales.events) == by_hand.scaleb(2)


@FILES
@given(LINES, LINES)
def test_a_grown_file_adds_only_what_is_new(read: Read, old: list[str], new: list[str]) -> None:
    before = read(HEAD + "\n".join(old)).events
    after = read(HEAD + "\n".join(old + new)).events
    kept = after[after["row_number"] <= len(old) + 1]
    assert rows_of(kept) == rows_of(before)
    assert after["id"].is_unique


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("Colour,Date,Price\nred,2024-01-05,1\n", {}, "sales.csv has no column for what was sold"),
        (HEAD + "1,A,T,1,2024-01-05,1,c,\n", {"mapping": {"item": "Kode"}}, "has no column 'Kode'"),
        (HEAD + "1,A,T,1,2024-01-05,1,c,\n", {"timezone": "Mars"}, "--timezone must be an IANA zone"),
        (HEAD + "1,A,T,1,2024-01-05,1,c,\n", {"currency": "pounds"}, "--currency must be an ISO 4217 code"),
    ],
)
def test_a_file_that_cannot_be_sales_is_refused_whole(
    read: Read, text: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ImportRefused, match=message):
        read(text, **arguments)


def test_a_file_of_refused_rows_only_is_accounted_for(read: Read) -> None:
    sales = read(HEAD + "1,A1,Tea,1,never,2.50,c7,\n2,A1,Tea,1,soon,2.50,c7,\n")
    assert len(sales.events) == len(sales.items) == len(sales.users) == 0
    assert sales.refused["row_number"].tolist() == [2, 3]


@pytest.fixture(scope="module")
def online_retail(data_folder: Path) -> Sheet:
    return read_sheet(
        data_folder / ONLINE_RETAIL,
        kind=None,
        mapping={},
        currency="GBP",
        timezone="Europe/London",
        now=1_767_225_600_000_000,  # the first instant of 2026
        on_progress=lambda _step: None,
    )


def test_online_retail_holds_what_it_is_known_to_hold(online_retail: Sheet) -> None:
    """The counts are those published with the data sets: rows, customers, invoices, codes, money, cancellations."""
    events = online_retail.events
    assert online_retail.rows_read == 541_909
    assert len(events) + len(online_retail.refused) == 541_909
    assert events["anonymous"].sum() == 135_080
    assert (events["rule"] == "cancellation").sum() == 9_288
    assert (events["rule"] == "stock_adjustment").sum() == 1_336
    assert events["rule"].isin(["free_line", "stock_adjustment"]).sum() == 2_515
    sold = events[(events["counted_as"] == "purchase")]
    assert len(sold) == 397_884
    assert sold["user"].nunique() == 4_338
    assert sold["order_id"].nunique() == 18_532
    assert sold["item"].nunique() == 3_665
    assert sold["amount_minor"].sum() == 891_140_790
    assert len(online_retail.users) == 4_372
    assert events["id"].is_unique


def test_online_retails_money_adds_up_to_the_files_to_the_penny(online_retail: Sheet, data_folder: Path) -> None:
    """Added up again with Decimal from the file's text; its 4 prices of 0.001 are below the penny, 0.004 in all."""
    raw = pd.read_csv(data_folder / ONLINE_RETAIL, usecols=["Quantity", "UnitPrice"], dtype=str)
    times = raw.value_counts().reset_index().to_numpy().tolist()
    exact = sum((Decimal(quantity) * Decimal(price) * n for quantity, price, n in times), start=Decimal(0))
    assert exact == Decimal("9747747.934")
    assert net_minor(online_retail.events) == exact.quantize(Decimal("0.01")).scaleb(2)


def test_online_retails_services_are_told_from_goods(online_retail: Sheet) -> None:
    items = online_retail.items.set_index("item")
    services = ["POST", "DOT", "C2", "M", "D", "S", "BANK CHARGES", "AMAZONFEE", "CRUK", "B"]
    assert items.loc[services, "is_service"].all()
    goods = items[items.index.str.match(r"\d{5}[A-Z]?$") & items["price_minor"].notna()]
    assert goods["is_service"].sum() <= 2, "a gift voucher and a packing charge have five-digit codes"
