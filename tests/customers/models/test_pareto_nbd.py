import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from customers.models.histories import Histories, standard_errors
from customers.models.pareto_nbd import ParetoNBD, fit_pareto_nbd, log_likelihoods
from customers.models.residual import discounted_expected_orders


def one(x: int, tx: float, T: float) -> Histories:
    return Histories(np.array([x]), np.array([tx], dtype=np.float64), np.array([T], dtype=np.float64))


def slow_likelihood(model: ParetoNBD, x: int, tx: float, T: float) -> float:
    """By the definition: a mean over both rates of each customer, instead of over the moment of departure."""
    rates, by_rate = special.roots_genlaguerre(80, model.r - 1)
    leavings, by_leaving = special.roots_genlaguerre(80, model.s - 1)
    rate, leaving = rates[:, None] / model.alpha, leavings / model.beta
    total = rate + leaving
    gone = leaving / total * (np.exp(-total * tx) - np.exp(-total * T))
    mean = by_rate @ (rate**x * (gone + np.exp(-total * T))) @ by_leaving
    return float(mean / special.gamma(model.r) / special.gamma(model.s))


@pytest.mark.parametrize(("x", "tx", "T"), [(0, 0, 12), (2, 5, 12), (4, 11, 12)])
def test_the_likelihood_is_a_mean_over_the_rates_of_customers(x: int, tx: float, T: float) -> None:
    model = ParetoNBD(2.0, 8.0, 1.5, 9.0)

    assert np.exp(model.log_likelihood(one(x, tx, T))) == pytest.approx(slow_likelihood(model, x, tx, T), rel=1e-6)


positive = st.floats(-8, 8).map(lambda log: float(np.exp(log)))


@given(
    r=positive,
    alpha=positive,
    s=positive,
    beta=positive,
    x=st.integers(0, 800),
    recency_share=st.floats(0, 1),
    T=st.floats(0, 500),
)
def test_the_slopes_are_those_of_the_likelihood(r, alpha, s, beta, x, recency_share, T) -> None:
    history = one(x, recency_share * T if x else 0.0, T)
    logs = np.log([r, alpha, s, beta])
    slopes = log_likelihoods(r, alpha, s, beta, history)[1][:, 0] * np.exp(logs)
    step = 1e-4
    for which, slope in enumerate(slopes):
        move = np.eye(4)[which] * step
        ahead, behind = (log_likelihoods(*np.exp(logs + side * move), history)[0][0] for side in (1, -1))
        # Central differences of values of up to some thousands: a relative step of 1e-4 leaves five digits.
        assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-4, abs=1e-4 * (1 + x))


@given(
    r=positive,
    alpha=positive,
    s=positive,
    beta=positive,
    x=st.integers(0, 800),
    recency_share=st.floats(0, 1),
    T=st.floats(0, 500),
    t=st.floats(0, 500),
    more=st.floats(0, 100),
)
def test_a_longer_wait_is_never_a_smaller_promise(r, alpha, s, beta, x, recency_share, T, t, more) -> None:
    model, history = ParetoNBD(r, alpha, s, beta), one(x, recency_share * T if x else 0.0, T)
    alive = model.probability_alive(history)[0]
    orders = [model.expected_orders(history, horizon_weeks=weeks)[0] for weeks in (t, t + more)]
    chance = [model.probability_of_order(history, horizon_weeks=weeks)[0] for weeks in (t, t + more)]

    assert 0 <= alive <= 1
    assert np.isfinite(orders).all()
    assert 0 <= orders[0] <= orders[1] * (1 + 1e-12)
    assert 0 <= chance[0] <= chance[1] + 1e-7


@given(x=st.integers(0, 400), recency_share=st.floats(0, 1), T=st.floats(0, 300), more=st.floats(0, 100))
def test_silence_makes_it_less_likely_that_a_customer_is_still_there(x, recency_share, T, more) -> None:
    model, tx = ParetoNBD(0.55, 10.6, 0.61, 11.7), recency_share * T if x else 0.0

    assert model.probability_alive(one(x, tx, T + more))[0] <= model.probability_alive(one(x, tx, T))[0] + 1e-9


def test_the_chance_of_an_order_is_what_silence_would_cost_the_likelihood() -> None:
    """P(no order in t | history) is the likelihood of the same orders seen t weeks later, over that of now."""
    model = ParetoNBD(0.55, 10.6, 0.61, 11.7)
    for x, tx, T in [(0, 0.0, 30.0), (3, 20.0, 39.0), (26, 30.9, 31.0)]:
        later, now = model.log_likelihood(one(x, tx, T + 13)), model.log_likelihood(one(x, tx, T))
        chance = model.probability_of_order(one(x, tx, T), horizon_weeks=13)
        assert chance == pytest.approx([-np.expm1(later - now)], rel=1e-9)


def test_expected_orders_are_smooth_where_the_published_formula_is_0_over_0() -> None:
    beside, at, beyond = (
        ParetoNBD(0.5, 9.0, s, 12.0).expected_orders(one(3, 20, 30), horizon_weeks=40)[0]
        for s in (1 - 1e-6, 1, 1 + 1e-6)
    )

    assert at == pytest.approx((beside + beyond) / 2, rel=1e-9)


