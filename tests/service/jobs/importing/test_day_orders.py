from collections.abc import Callable

from service.jobs.importing.reading import Sheet

Read = Callable[..., Sheet]
HEAD = "Date,SKU,Price,Customer\n"


def test_what_one_customer_buys_on_one_day_is_one_order(read: Read) -> None:
    sheet = read(HEAD + "2024-03-05 09:00,A,1,sri\n2024-03-05 21:00,B,1,sri\n2024-03-06,A,1,sri\n2024-03-05,A,1,budi\n")
    assert sheet.events["order_id"].nunique() == 3
    assert sheet.events["order_id"].iloc[0] == sheet.events["order_id"].iloc[1]
    assert any("4 lines have no order number" in note for note in sheet.reading.notes)


def test_a_day_is_a_day_in_the_shops_time_zone(read: Read) -> None:
    """16:30 and 17:30 UTC are 23:30 and 00:30 in Jakarta."""
    text = HEAD + "2024-03-05T16:30:00Z,A,1,sri\n2024-03-05T17:30:00Z,B,1,sri\n"
    assert read(text, timezone="UTC").events["order_id"].nunique() == 1
    assert read(text, timezone="Asia/Jakarta").events["order_id"].nunique() == 2


def test_anonymous_lines_stay_orders_of_their_own_and_given_numbers_stay(read: Read) -> None:
    text = "Order no," + HEAD + "7,2024-03-05,A,1,sri\n,2024-03-05,A,1,\n,2024-03-05,A,1,sri\n"
    orders = read(text).events["order_id"]
    assert orders.iloc[0] == "7"
    assert orders.isna().tolist() == [False, True, False]


def test_the_order_made_does_not_change_the_id_of_a_row_nor_tell_who_bought(read: Read) -> None:
    line = "2024-03-05,A,1,0812-3456-789\n"
    alone = read(HEAD + line, timezone="UTC").events
    elsewhere = read(HEAD + line, timezone="Asia/Jakarta").events
    assert alone["id"].tolist() == elsewhere["id"].tolist()
    assert "3456" not in alone["order_id"].iloc[0]
    assert read(HEAD + line).events["order_id"].tolist() == alone["order_id"].tolist()
