"""Campaigns replayed on shops whose truth is known: how often an interval holds it, how often a verdict is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from customers.orders import OrderDays, order_days
from experiments.campaigns.lots import drawn_lots
from experiments.campaigns.reading import Units, read_campaign
from experiments.campaigns.standing import Standing, WindowOrders, standing_before, window_orders

FIRST_DAY = int(np.datetime64("1997-10-01").astype(np.int64))
MESSAGE = 0.7


@dataclass(frozen=True)
class Customers:
    """Where customers stand and what they do in the window if nobody writes to them."""

    standing: Standing
    did: WindowOrders

    def of(self, rows: NDArray[np.int64]) -> "Customers":
        return Customers(self.standing.of(rows), WindowOrders(self.did.orders[rows], self.did.margin_minor[rows]))


Shop = Callable[[int, np.random.Generator], Customers]
"""Gives so many customers, drawn at random."""


def food_stall(weeks: int) -> Shop:
    """Regulars and passers-by at a stall: a gamma rate of .5 a week, three in ten gone, log-normal baskets."""

    def customers(n: int, rng: np.random.Generator) -> Customers:
        rate = rng.gamma(0.8, 0.5 / 0.8, n)
        is_gone = rng.random(n) < 0.3
        long_ago = rng.poisson(rate * 12)
        lately = rng.poisson(np.where(is_gone, 0, rate) * 4) + 1
        orders = rng.poisson(np.where(is_gone, 0, rate) * weeks)
        baskets = np.rint(1_000 * np.exp(1 + 0.5 * rng.standard_normal(int(orders.sum()))))
        margin = np.bincount(np.repeat(np.arange(n), orders), weights=baskets, minlength=n).astype(np.int64)
        activity = 0.7 * long_ago + lately
        past = Standing(np.arange(n), long_ago + lately, np.full(n, 7), activity, 3_000.0 * activity)
        return Customers(past, WindowOrders(orders.astype(np.int64), margin))

    return customers


def cdnow_orders(data_folder: Path) -> OrderDays:
    """The CDNOW sample's order days, in cents."""
    columns = ["master_id", "id", "date", "discs", "dollars"]
    lines = pd.read_csv(
        data_folder / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", header=None, names=columns, dtype={"date": str}
    )
    days = pd.to_datetime(lines["date"], format="%Y%m%d").to_numpy().astype("datetime64[D]").astype(np.int64)
    values = np.rint(lines["dollars"].to_numpy() * 100).astype(np.int64)
    return order_days(lines["id"].to_numpy(dtype=np.int64), days, values)


def cdnow(data_folder: Path, weeks: int) -> Shop:
    """Customers of the CDNOW sample, drawn with replacement; the window begins on 1997-10-01."""
    orders = cdnow_orders(data_folder)
    standing = standing_before(orders, first_day=FIRST_DAY)
    did = window_orders(orders, standing.customer_ids, first_day=FIRST_DAY, n_days=7 * weeks)
    everybody = Customers(standing, did)

    def customers(n: int, rng: np.random.Generator) -> Customers:
        return everybody.of(rng.integers(0, len(standing), n))

    return customers


@dataclass(frozen=True)
class Replayed:
    """What replicates of one campaign showed: shares of those that were read."""

    n_read: int
    undecided: float
    coverage: dict[str, float]
    kinds: dict[str, float]

    @property
    def claims(self) -> float:
        """Share of replicates that say that writing brought something."""
        return self.kinds.get("works", 0.0) + self.kinds.get("brings_customers", 0.0)


def replayed(shop: Shop, *, n: int, lift: float, replicates: int, rng: np.random.Generator) -> Replayed:
    """Campaigns of ``n`` fresh customers, seven in ten contacted.

    Being contacted brings an extra order, of a size that is usual there, with probability ``lift`` times the share that
    orders anyway, whoever the customer is. So the truth is known: share q more orders, q (1 - p) more who order at all.
    """
    usual = shop(20_000, rng).did
    share = float(usual.ordered.mean())
    sizes = usual.margin_minor[usual.ordered]
    brought = lift * share
    truth = {"ordered": brought * (1 - share), "orders": brought, "margin": brought * float(sizes.mean())}
    held: dict[str, list[bool]] = {name: [] for name in truth}
    kinds: list[str] = []
    for _ in range(replicates):
        customers = shop(n, rng)
        lots = drawn_lots(customers.standing, holdout=1 - MESSAGE, rng=rng)
        extra = lots.is_contacted & (rng.random(n) < brought)
        did = WindowOrders(
            customers.did.orders + extra, customers.did.margin_minor + np.where(extra, rng.choice(sizes, n), 0)
        )
        past = customers.standing
        units = Units(np.arange(n), lots.block, lots.is_contacted, past.activity, past.margin_activity)
        read = read_campaign(units, did, voucher_cost_minor=np.zeros(n), has_money=True, rng=rng)
        kinds.append(read.kind)
        for name, effect in read.outcomes.items():
            if effect is not None:
                held[name].append(effect.interval[0] <= truth[name] <= effect.interval[1])
    shares = pd.Series(kinds).value_counts(normalize=True)
    return Replayed(
        n_read=len(held["ordered"]),
        undecided=float(shares.get("undecided", 0.0)),
        coverage={name: float(np.mean(each)) for name, each in held.items()},
        kinds={str(kind): float(of_all) for kind, of_all in shares.items()},
    )
