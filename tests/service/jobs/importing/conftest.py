from collections.abc import Callable
from pathlib import Path

import pytest

from service.jobs.importing.reading import Sheet
from service.jobs.importing.sheets import read_sheet

NOW = 1_767_225_600_000_000
"""The first instant of 2026, when the files of these tests are read."""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Sheet]:
    """Reads a text as if it were a shop's file."""

    def read_text(
        text: str,
        *,
        mapping: dict[str, str] | None = None,
        currency: str = "GBP",
        timezone: str = "UTC",
        now: int = NOW,
    ) -> Sheet:
        path = tmp_path / "sales.csv"
        path.write_text(text, encoding="utf-8")
        return read_sheet(
            path,
            kind=None,
            mapping=mapping or {},
            currency=currency,
            timezone=timezone,
            now=now,
            on_progress=lambda _step: None,
        )

    return read_text
