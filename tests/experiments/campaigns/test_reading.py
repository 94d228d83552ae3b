"""Promises of a reading: honest intervals on shops of any size, and a verdict only where there is something to see."""

from pathlib import Path

import numpy as np
import pytest
from replayed_campaigns import Shop, cdnow, food_stall, replayed
from scipy import stats

from experiments.campaigns.foresight import FEWEST_ORDERING
from experiments.campaigns.reading import Reading, Units, read_campaign
from experiments.campaigns.standing import WindowOrders
from experiments.campaigns.wording import reading_text
from experiments.outcomes import Money
from experiments.statistics.randomisation import LotsEffect

REPLICATES = 100


def units_of(n: int) -> Units:
    return Units(
        np.arange(n), np.arange(n) // 10, np.arange(n) % 10 < 7, np.linspace(9, 1, n), np.linspace(900, 100, n)
    )


def check(shop: Shop, n: int) -> None:
    """Coverage within binomial limits of 93 to 97 %, claims of no effect within those of 5 %.

    Each figure falls outside about once in ten thousand runs; seeds are fixed.
    """
    rng = np.random.default_rng(n)
    found = replayed(shop, n=n, lift=0.5, replicates=REPLICATES, rng=rng)
    for outcome, coverage in found.coverage.items():
        low = stats.binom.ppf(1e-4, found.n_read, 0.93) / found.n_read
        high = stats.binom.ppf(1 - 1e-4, found.n_read, 0.97) / found.n_read
        assert low <= coverage <= high, outcome
    nothing = replayed(shop, n=n, lift=0.0, replicates=REPLICATES, rng=rng)
    assert nothing.claims <= stats.binom.ppf(1 - 1e-4, REPLICATES, 0.05) / REPLICATES


def test_intervals_of_a_food_stall_hold_the_truth() -> None:
    check(food_stall(4), 30)


def test_intervals_of_thirty_cd_buyers_hold_the_truth(data_folder: Path) -> None:
    check(cdnow(data_folder, 13), 30)


def test_with_fewer_than_five_who_order_nothing_is_said() -> None:
    units = units_of(40)
    orders = np.zeros(40, dtype=np.int64)
    orders[: FEWEST_ORDERING - 1] = 3
    few = read_campaign(
        units,
        WindowOrders(orders, 100 * orders),
        voucher_cost_minor=np.zeros(40),
        has_money=True,
        rng=np.random.default_rng(1),
    )
    assert (few.kind, few.n_ordering, set(few.outcomes.values())) == ("undecided", 4, {None})


@pytest.mark.parametrize(("has_money", "kind"), [(True, "costs"), (False, "loses_customers")])
def test_a_campaign_that_drives_customers_away_is_said_to(has_money: bool, kind: str) -> None:
    """All who were held out order, and of those contacted one in five."""
    units = units_of(100)
    orders = (~units.is_contacted | (np.arange(100) % 5 == 0)).astype(np.int64)
    did = WindowOrders(orders, orders * (800 if has_money else 0))
    rng = np.random.default_rng(3)
    read = read_campaign(units, did, voucher_cost_minor=np.zeros(100), has_money=has_money, rng=rng)
    assert read.kind == kind


def test_a_loss_of_customers_is_no_missing_difference() -> None:
    fewer = LotsEffect(control_mean=0.6, treated_mean=0.3, estimate=-0.3, interval=(-0.5, -0.1), p_value=0.01)
    said = reading_text(
        Reading("loses_customers", 70, 30, 39, {"ordered": fewer}),
        Money("IDR", 2),
        worth="revenue",
        weeks=4,
        assumed_vouchers=0,
    )
    assert said.startswith("It loses customers: fewer of those contacted ordered")
    assert "No difference" not in said


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((-np.inf, np.inf), "(95 % interval: can't be told from so few)"),
        ((-np.inf, 3_000_00.0), "(95 % interval up to 3,000 IDR; how far down can't be told from so few)"),
        ((-3_000_00.0, np.inf), "(95 % interval from -3,000 IDR on; how far up can't be told from so few)"),
        ((-3_000_00.0, 3_000_00.0), "(95 % interval -3,000 IDR to 3,000 IDR)"),
    ],
)
def test_an_interval_without_an_end_is_said_in_words(interval: tuple[float, float], words: str) -> None:
    effect = LotsEffect(control_mean=0.0, treated_mean=0.0, estimate=0.0, interval=interval, p_value=1.0)
    read = Reading("no_difference", 4, 2, 5, {"ordered": effect, "margin": effect})
    said = reading_text(read, Money("IDR", 2), worth="revenue", weeks=4, assumed_vouchers=0)
    assert words in said
    assert "inf " not in said


@pytest.mark.parametrize(
    ("gift", "cost", "has_money", "kind"),
    [
        (800, 0, True, "works"),
        (800, 800, True, "brings_customers"),
        (800, 3_000, True, "costs"),
        (800, 0, False, "brings_customers"),
        (0, 0, True, "no_difference"),
    ],
)
def test_the_verdict_is_about_money_net_of_vouchers(gift: int, cost: int, has_money: bool, kind: str) -> None:
    """A hundred customers, one in five orders anyway; four in five of the contacted are brought to order for 800."""
    units = units_of(100)
    rng = np.random.default_rng(2)
    orders = (rng.random(100) < 0.2).astype(np.int64)
    noise = rng.integers(0, 800, 100)
    extra = units.is_contacted & (gift > 0) & (rng.random(100) < 0.8)
    did = WindowOrders(orders + extra, noise * orders + gift * extra)
    read = read_campaign(
        units,
        did,
        voucher_cost_minor=np.where(extra, float(cost), 0.0),
        has_money=has_money,
        rng=rng,
    )
    assert read.kind == kind
    assert ("margin" in read.outcomes) == has_money
