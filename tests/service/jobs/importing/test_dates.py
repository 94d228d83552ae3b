from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.importing.dates import DateOrder, date_order, instants, shop_zone, without_serials
from service.jobs.importing.reading import ImportRefused


def utc(*texts: str, month_first: bool = False, zone: str = "UTC") -> list[str | None]:
    read = instants(np.array(texts, dtype=object), month_first=month_first, zone=ZoneInfo(zone))
    return [
        datetime.fromtimestamp(at / 1_000_000, UTC).isoformat().removesuffix("+00:00") if valid else None
        for at, valid in zip(read.utc.tolist(), read.is_valid.tolist(), strict=True)
    ]


def order_of(*texts: str, currency: str = "GBP", timezone: str = "UTC") -> DateOrder:
    return date_order(np.array(texts, dtype=object), currency=currency, timezone=timezone)


@pytest.mark.parametrize(
    "text",
    [
        "2011-12-01 08:26",
        "2011-12-01T08:26:00",
        "2011-12-01T08:26:00.000Z",
        "2011/12/1 8:26",
        "1/12/2011 08:26",
        "01-12-11 08.26",
        "1.12.2011, 8:26 AM",
        "20111201 08:26",
        "1 Desember 2011 08:26",
        "Kamis, 1 Des 2011 08:26",
        "1st December 2011 8:26 am",
        "Dec 1, 2011 08:26",
        "01-Dec-11 08:26",
        "2011-12-01T15:26:00+07:00",
        "2011-12-01 03:56 -0430",
    ],
)
def test_one_instant_in_many_spellings(text: str) -> None:
    assert utc(text) == ["2011-12-01T08:26:00"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "yesterday",
            "2011-02-29",
            "31/04/2011",
            "2011-13-01",
            "0/1/2011",
            "2011-12-01 24:00",
            "2011-12-01 08:60",
        ),
        *("13:00 PM", "2011-12-01 13:00 PM", "2011-12-01 0:30 AM", "1/2", "1/2/3", "2011-01-2011", "1969-12-31"),
        *(
            "2200-01-01",
            "5 Foo 2011",
            "40000",
            "2011-12-01" + " " * 99_999 + "1x",
            "2011-12-01 08:26 Mars",
            "01/12-2011",
        ),
    ],
)
def test_what_is_no_date_is_marked_not_guessed(text: str) -> None:
    assert utc(text) == [None]


def test_noon_and_midnight_on_a_twelve_hour_clock() -> None:
    assert utc("2011-12-01 12:00 AM", "2011-12-01 12:00 PM", "2011-12-01 11:59 p.m.") == [
        "2011-12-01T00:00:00",
        "2011-12-01T12:00:00",
        "2011-12-01T23:59:00",
    ]


def test_two_digits_of_a_year_reach_from_1970_to_2069() -> None:
    assert utc("1/2/70", "1/2/99", "1/2/00", "1/2/69") == [
        "1970-02-01T00:00:00",
        "1999-02-01T00:00:00",
        "2000-02-01T00:00:00",
        "2069-02-01T00:00:00",
    ]


def test_a_time_without_offset_is_the_shops() -> None:
    """Jakarta is 7 hours before UTC; a date alone is its midnight, which is still yesterday in UTC."""
    assert utc("2024-03-05 08:00", "2024-03-05", zone="Asia/Jakarta") == ["2024-03-05T01:00:00", "2024-03-04T17:00:00"]
    assert utc("2024-03-05T08:00:00Z", zone="Asia/Jakarta") == ["2024-03-05T08:00:00"]


def test_an_hour_shown_twice_is_the_first_and_a_skipped_one_ends_the_gap() -> None:
    """London 2011: on 27 March 01:00 became 02:00, at 01:00 UTC; on 30 October 01:30 came first at 00:30 UTC."""
    assert utc("2011-10-30 01:30", "2011-03-27 01:30", zone="Europe/London") == [
        "2011-10-30T00:30:00",
        "2011-03-27T01:00:00",
    ]


def test_the_whole_column_tells_day_from_month() -> None:
    assert order_of("01/02/2011", "31/01/2011") == DateOrder(month_first=False, is_decided=True)
    assert order_of("01/02/2011 10:00", "1/31/2011 9:00") == DateOrder(month_first=True, is_decided=True)
    assert order_of("2011-02-01", "1 Feb 2011") == DateOrder(month_first=False, is_decided=True)


def test_where_both_exceed_twelve_the_more_frequent_case_wins() -> None:
    assert order_of("13/01/2011", "14/01/2011", "01/15/2011") == DateOrder(month_first=False, is_decided=True)
    assert utc("01/15/2011", month_first=False) == [None]


def test_an_undecided_column_is_day_first_save_for_dollars_in_the_americas() -> None:
    assert order_of("01/02/2011") == DateOrder(month_first=False, is_decided=False)
    american = order_of("01/02/2011", currency="USD", timezone="America/Chicago")
    assert american == DateOrder(month_first=True, is_decided=False)
    assert not order_of("01/02/2011", currency="USD", timezone="Asia/Jakarta").month_first
    assert not order_of("01/02/2011", currency="CAD", timezone="America/Toronto").month_first
    assert utc("01/02/2011", month_first=True) == ["2011-01-02T00:00:00"]


def written_out(*texts: str, numbers: bool = False) -> list[str]:
    return without_serials(np.array(texts, dtype=object), is_number=np.full(len(texts), numbers)).tolist()


def test_serial_dates_are_days_since_the_end_of_1899() -> None:
    """Excel shows 40697 as 3 June 2011; half a day is noon. 1970 begins with 25569, 2200 with 109575."""
    assert written_out("40697", "40697.5", "") == ["2011-06-03T00:00:00", "2011-06-03T12:00:00", ""]
    assert written_out("25569", "109574") == ["1970-01-01T00:00:00", "2199-12-31T00:00:00"]
    assert written_out("25568", "109575", "1234", "20110603") == ["25568", "109575", "1234", "20110603"]


def test_a_text_is_a_serial_date_only_where_no_text_is_a_date() -> None:
    assert written_out("40697", "2011-06-03") == ["40697", "2011-06-03"]
    assert written_out("40697", "2011-06-03", numbers=True) == ["2011-06-03T00:00:00", "2011-06-03"]
    assert written_out("40697", "soon") == ["2011-06-03T00:00:00", "soon"]


def test_a_time_zone_that_does_not_exist_is_refused() -> None:
    for name in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(ImportRefused, match="--timezone must be an IANA zone such as Asia/Jakarta, got"):
            shop_zone(name)


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2199, 12, 30)),  # noqa: DTZ001  a wall clock's time
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d %b %Y %I:%M:%S %p", "%Y%m%d %H:%M:%S"]),
)
def test_every_second_is_read_as_python_reads_it(moment: datetime, form: str) -> None:
    assert utc(moment.strftime(form)) == [moment.replace(microsecond=0).isoformat()]


@given(st.text(max_size=30))
def test_no_text_raises(text: str) -> None:
    assert len(utc(text, zone="America/New_York")) == 1
