from collections.abc import Callable
from pathlib import Path

import pytest

from service.jobs.importing.reading import Sheet, SheetKind
from service.jobs.importing.sheets import read_sheet

NOW = 1_767_225_600_000_000
"""The first instant of 2026, when the files of these tests are read."""


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Sheet]:
    """Reads bytes as if they were a shop's file of this name."""

    def read_file(
        name: str,
        data: bytes,
        *,
        kind: SheetKind | None = None,
        mapping: dict[str, str] | None = None,
        currency: str = "GBP",
        timezone: str = "UTC",
        now: int = NOW,
    ) -> Sheet:
        path = tmp_path / name
        path.write_bytes(data)
        return read_sheet(
            path,
            kind=kind,
            mapping=mapping or {},
            currency=currency,
            timezone=timezone,
            now=now,
            on_progress=lambda _step: None,
        )

    return read_file


@pytest.fixture
def read(read_bytes: Callable[..., Sheet]) -> Callable[..., Sheet]:
    """Reads a text as if it were a shop's file."""
    return lambda text, **arguments: read_bytes("sales.csv", text.encode(), **arguments)
