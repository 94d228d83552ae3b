"""What fits of customers' timing cost: equal histories are counted once, so a million customers take a second or so."""

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from customers.models.bgnbd import BetaGeometric, fit_bgnbd
from customers.models.histories import Histories
from customers.models.pareto_nbd import fit_pareto_nbd

pytestmark = pytest.mark.bench


def simulated(n: int) -> Histories:
    """Histories in whole days of BG/NBD customers with the parameters published for CDNOW.

    Fader, Hardie and Lee (2005), Marketing Science 24(2): r .243, alpha 4.414, a .793, b 2.426.
    """
    rng = np.random.default_rng(1)
    age_days = rng.integers(27 * 7, 39 * 7, n)
    rates = np.maximum(rng.gamma(0.243, 1 / 4.414, n), 1e-9) / 7
    last_order = rng.geometric(np.maximum(rng.beta(0.793, 2.426, n), 1e-9))
    frequency, at_days, last_days = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)
    active = np.arange(n)
    while active.size:
        at_days[active] += rng.exponential(1 / rates[active])
        active = active[at_days[active] < age_days[active]]
        frequency[active] += 1
        last_days[active] = at_days[active]
        active = active[frequency[active] < last_order[active]]
    return Histories(frequency, np.ceil(last_days) / 7, age_days / 7)


@pytest.fixture(scope="module")
def million() -> Histories:
    """One history for each of a million customers."""
    return simulated(1_000_000)


def fitted(histories: Histories) -> BetaGeometric:
    model = fit_bgnbd(histories, name="bg_nbd")
    assert model.fit is not None
    assert model.fit.converged
    return model


def test_ten_times_the_customers_cost_less_than_ten_times_the_fit(
    note: Any, best_seconds: Callable[..., float]
) -> None:
    few, many = simulated(10_000), simulated(100_000)
    ratio = note(
        "BG/NBD fit of 100,000 customers",
        "BG/NBD fit of 10,000 customers",
        seconds=best_seconds(lambda: fitted(many)),
        base_seconds=best_seconds(lambda: fitted(few)),
    )
    assert ratio < 15


def test_a_million_customers_are_fitted_twenty_times_faster_than_by_lifetimes(
    note: Any, best_seconds: Callable[..., float], million: Histories, lifetimes: ModuleType
) -> None:
    oracle = lifetimes.BetaGeoFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        theirs = best_seconds(lambda: oracle.fit(million.frequency, million.recency_weeks, million.age_weeks), runs=1)
    ours = best_seconds(lambda: fitted(million))
    ratio = note("BG/NBD fit of 1,000,000 customers", "the same by lifetimes", seconds=ours, base_seconds=theirs)

    assert fitted(million).parameters == pytest.approx(oracle.params_.to_dict(), rel=0.001)
    assert ratio < 1 / 20


def test_an_integral_for_each_customer_costs_less_than_ten_closed_forms(
    note: Any, best_seconds: Callable[..., float], million: Histories
) -> None:
    def pareto() -> None:
        model = fit_pareto_nbd(million)
        assert model.fit is not None
        assert model.fit.converged

    ratio = note(
        "Pareto/NBD fit of 1,000,000 customers",
        "BG/NBD fit of the same",
        seconds=best_seconds(pareto, runs=2),
        base_seconds=best_seconds(lambda: fitted(million), runs=2),
    )
    assert ratio < 10
