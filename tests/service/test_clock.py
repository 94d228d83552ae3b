"""Promises of the one clock: UTC, exact to the microsecond, and told the time only where it is simulated."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.clock import Clock, ClockRefused, instant_text, machine_now, microseconds, start_of_day

# 2026-01-31T12:00:00Z: 20,484 days after 1970 and half a day.
NOON = (20_484 * 86_400 + 43_200) * 1_000_000
HOUR = 3_600_000_000
FAR_FUTURE = "2199-12-31T00:00:00Z"


def test_a_real_clock_tells_the_machines_time_and_hears_no_other() -> None:
    clock = Clock(simulated=False)
    before = machine_now()
    assert before <= clock.now() <= machine_now()
    with pytest.raises(ClockRefused, match="--simulated-clock"):
        clock.now("2026-01-31T12:00:00Z")


def test_a_simulated_clock_is_as_late_as_the_request_says() -> None:
    clock = Clock(simulated=True)
    assert clock.now("2026-01-31T12:00:00Z") == NOON
    assert clock.now("2026-01-31T19:00:00+07:00") == NOON, "an offset is another spelling of the same instant"


def test_a_simulated_clock_told_nothing_does_not_run_back_before_what_it_was_told() -> None:
    clock = Clock(simulated=True)
    told = clock.now(FAR_FUTURE)
    clock.now("2026-01-31T12:00:00Z")
    assert clock.now() == told
    assert Clock(simulated=True, latest=told).now() == told


def test_a_simulated_clock_told_only_of_the_past_stands_at_the_machines_time() -> None:
    before = machine_now()
    assert Clock(simulated=True, latest=1).now() >= before


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-01-31T12:00:00", "2026-01-31", "1769860800", "2026-02-30T00:00:00Z"]
)
def test_what_is_no_instant_with_an_offset_is_refused_and_named(text: str) -> None:
    with pytest.raises(ClockRefused, match="RFC 3339") as refused:
        Clock(simulated=True).now(text)
    assert repr(text) in str(refused.value)


@given(
    st.integers(-2_000_000_000_000_000, 7_000_000_000_000_000),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_an_instant_survives_the_journey_to_text_and_back_in_any_zone(at: int, zone: timezone) -> None:
    instant = datetime.fromisoformat(instant_text(at))
    assert (instant.tzinfo, microseconds(instant)) == (UTC, at)
    assert microseconds(instant.astimezone(zone)) == at


@pytest.mark.parametrize("text", ["1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"])
def test_an_instant_that_no_log_could_hold_is_refused(text: str) -> None:
    with pytest.raises(ClockRefused, match="of 1970 to 2199"):
        Clock(simulated=True).now(text)


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("UTC", date(2026, 1, 31), NOON - 12 * HOUR),
        ("Asia/Jakarta", date(2026, 1, 31), NOON - 19 * HOUR),
        # New York springs from 02:00 to 03:00 on 2026-03-08, 36 days later: its midnights lie 5 and 4 hours behind UTC.
        ("America/New_York", date(2026, 3, 8), NOON + (36 * 24 - 12 + 5) * HOUR),
        ("America/New_York", date(2026, 3, 9), NOON + (37 * 24 - 12 + 4) * HOUR),
    ],
)
def test_a_day_begins_when_the_shops_clock_shows_midnight(zone: str, day: date, instant: int) -> None:
    assert start_of_day(day, timezone=zone) == instant


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "America/New_York"])
def test_every_day_of_the_calendar_begins_at_an_instant_that_can_be_told(zone: str) -> None:
    assert instant_text(start_of_day(date.min, timezone=zone)) == "1970-01-01T00:00:00Z"
    assert instant_text(start_of_day(date.max, timezone=zone)).startswith("9999-12-3")
