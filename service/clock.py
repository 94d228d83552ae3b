"""The service's one clock. Instants are integer microseconds since 1970 UTC."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST, _LATEST = _EPOCH, datetime(2200, 1, 1, tzinfo=UTC)


class ClockRefused(ValueError):
    """A request named an instant of its own where the clock is real, or one that can't be read."""


class Clock:
    """Now, as the service sees it: the machine's clock, or in a simulated shop the instant a request names.

    A simulated clock that is told nothing stands at the latest instant it has been told, or the machine's clock if
    that is later, so that a feed asked for after simulated weeks comes after them.
    """

    def __init__(self, *, simulated: bool, latest: int = 0) -> None:
        self._simulated = simulated
        self._latest = latest

    def now(self, named: str | None = None) -> int:
        """Now in microseconds UTC.

        Args:
            named: The request's ``X-Kembang-Now``: an RFC 3339 instant.

        Raises:
            ClockRefused: If the clock is real, or ``named`` is no instant with an offset.
        """
        machine = machine_now()
        if named is None:
            return max(machine, self._latest) if self._simulated else machine
        if not self._simulated:
            raise ClockRefused("X-Kembang-Now is only for a simulated shop: start `kembang serve --simulated-clock`")
        now = microseconds(_instant(named))
        self._latest = max(self._latest, now)
        return now


def machine_now() -> int:
    """The machine's clock, microseconds UTC."""
    return time.time_ns() // 1_000


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970 UTC of an aware instant, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def start_of_day(day: date, *, timezone: str) -> int:
    """The instant at which a day of the shop's calendar begins, microseconds UTC; at the earliest 1970, as in a log."""
    return max(0, microseconds(datetime.combine(day, time_of_day(), tzinfo=ZoneInfo(timezone))))


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH.date()).days


def day_text(day: int) -> str:
    """ISO 8601 text of a day counted from 1970-01-01."""
    return (_EPOCH.date() + timedelta(days=day)).isoformat()


def shop_day(at: int, *, timezone: str) -> int:
    """The day of the shop's calendar in which an instant (microseconds UTC) lies, counted from 1970-01-01."""
    return day_number((_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(timezone)).date())


def instant_text(at: int) -> str:
    """RFC 3339 text, in UTC, of an instant in microseconds."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not _EARLIEST <= instant < _LATEST:
        raise ClockRefused(
            f"X-Kembang-Now must be an RFC 3339 instant of 1970 to 2199 such as 2026-01-31T12:00:00Z, got {text[:40]!r}"
        )
    return instant
