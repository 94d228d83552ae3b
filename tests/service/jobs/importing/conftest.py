from collections.abc import Callable
from pathlib import Path

import pytest

from service.jobs.importing.sales import Sales, read_sales


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Sales]:
    """Reads a text as if it were a shop's file."""

    def read_text(
        text: str,
        *,
        mapping: dict[str, str] | None = None,
        currency: str = "GBP",
        timezone: str = "UTC",
    ) -> Sales:
        path = tmp_path / "sales.csv"
        path.write_text(text, encoding="utf-8")
        return read_sales(
            path, mapping=mapping or {}, currency=currency, timezone=timezone, on_progress=lambda _step: None
        )

    return read_text