@pytest.mark.parametrize("s", [0.05, 0.61, 1.0, 3.0])
@pytest.mark.parametrize("rate", [0.0018, 0.05])
def test_residual_orders_equal_tricomis_function(s: float, rate: float) -> None:
    """Fader, Hardie and Lee (2005, JMR 42), equation 6, as mean rate x mean discounted time x P(alive)."""
    model = ParetoNBD(0.55, 10.6, s, 11.7)
    for x, tx, T in [(0, 0.0, 0.0), (2, 20.0, 39.0), (26, 30.9, 31.0)]:
        b = model.beta + T
        published = (model.r + x) / (model.alpha + T) * b * special.hyperu(1, 2 - s, rate * b)
        published *= model.probability_alive(one(x, tx, T))[0]
        residual = discounted_expected_orders(model, one(x, tx, T), rate_per_week=rate)
        assert residual == pytest.approx([published], rel=1e-5)


def test_predictions_stay_finite_where_the_parameters_run_to_their_bounds() -> None:
    edge = np.exp(12.0)
    histories = Histories(np.array([0, 3, 900]), np.array([0.0, 5.0, 50.0]), np.array([9.0, 9.0, 500.0]))
    for letters in [(edge, edge, 1 / edge, edge), (1 / edge, edge, edge, 1 / edge), (1.0, 1 / edge, edge, edge)]:
        model = ParetoNBD(*letters)
        for answer in (
            model.expected_orders(histories, horizon_weeks=104),
            model.probability_of_order(histories, horizon_weeks=104),
            model.probability_alive(histories),
        ):
            assert np.isfinite(answer).all()
            assert (answer >= 0).all()
        assert np.isfinite(model.log_likelihood(histories))


def simulated(n: int, seed: int, *, letters: tuple[float, float, float, float]) -> Histories:
    """Histories in exact time of customers drawn from a Pareto/NBD."""
    r, alpha, s, beta = letters
    rng = np.random.default_rng(seed)
    age = rng.integers(10, 80, n).astype(np.float64)
    active = np.minimum(age, rng.exponential(size=n) / np.maximum(rng.gamma(s, 1 / beta, n), 1e-300))
    frequency = rng.poisson(rng.gamma(r, 1 / alpha, n) * active)
    # The last of x orders at random moments: their maximum.
    last = np.where(frequency > 0, active * rng.random(n) ** (1 / np.maximum(frequency, 1)), 0.0)
    return Histories(frequency.astype(np.int64), last, age)


def test_the_fit_recovers_the_parameters_that_made_the_orders() -> None:
    truth = {"r": 0.8, "alpha": 6.0, "s": 0.7, "beta": 10.0}
    model = fit_pareto_nbd(simulated(20_000, 5, letters=tuple(truth.values())))

    assert model.fit.converged
    for name, value in truth.items():
        # Four standard errors: a false alarm about once in 4,000 seeds for the four together.
        assert abs(model.parameters[name] - value) < 4 * standard_errors(model)[name]


def test_a_shop_without_a_customer_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 customer, got 0"):
        fit_pareto_nbd(simulated(1, 1, letters=(1, 1, 1, 1)).of(np.zeros(0, dtype=np.int64)))


class TestBesideLifetimes:
    """The archived package that most shops know: another implementation, with Gauss' function."""

    @pytest.mark.parametrize(
        "letters", [(0.55, 10.6, 0.61, 11.7), (1.8, 5.0, 0.4, 20.0), (0.3, 20.0, 2.5, 7.0), (3.0, 30.0, 1.2, 30.0)]
    )
    def test_predictions_agree(self, lifetimes, letters) -> None:
        model, oracle = ParetoNBD(*letters), lifetimes.ParetoNBDFitter()
        oracle.params_ = dict(zip(("r", "alpha", "s", "beta"), letters, strict=True))
        rng = np.random.default_rng(6)
        x, T = rng.integers(0, 40, 200), rng.uniform(1, 100, 200)
        tx = np.where(x > 0, T * rng.random(200) ** 0.3, 0.0)
        histories = Histories(x.astype(np.int64), tx, T)

        alive = oracle.conditional_probability_alive(x, tx, T)
        assert model.probability_alive(histories) == pytest.approx(alive, rel=1e-6, abs=1e-9)
        orders = oracle.conditional_expected_number_of_purchases_up_to_time(26, x, tx, T)
        assert model.expected_orders(histories, horizon_weeks=26) == pytest.approx(orders, rel=1e-6, abs=1e-9)

    def test_the_fit_is_as_likely_or_likelier(self, lifetimes) -> None:
        histories = simulated(1_500, 9, letters=(0.8, 6.0, 0.7, 10.0))
        oracle = lifetimes.ParetoNBDFitter()
        with warnings.catch_warnings():
            # Its numerical optimiser strays to where its logarithms are of 0.
            warnings.simplefilter("ignore", RuntimeWarning)
            oracle.fit(histories.frequency, histories.recency_weeks, histories.age_weeks)
        theirs = ParetoNBD(**oracle.params_.to_dict())
        model = fit_pareto_nbd(histories)

        assert model.fit.log_likelihood >= theirs.log_likelihood(histories) - 1e-6
        assert model.parameters == pytest.approx(theirs.parameters, rel=0.01)
