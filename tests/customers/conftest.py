import json
from pathlib import Path
from typing import Any

import pytest

from customers.orders import OrderDays, OrderStatistics
from customers.published.cdnow import cdnow_history, cdnow_orders

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def recomputed() -> dict[str, Any]:
    """Values of an independent implementation, where nobody has published any."""
    return json.loads((ROOT / "tests" / "reference" / "customer-value.json").read_text())


@pytest.fixture(scope="session")
def cdnow_days(data_folder: Path) -> OrderDays:
    """The whole CDNOW sample, in cents."""
    return cdnow_orders(data_folder / "cdnow" / "CDNOW_sample.txt")


@pytest.fixture(scope="session")
def cdnow(cdnow_days: OrderDays) -> OrderStatistics:
    """The CDNOW sample up to 1997-09-30, in cents."""
    return cdnow_history(cdnow_days)
