import json
import warnings
from pathlib import Path
from types import ModuleType
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


@pytest.fixture(scope="session")
def lifetimes() -> ModuleType:
    """The archived package that shops know, as an oracle: other people's formulas for the same models."""
    with warnings.catch_warnings():
        # It greets today's pandas and scipy with warnings of its own.
        warnings.simplefilter("ignore")
        module: ModuleType = pytest.importorskip("lifetimes")
    return module
