import json
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from customers.orders import OrderDays, OrderStatistics, order_days, statistics_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """Published customer-value numbers, each with its source."""
    return json.loads((ROOT / "tests" / "reference" / "customer-value.json").read_text())


@pytest.fixture(scope="session")
def cdnow_days(data_folder: Path) -> OrderDays:
    """The whole CDNOW sample, in cents."""
    columns = ["master_id", "id", "date", "discs", "dollars"]
    lines = pd.read_csv(
        data_folder / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", header=None, names=columns, dtype={"date": str}
    )
    days = pd.to_datetime(lines["date"], format="%Y%m%d").to_numpy().astype("datetime64[D]").astype(np.int64)
    return order_days(
        lines["id"].to_numpy(dtype=np.int64), days, np.rint(lines["dollars"].to_numpy() * 100).astype(np.int64)
    )


@pytest.fixture(scope="session")
def cdnow(cdnow_days: OrderDays) -> OrderStatistics:
    """The CDNOW sample up to 1997-09-30, in cents."""
    return statistics_of(cdnow_days, until_day=int(np.datetime64("1997-09-30").astype(np.int64)))


@pytest.fixture(scope="session")
def lifetimes() -> ModuleType:
    """The archived package that shops know, as an oracle: other people's formulas for the same models."""
    with warnings.catch_warnings():
        # It greets today's pandas and scipy with warnings of its own.
        warnings.simplefilter("ignore")
        module: ModuleType = pytest.importorskip("lifetimes")
    return module
