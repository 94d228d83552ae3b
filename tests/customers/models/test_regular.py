import numpy as np
import pytest
from scipy import special, stats

from customers.models.bgnbd import BetaGeometric, Name, fit_bgnbd
from customers.models.histories import Histories, distinct_histories, new_customer
from customers.models.regular import (
    RegularGeometric,
    _log_likelihood,
    fit_regular,
    likeliest_regularity,
)
from customers.models.residual import discounted_expected_orders

both_families = pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd"])


def simulated(k: int, *, n: int = 1500, seed: int = 3) -> Histories:
    """Customers of a shop 60 weeks old with Erlang-k gaps of four weeks or so, who leave after one order in ten."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 60, n)
    gaps = rng.gamma(k, (4.0 / rng.gamma(4, 1 / 4, n))[:, None] / k, (n, 80))
    at = np.cumsum(gaps, axis=1)
    stays = rng.geometric(np.maximum(rng.beta(2, 18, n), 1e-9))
    made = (at < age[:, None]) & (np.arange(1, 81) < stays[:, None])
    return Histories(
        made.sum(axis=1), np.where(made, at, 0).max(axis=1), age, np.where(made, np.log(gaps), 0).sum(axis=1)
    )


@both_families
def test_exponential_gaps_are_bg_nbd_and_mbg_nbd_exactly(family: Name, cdnow) -> None:
    histories = cdnow.histories
    model, plain = fit_regular(histories, family=family, k=1), fit_bgnbd(histories, name=family)

    assert model.fit is not None
    assert plain.fit is not None
    assert model.fit.log_likelihood == pytest.approx(plain.fit.log_likelihood, abs=1e-9)
    assert model.parameters == pytest.approx(plain.parameters)
    same = model.at(plain.logs)
    assert same.probability_alive(histories) == pytest.approx(plain.probability_alive(histories), abs=1e-12)
    for weeks in (1, 39, 200):
        assert same.expected_orders(histories, horizon_weeks=weeks) == pytest.approx(
            plain.expected_orders(histories, horizon_weeks=weeks), rel=1e-6, abs=1e-7
        )
        assert same.probability_of_order(histories, horizon_weeks=weeks) == pytest.approx(
            plain.probability_of_order(histories, horizon_weeks=weeks), abs=1e-12
        )


def test_the_far_future_is_that_of_mbg_nbd_where_gaps_are_exponential(cdnow) -> None:
    histories = cdnow.histories.of(np.arange(0, 2357, 50))
    plain = BetaGeometric("mbg_nbd", 0.52, 6.2, 0.9, 1.6)
    same = RegularGeometric("mbg_nbd", 1, 0.52, 6.2, 0.9, 1.6)

    for rate in (0.0005, 0.02):
        assert discounted_expected_orders(same, histories, rate_per_week=rate) == pytest.approx(
            discounted_expected_orders(plain, histories, rate_per_week=rate), rel=1e-5, abs=1e-6
        )


@both_families
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_likelihood_is_that_of_erlang_gaps_and_departures_after_orders(family: Name, k: int) -> None:
    # Orders in weeks 0, 2 and 5, seen until week 9; written out as a density and integrated over rate and departure.
    gaps, silence = (2.0, 3.0), 4.0
    r, alpha, a, b = 0.9, 2.5, 1.2, 3.4
    model = RegularGeometric(family, k, r, alpha, a, b)
    may_leave_first = family == "mbg_nbd"

    rate, of_rate = np.polynomial.legendre.leggauss(120)
    rate, of_rate = 10 * (rate + 1), 10 * of_rate
    p, of_p = special.roots_jacobi(12, b - 1, a - 1)
    p, of_p = (p[:, None] + 1) / 2, of_p / of_p.sum()

    orders = np.prod([stats.gamma.pdf(gap, k, scale=1 / rate) for gap in gaps], axis=0)
    stayed = (1 - p) ** (2 if may_leave_first else 1)
    end = p + (1 - p) * stats.gamma.sf(silence, k, scale=1 / rate)
    density = orders * stayed * end * stats.gamma.pdf(rate, r, scale=1 / alpha)
    # Summed without a matrix product, whose threads wait for one another on a busy machine.
    likelihood = (of_p[:, None] * density * of_rate).sum()
    history = Histories(np.array([2]), np.array([5.0]), np.array([9.0]), np.array([np.log(2 * 3)]))
    assert model.log_likelihood(history) == pytest.approx(np.log(likelihood), rel=1e-6)


@both_families
@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_gradient_is_that_of_the_likelihood(family: Name, k: int) -> None:
    distinct, shift = distinct_histories(simulated(2, n=50)), 1 if family == "mbg_nbd" else 0
    logs, step = np.log([0.7, 2.0, 0.8, 5.0]), 1e-5
    numeric = [
        (_log_likelihood(logs + e, distinct, k, shift)[0] - _log_likelihood(logs - e, distinct, k, shift)[0])
        / (2 * step)
        for e in np.eye(4) * step
    ]

    assert _log_likelihood(logs, distinct, k, shift)[1] == pytest.approx(numeric, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_the_regularity_of_simulated_customers_is_found_and_their_gap_with_it(k: int) -> None:
    model = likeliest_regularity(simulated(k))

    assert model.k == k
    # The mean rate is 1 / 4 a week, in steps k / 4; gamma(4) customers give it a standard error of about 2 %.
    assert model.r / model.alpha == pytest.approx(k / 4, rel=0.1)


def test_cdnow_customers_order_at_random_times(cdnow) -> None:
    assert likeliest_regularity(cdnow.histories).k == 1


def test_a_silence_says_more_of_a_regular_customer() -> None:
    # Ten orders a week apart, and then four weeks of nothing.
    silent = Histories(np.array([10]), np.array([10.0]), np.array([14.0]), np.array([0.0]))
    alive = [RegularGeometric("mbg_nbd", k, 2.0, 2.0 / k, 1.0, 9.0).probability_alive(silent)[0] for k in (1, 2, 4, 8)]

    assert np.all(np.diff(alive) < 0)


def test_a_new_customer_who_cannot_leave_orders_as_a_renewal_process() -> None:
    # Everybody alike (r / alpha = 2 steps a week, r huge), nobody leaves: floor(Poisson(2 t) / 2) on average.
    model = RegularGeometric("bg_nbd", 2, 1e7, 5e6, 1e-9, 1e3)
    steps = np.arange(60)
    expected = (steps // 2 * np.exp(steps * np.log(12) - 12 - special.gammaln(steps + 1))).sum()

    assert model.expected_orders(new_customer(), horizon_weeks=6) == pytest.approx([expected], rel=1e-5)


def test_regular_timing_without_gaps_is_refused() -> None:
    histories = Histories(np.array([1]), np.array([1.0]), np.array([2.0]))
    with pytest.raises(ValueError, match="k = 2 needs log_gaps"):
        fit_regular(histories, k=2)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        RegularGeometric("bg_nbd", 0, 1, 1, 1, 1)
