"""What is to be played: how long, by whom, with which effect, and as which experiment."""

import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.demo.customers import BASE_RATE
from service.demo.histories import US_PER_DAY

CONTROL, TREATMENT = "popular", "personal"
"""The arms: everybody's favourites, and the service's default policy."""

_RUN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played.

    Raises:
        ValueError: If one of the values makes no play.
    """

    run: str
    """Names this play, 1 to 32 of ``a-z0-9-``: part of the experiment's key and of the customers' ids."""
    start_us: int
    """Start of the simulated weeks, microseconds UTC."""
    weeks: int
    n_customers: int
    lift: float
    seed: int
    timezone: str
    """IANA zone in which the service counts days."""

    def __post_init__(self) -> None:
        if not _RUN.fullmatch(self.run):
            raise ValueError(f"run must be 1 to 32 of a-z, 0-9 and '-', got {self.run!r}")
        if self.weeks < 2:
            raise ValueError(f"weeks must be at least 2, one to arrive in and one to measure, got {self.weeks}")
        if self.n_customers < 4:
            raise ValueError(f"customers must be at least 4, two for each arm, got {self.n_customers}")
        if not 0.0 <= self.lift <= 1.0 - BASE_RATE:
            raise ValueError(
                f"lift must be 0 to {1.0 - BASE_RATE:g}, a probability beside {BASE_RATE}, got {self.lift}"
            )
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"timezone must be an IANA zone such as Asia/Jakarta, got {self.timezone!r}") from error

    @property
    def experiment(self) -> str:
        """The experiment's key."""
        return f"simulation-{self.seed}-{self.run}"

    @property
    def window_days(self) -> int:
        """Length of the outcome window: all first visits fall in the first week, so all windows end before the play."""
        return (self.weeks - 1) * 7

    @property
    def end_us(self) -> int:
        """End of the simulated weeks, microseconds UTC."""
        return self.start_us + self.weeks * 7 * US_PER_DAY

    def design(self) -> dict[str, Any]:
        """The experiment as the service takes it."""
        return {
            "key": self.experiment,
            "hypothesis": "Customers who are shown what they like come back to buy more often.",
            "unit": "user",
            "arms": [
                {"key": CONTROL, "share": 0.5, "policy": {"sources": ["popularity"]}, "parameters": {}},
                {"key": TREATMENT, "share": 0.5, "policy": {}, "parameters": {}},
            ],
            "control": CONTROL,
            "layer": "feed",
            "primary": {"outcome": "repeat_in_window", "window_days": self.window_days},
            "secondary": ["orders", "revenue", "observed_clv", "projected_clv"],
            "guardrails": [],
            "planned_units": self.n_customers,
        }

    def user_ids(self, number: int) -> tuple[str, str]:
        """The ids of customer ``number``, from 0, and of her twin."""
        customer = f"{self.run}-s{self.seed}-c{number + 1:05d}"
        return customer, f"{customer}-twin"
