"""What benchmarks share: they compare two pieces of work in one run, print both, and assert on the ratio alone."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from threadpoolctl import threadpool_limits

Work = Callable[[], object]
Note = Callable[..., float]


class Line(NamedTuple):
    """One comparison; both times are of one piece of work: one feed, one row, one fit."""

    measured: str
    against: str
    seconds: float
    base_seconds: float


_LINES = pytest.StashKey[list[Line]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Ends the run with a table of what was compared."""
    lines = terminalreporter.config.stash.get(_LINES, [])
    if not lines:
        return
    headings = ("measured", "against", "measured s", "1/s", "against s", "1/s", "ratio")
    terminalreporter.write_line("\n{:<38}{:<34}{:>12}{:>12}{:>12}{:>12}{:>8}".format(*headings))
    for line in lines:
        times = "".join(f"{value:>12.3g}{1 / value:>12,.0f}" for value in (line.seconds, line.base_seconds))
        ratio = line.seconds / line.base_seconds
        terminalreporter.write_line(f"{line.measured:<38}{line.against:<34}{times}{ratio:>8.2f}")


@pytest.fixture
def note(pytestconfig: pytest.Config) -> Note:
    """Notes two named times for the table and returns the first over the second."""

    def ratio(measured: str, against: str, *, seconds: float, base_seconds: float) -> float:
        pytestconfig.stash.setdefault(_LINES, []).append(Line(measured, against, seconds, base_seconds))
        return seconds / base_seconds

    return ratio


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread: several would measure the machine's other work."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def best_seconds() -> Callable[..., float]:
    """The shortest of a few runs: what the work costs when nothing else gets in its way."""

    def of(work: Work, *, runs: int = 3) -> float:
        best = float("inf")
        for _ in range(runs):
            started = time.perf_counter()
            work()
            best = min(best, time.perf_counter() - started)
        return best

    return of
