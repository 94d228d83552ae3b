"""Promises of the books: the same money whether a sheet is read or was imported; two currencies never added up."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from customers.books.entries import ANONYMOUS
from recommender.events import Kind
from service.clock import machine_now
from service.jobs.bookkeeping import BooksEmpty, OpenedBooks, books_of_file, books_of_log
from service.jobs.importing.reading import ImportRefused
from service.jobs.importing.sheets import read_sheet
from service.jobs.storing import WriterEnd, stored_sheet
from service.log.append import NewEvent, append_events
from service.log.database import Database
from service.log.merging import begin_merge
from service.log.names import UserKey
from service.log.writer import Writer

DAY = 86_400_000_000
FIRST_OF_JUNE = 15_126  # days from 1970-01-01 to 2011-06-01
HEAD = "Invoice,SKU,Qty,Date,Price,Customer,Modal satuan,Biaya admin\n"
SALES = (
    HEAD + "1001,A1,3,2011-06-01,2.50,anna,1.10,0.20\n"  # 7.50, which cost 3.30 and a fee of 0.20
    "1001,B2,1,2011-06-01,4.00,anna,,0.30\n"  # a fee alone is no cost that is known
    "C1001,A1,-1,2011-06-08,2.50,anna,1.10,\n"  # given back: the goods are worth 1.10 again
    "1002,A1,1,2011-06-09,2.50,,1.10,\n"  # anonymous
    "1003,A1,2,2011-06-10,0,bert,1.10,\n"  # a gift
    "1004,A1,-5,2011-06-10,0,bert,1.10,\n"  # a stock note
)
EXPENSES = "date,category,amount\n2011-06-02,rent,100.00\n2011-06-12,ads,-5.00\n2011-06-03,ads,7.00\n"

Read = Callable[..., OpenedBooks]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def books(text: str, *, expenses: str | None = None, **arguments: object) -> OpenedBooks:
        (tmp_path / "sales.csv").write_text(text)
        if expenses is not None:
            (tmp_path / "expenses.csv").write_text(expenses)
        said = {"mapping": {}, "currency": "GBP", "timezone": "UTC", "now": machine_now(), **arguments}
        spent = None if expenses is None else tmp_path / "expenses.csv"
        return books_of_file(tmp_path / "sales.csv", expenses_file=spent, **said)  # type: ignore[arg-type]

    return books


def lines_of(opened: OpenedBooks) -> list[tuple[object, ...]]:
    sales, names = opened.books.sales, [*opened.books.customer_names, None]
    return sorted(
        zip(
            [names[place] for place in sales.customer_ids],
            (sales.days - FIRST_OF_JUNE).tolist(),
            sales.revenue_minor.tolist(),
            sales.cost_minor.tolist(),
            sales.has_cost.tolist(),
            strict=True,
        ),
        key=str,
    )


BY_HAND = sorted(
    [
        ("anna", 0, 750, 350, True),
        ("anna", 0, 400, 0, False),
        ("anna", 7, -250, -110, True),
        (None, 8, 250, 110, True),
        ("bert", 9, 0, 220, True),
    ],
    key=str,
)


def test_a_sheets_sales_refunds_costs_and_gifts_are_the_books(read: Read) -> None:
    opened = read(SALES)
    assert lines_of(opened) == BY_HAND
    assert opened.books.sales.customer_ids.min() == ANONYMOUS
    orders = opened.books.sales.orders
    assert orders[0] == orders[1] != orders[2]
    assert (opened.books.currency, opened.books.currency_exponent) == ("GBP", 2)
    assert opened.books.until_day == FIRST_OF_JUNE + 9


def test_an_imported_sheet_gives_the_books_that_reading_it_gives(
    read: Read, tmp_path: Path, database: Database, writer: Writer
) -> None:
    read(SALES, expenses=EXPENSES)
    for name in ("sales.csv", "expenses.csv"):
        sheet = read_sheet(
            tmp_path / name,
            kind=None,
            mapping={},
            currency="GBP",
            timezone="UTC",
            now=machine_now(),
            on_progress=lambda _: None,
        )
        stored_sheet(WriterEnd(writer, machine_now, is_alone=True), sheet, file_name=name, on_progress=lambda *_: None)
    opened = books_of_log(database.reader, currency="GBP", timezone="UTC", until=(FIRST_OF_JUNE + 30) * DAY)
    assert lines_of(opened) == BY_HAND
    # Nothing is known of the twenty days after the last sale: they are no silence.
    assert opened.books.until_day == FIRST_OF_JUNE + 9
    # The 5.00 that came back later is told of, and left out.
    assert sorted(opened.books.expenses.amounts_minor) == [700, 10_000]
    assert opened.notes
    earlier = books_of_log(database.reader, currency="GBP", timezone="UTC", until=(FIRST_OF_JUNE + 8) * DAY)
    assert lines_of(earlier) == [line for line in BY_HAND if line[1] < 8]
    assert sorted(earlier.books.expenses.amounts_minor) == [700, 10_000]


def test_expenses_stand_beside_the_sales_up_to_the_last_day_of_these_and_later_ones_are_told_of(read: Read) -> None:
    """Rent written down ahead makes no customer look silent."""
    opened = read(SALES, expenses=EXPENSES)
    assert opened.books.until_day == read(SALES).books.until_day == FIRST_OF_JUNE + 9
    assert opened.books.expenses.categories.tolist() == ["rent", "ads"]
    later = (
        "1 line of expenses is dated after 2011-06-10, the last day of the sales, and left out: the books end there."
    )
    assert later in opened.notes
    assert later not in read(SALES, expenses=EXPENSES, until_day=FIRST_OF_JUNE + 11).notes
    assert later not in read(SALES, expenses=EXPENSES.replace("06-12", "06-10")).notes
    cut = read(SALES, expenses=EXPENSES, until_day=FIRST_OF_JUNE + 8)
    assert lines_of(cut) == [line for line in BY_HAND if line[1] <= 8]
    assert cut.books.expenses.amounts_minor.tolist() == [10_000, 700]


@pytest.mark.parametrize(
    "heads", ["customer_id,date", "customer_id,date,amount", "nama pelanggan,tanggal", "customer_id,date,fancy"]
)
def test_a_customer_and_a_date_are_enough(read: Read, heads: str) -> None:
    money = ",2.50" if heads.count(",") == 2 else ""
    opened = read(f"{heads}\nanna,2011-06-01{money}\nanna,2011-06-08{money}\nbert,2011-06-02{money}\n")
    worth = 250 if heads.endswith("amount") else 0
    assert [line[:3] for line in lines_of(opened)] == [("anna", 0, worth), ("anna", 7, worth), ("bert", 1, worth)]
    assert opened.books.sales.orders.tolist() == [-1, -1, -1]


def test_events_as_exported_are_read_for_their_purchases(read: Read) -> None:
    head = "id,kind,user_id,visitor_id,item_id,at,order_id,amount,cost,fee,currency\n"
    opened = read(
        head + "e1,purchase,anna,,tea,2011-06-01T10:00:00Z,o1,2.50,1.00,0.10,GBP\n"
        "e2,view,anna,,tea,2011-06-01T10:00:00Z,,,,,\n"
        "e3,purchase,,v1,tea,2011-06-02T10:00:00Z,,3.00,,,GBP\n"
    )
    assert lines_of(opened) == [("anna", 0, 250, 110, True), (None, 1, 300, 0, False)]


def test_other_currencies_are_counted_and_never_added(read: Read) -> None:
    rows = "anna,2011-06-01,2.50,GBP\nanna,2011-06-02,9,USD\nbert,2011-06-03,1,GBP\n"
    opened = read("customer,date,amount,currency\n" + rows, currency="IDR")
    assert opened.books.currency == "GBP"
    assert opened.books.sales.revenue_minor.tolist() == [250, 100]
    assert opened.other_currencies == {"USD": 1}


def test_rows_that_cannot_be_read_are_counted_by_their_reason(read: Read) -> None:
    opened = read("customer,date,amount\nanna,2011-06-01,2.50\nbert,someday,1\ncarl,2150-01-01,1\ndora,2011-06-01,x\n")
    assert opened.refused == {"bad_date": 1, "future_date": 1, "bad_total": 1}
    assert opened.books.customer_names.tolist() == ["anna"]


def test_a_file_without_customers_is_refused_with_what_to_do(read: Read) -> None:
    with pytest.raises(ImportRefused, match=r"no column for the customer.*--map user=COLUMN"):
        read("what,date\ntea,2011-06-01\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("customer,date,amount\nanna,someday,2.50\n", "1 rows were refused: 1 bad_date"),
        ("customer,date,amount\nanna,2011-06-01,-2.50\nanna,2011-06-01,-1\n", None),
        ("customer,date,qty,amount\nanna,2011-06-01,-1,0\n", "only refunds or later lines"),
    ],
)
def test_a_sheet_without_a_sale_says_so(read: Read, text: str, why: str | None) -> None:
    if why is None:
        assert read(text).books.sales.revenue_minor.tolist() == [-250, -100]
        return
    with pytest.raises(BooksEmpty, match=why):
        read(text)


def bought(writer: Writer, who: UserKey, number: int, **said: object) -> None:
    act = NewEvent(id=f"e{number}", kind=Kind.PURCHASE, user=who, item="tea", at=number * DAY, **said)  # type: ignore[arg-type]
    writer.run(lambda connection: append_events(connection, [act], received_at=100 * DAY))


def test_what_a_visitor_bought_is_nobodys_until_she_is_a_user(database: Database, writer: Writer) -> None:
    anna, visitor = UserKey(False, "anna"), UserKey(True, "v")
    bought(writer, anna, 1, amount_minor=100, currency="GBP")
    bought(writer, visitor, 2, amount_minor=200, currency="GBP")
    books = books_of_log(database.reader, currency="GBP", timezone="UTC", until=10 * DAY).books
    assert books.sales.customer_ids.tolist() == [0, ANONYMOUS]
    writer.run(lambda connection: begin_merge(connection, anna, visitor, now=3))
    books = books_of_log(database.reader, currency="GBP", timezone="UTC", until=10 * DAY).books
    assert books.sales.customer_ids.tolist() == [0, 0]
    assert books.customer_names.tolist() == ["anna"]


def test_the_log_keeps_currencies_apart_and_says_what_is_left_out(database: Database, writer: Writer) -> None:
    anna = UserKey(False, "anna")
    bought(writer, anna, 1, amount_minor=100, currency="USD")
    with pytest.raises(BooksEmpty, match="no sale in GBP, but 1 in USD"):
        books_of_log(database.reader, currency="GBP", timezone="UTC", until=10 * DAY)
    bought(writer, anna, 2)
    bought(writer, anna, 3, amount_minor=300, currency="GBP", cost_minor=120, fee_minor=30)
    opened = books_of_log(database.reader, currency="GBP", timezone="UTC", until=10 * DAY)
    assert opened.books.sales.revenue_minor.tolist() == [0, 300]
    assert opened.books.sales.cost_minor.tolist() == [0, 150]
    assert opened.other_currencies == {"USD": 1}
    assert opened.user_ids is not None
    assert np.array_equal(opened.user_ids, [1])


def test_an_empty_log_has_no_books(database: Database) -> None:
    with pytest.raises(BooksEmpty, match="import a sales sheet first"):
        books_of_log(database.reader, currency="GBP", timezone="UTC", until=10 * DAY)
