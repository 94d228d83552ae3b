import numpy as np
import pytest

from customers.forecasts.priors import SHOPS, weak_prior
from customers.forecasts.timing import CANDIDATES, fitted_timing
from customers.models.bgnbd import fit_bgnbd
from customers.models.histories import Histories


def in_other_weeks(histories: Histories, factor: float) -> Histories:
    assert histories.log_gaps is not None
    gaps = histories.log_gaps + histories.frequency * np.log(factor)
    return Histories(histories.frequency, histories.recency_weeks * factor, histories.age_weeks * factor, gaps)


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_shop_seven_times_as_fast_gets_the_same_forecast(cdnow, name: str) -> None:
    slow = cdnow.histories.of(np.arange(0, 2357, 20))
    fast = in_other_weeks(slow, 1 / 7)

    expected = fitted_timing(slow, name).expected_orders(slow, horizon_weeks=35)
    assert fitted_timing(fast, name).expected_orders(fast, horizon_weeks=5) == pytest.approx(expected, rel=5e-3)


def test_the_prior_lies_at_the_geometric_mean_of_other_shops_in_the_shops_own_gaps(cdnow) -> None:
    histories = cdnow.histories
    prior = weak_prior(histories, "mbg_nbd", shops=("online_retail", "food_stall"))

    gap = histories.recency_weeks.sum() / histories.frequency.sum()
    r = (SHOPS["online_retail"]["mbg_nbd"][0] * SHOPS["food_stall"]["mbg_nbd"][0]) ** 0.5
    alpha = (SHOPS["online_retail"]["mbg_nbd"][1] * SHOPS["food_stall"]["mbg_nbd"][1]) ** 0.5 * gap
    assert np.exp(prior.means[:2]) == pytest.approx([r, alpha])


def test_thousands_of_customers_outvote_the_prior(cdnow) -> None:
    histories = cdnow.histories
    free = fit_bgnbd(histories, name="mbg_nbd")
    held = fitted_timing(histories, "mbg_nbd", shops=("online_retail", "food_stall"))

    assert free.fit is not None
    errors = np.sqrt(np.diag(free.fit.covariance))
    assert (np.abs(held.logs - free.logs) < 0.5 * errors).all()


@pytest.mark.parametrize("name", CANDIDATES)
@pytest.mark.parametrize(
    "histories",
    [
        Histories(np.zeros(30, int), np.zeros(30), np.linspace(1, 30, 30), np.zeros(30)),
        Histories(np.array([2]), np.array([3.0]), np.array([8.0]), np.array([0.8])),
        Histories(np.zeros(12, int), np.zeros(12), np.zeros(12), np.zeros(12)),
        Histories(np.full(5, 400), np.full(5, 57.0), np.full(5, 57.1), np.full(5, 400 * np.log(1 / 7))),
    ],
    ids=["nobody came back", "one customer", "all today", "every day"],
)
def test_a_history_that_says_nothing_still_gives_numbers(histories: Histories, name: str) -> None:
    model = fitted_timing(histories, name)

    assert model.fit is not None
    assert np.isfinite(model.fit.covariance).all()
    expected = model.expected_orders(histories, horizon_weeks=13)
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()
    assert np.isfinite(model.probability_alive(histories)).all()


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    histories = Histories(np.zeros(1, int), np.zeros(1), np.ones(1), np.zeros(1))
    with pytest.raises(ValueError, match="name must be one of bg_nbd, mbg_nbd, pareto_nbd, mbg_cnbd_k, got 'abe'"):
        fitted_timing(histories, "abe")
    with pytest.raises(ValueError, match="at least 1 customer, got 0"):
        fitted_timing(histories.of(np.zeros(1, bool)), "bg_nbd")
