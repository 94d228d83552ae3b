"""What customer value costs: equal histories are counted once, so ten times the customers cost less."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from customers.bgnbd import fit_timing

pytestmark = pytest.mark.bench


def simulated(n: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Frequency, recency and age in weeks of BG/NBD customers with the parameters published for CDNOW, in whole days.

    Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, table 1: r .243, alpha 4.414, a .793, b 2.426.
    """
    rng = np.random.default_rng(1)
    age_days = rng.integers(27 * 7, 39 * 7, n)
    rates = np.maximum(rng.gamma(0.243, 1 / 4.414, n), 1e-9) / 7
    last_order = rng.geometric(np.maximum(rng.beta(0.793, 2.426, n), 1e-9))
    at_days = np.cumsum(rng.exponential(1 / rates[:, None], (n, 40)), axis=1)
    made = (at_days < age_days[:, None]) & (np.arange(1, 41) < last_order[:, None])
    frequency = made.sum(axis=1)
    recency_days = np.ceil(np.where(made, at_days, 0).max(axis=1))
    return frequency, recency_days / 7, age_days / 7


def test_ten_times_the_customers_cost_less_than_ten_times_the_fit(
    note: Any, best_seconds: Callable[..., float]
) -> None:
    seconds = {}
    for n in (10_000, 100_000):
        frequency, recency_weeks, age_weeks = simulated(n)

        def fit(
            frequency: NDArray[np.int64] = frequency,
            recency_weeks: NDArray[np.float64] = recency_weeks,
            age_weeks: NDArray[np.float64] = age_weeks,
        ) -> None:
            model = fit_timing(frequency, recency_weeks, age_weeks, family="bg_nbd")
            assert model.fit is not None
            assert model.fit.converged

        seconds[n] = best_seconds(fit)
    ratio = note(
        "BG/NBD fit of 100,000 customers",
        "BG/NBD fit of 10,000 customers",
        seconds=seconds[100_000],
        base_seconds=seconds[10_000],
    )
    assert ratio < 15
