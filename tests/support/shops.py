"""Real and simulated shops, as order days."""

from pathlib import Path

import numpy as np
import pandas as pd

from customers.orders import OrderDays, order_days


def cdnow_days(data_folder: Path) -> OrderDays:
    """The CDNOW sample, in cents."""
    lines = pd.read_csv(
        data_folder / "cdnow" / "CDNOW_sample.txt",
        sep=r"\s+",
        header=None,
        names=["master_id", "id", "date", "discs", "dollars"],
        dtype={"date": str},
    )
    days = pd.to_datetime(lines["date"], format="%Y%m%d").to_numpy().astype("datetime64[D]").astype(np.int64)
    cents = np.rint(lines["dollars"].to_numpy() * 100).astype(np.int64)
    return order_days(lines["id"].to_numpy(dtype=np.int64), days, cents)


def online_retail_days(data_folder: Path) -> OrderDays:
    """Online Retail's sales to known customers, in pence."""
    lines = pd.read_csv(data_folder / "online-retail" / "online_retail.csv.gz", encoding="latin1", dtype=str)
    quantity, price = lines["Quantity"].astype(int), lines["UnitPrice"].astype(float)
    sold = lines["CustomerID"].notna() & ~lines["InvoiceNo"].str.startswith("C") & (quantity > 0) & (price > 0)
    days = pd.to_datetime(lines["InvoiceDate"][sold], format="mixed").to_numpy().astype("datetime64[D]")
    pence = np.rint((quantity * price)[sold].to_numpy() * 100).astype(np.int64)
    ids = lines["CustomerID"][sold].astype(float).to_numpy().astype(np.int64)
    return order_days(ids, days.astype(np.int64), pence)


def food_stall_days(n: int, *, seed: int) -> OrderDays:
    """A stall's first year: gaps of six days or so, a little regular; who comes once in ten leaves."""
    rng = np.random.default_rng(seed)
    start, gap = rng.uniform(0, 364, n), 6 / np.maximum(rng.gamma(1, 1, n), 1e-3)
    at = start[:, None] + np.cumsum(rng.gamma(1.5, gap[:, None] / 1.5, (n, 300)), axis=1)
    stays = rng.geometric(np.maximum(rng.beta(1, 12, n), 1e-9))
    made = (at < 364) & (np.arange(1, 301) < stays[:, None])
    who, _ = np.nonzero(made)
    ids, days = np.concatenate([np.arange(n), who]), np.concatenate([start, at[made]]).astype(np.int64)
    return order_days(ids, days, np.full(ids.size, 1500))
