import json
from pathlib import Path
from typing import Any

import pytest

from customers.orders import OrderStatistics
from customers.published.cdnow import cdnow_history, cdnow_orders

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def recomputed() -> dict[str, Any]:
    """Values of an independent implementation, where nobody has published any."""
    return json.loads((ROOT / "tests" / "reference" / "customer-value.json").read_text())


@pytest.fixture(scope="session")
def cdnow(data_folder: Path) -> OrderStatistics:
    """The CDNOW sample up to 1997-09-30, in cents."""
    return cdnow_history(cdnow_orders(data_folder / "cdnow" / "CDNOW_sample.txt"))
