import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from customers.models.bgnbd import BetaGeometric, fit_bgnbd
from customers.models.histories import Histories, standard_errors


def histories(x, tx, T) -> Histories:
    return Histories(np.array(x, dtype=np.int64), np.array(tx, dtype=np.float64), np.array(T, dtype=np.float64))


def predict(model, x, tx, T, t):
    return model.expected_orders(histories(x, tx, T), horizon_weeks=t)


def alive(model, x, tx, T):
    return model.probability_alive(histories(x, tx, T))


def test_a_one_time_customer_never_leaves_in_bg_nbd_and_may_leave_in_mbg_nbd() -> None:
    parameters = {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 1.6}

    assert alive(BetaGeometric("bg_nbd", **parameters), [0], [0], [30]).tolist() == [1.0]
    # By hand: odds of having left are a / b when nothing was ordered since.
    assert alive(BetaGeometric("mbg_nbd", **parameters), [0], [0], [0]) == pytest.approx([1.6 / (0.9 + 1.6)])


def slow_expected_orders(model, x, tx, T, t):
    """The same expectation by integrating over the leaving probability instead of by the closed form."""
    leaving = stats.beta(model.a, model.b + model.shift + x)
    tau = t / (model.alpha + T)

    def orders(quantile):
        p = leaving.ppf(quantile)
        return -np.expm1(-(model.r + x) * np.log1p(p * tau)) / p if p > 1e-300 else (model.r + x) * tau

    return integrate.quad(orders, 0, 1, limit=200)[0] * alive(model, [x], [tx], [T])[0]


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize(
    ("r", "alpha", "a", "b", "x", "tx", "T", "t"),
    [
        (0.24, 4.4, 0.79, 2.4, 3, 30, 35, 50),
        (0.24, 4.4, 1.0, 2.4, 3, 30, 35, 50),
        (0.24, 4.4, 1.00005, 2.4, 3, 30, 35, 50),
        (0.5, 5.0, 0.8, 3.0, 800, 30, 30, 50),
        (0.5, 5.0, 200.0, 3000.0, 5, 30, 32, 50),
        (0.5, 5.0, 1e-5, 1e5, 5, 30, 30, 500),
    ],
)
def test_expected_orders_equal_an_integral_where_the_closed_form_is_delicate(
    family, r, alpha, a, b, x, tx, T, t
) -> None:
    model = BetaGeometric(family, r, alpha, a, b)

    assert predict(model, [x], [tx], [T], t)[0] == pytest.approx(slow_expected_orders(model, x, tx, T, t), rel=1e-6)


positive = st.floats(-4, 4).map(lambda log: float(np.exp(log)))


@given(
    family=st.sampled_from(["bg_nbd", "mbg_nbd"]),
    r=positive,
    alpha=positive,
    a=positive,
    b=positive,
    x=st.integers(0, 500),
    recency_share=st.floats(0, 1),
    T=st.floats(0, 300),
    t=st.floats(0, 300),
    more=st.floats(0, 100),
)
def test_a_longer_horizon_never_lowers_the_expectation(family, r, alpha, a, b, x, recency_share, T, t, more) -> None:
    model = BetaGeometric(family, r, alpha, a, b)
    near = predict(model, [x], [recency_share * T], [T], t)[0]
    far = predict(model, [x], [recency_share * T], [T], t + more)[0]

    assert np.isfinite([near, far]).all()
    assert near >= 0
    # Rounding inside the hypergeometric series: nine digits hold.
    assert far >= near - 1e-9 * (1 + near)


@pytest.mark.parametrize(("x", "T"), [(97, 0.0), (0, 0.0), (3, 2.0)])
def test_an_expectation_is_right_where_the_hypergeometric_function_of_scipy_gives_up(x: int, T: float) -> None:
    """With r = a the function has a whole-number case. Against the definition: the mean over p ~ Beta(a, b + x) of

    [1 - (1 + p t / (alpha + T)) ** -(r + x)] / p, the orders of somebody who leaves after each with chance p.
    """
    r = a = float(np.e)
    alpha, b, t = 1.0, 2.0, 40.0
    tau = t / (alpha + T)
    leaving = stats.beta(a, b + x)
    mean, _ = integrate.quad(lambda p: leaving.pdf(p) * -np.expm1(-(r + x) * np.log1p(p * tau)) / p, 0, 1, limit=200)
    model = BetaGeometric("bg_nbd", r, alpha, a, b)
    assert predict(model, [x], [T], [T], t)[0] == pytest.approx(mean * alive(model, [x], [T], [T])[0], rel=1e-6)


def test_an_expectation_stays_finite_where_the_parameters_run_to_their_bounds() -> None:
    edge = np.exp(12.0)
    for r, alpha, a, b in [(edge, edge, 1 / edge, edge), (1 / edge, edge, edge, 1 / edge), (1.0, 1 / edge, edge, edge)]:
        orders = predict(BetaGeometric("mbg_nbd", r, alpha, a, b), [0, 3, 400], [0, 5, 50], [9, 9, 60], 104)
        assert np.isfinite(orders).all()
        assert (orders >= 0).all()


def test_the_fit_recovers_the_parameters_that_made_the_orders() -> None:
    rng = np.random.default_rng(5)
    truth = {"r": 0.8, "alpha": 5.0, "a": 0.7, "b": 2.5}
    n = 20_000
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], n)
    leaving = rng.beta(truth["a"], truth["b"], n)
    age = rng.integers(10, 60, n).astype(np.float64)
    frequency, recency, clock = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)
    active = np.ones(n, dtype=bool)
    while active.any():
        clock[active] += rng.exponential(1 / rate[active])
        active &= clock < age
        frequency[active] += 1
        recency[active] = clock[active]
        active &= rng.random(n) >= leaving

    model = fit_bgnbd(Histories(frequency, recency, age), name="bg_nbd")

    assert model.fit.converged
    for name, value in truth.items():
        # Four standard errors: a false alarm about once in 4,000 seeds for the four together.
        assert abs(model.parameters[name] - value) < 4 * standard_errors(model)[name]


@pytest.mark.parametrize("seed", [1, 3, 4, 7])
def test_a_large_shop_of_customers_all_alike_is_not_refused(seed) -> None:
    """100,000 customers order at one rate and never leave, so the likelihood rises for ever, by next to nothing.

    What is left to gain is 0.01 to 0.05 of a log-likelihood of two million; asking for less than 0.01 of a shop of any
    size refuses each of these four.
    """
    rng = np.random.default_rng(seed)
    age_days = rng.integers(70, 364, 100_000)
    frequency = rng.poisson(0.3 * age_days / 7)
    last = rng.random(100_000) ** (1 / np.maximum(frequency, 1))
    recency = np.where(frequency > 0, np.floor(age_days * last), 0.0) / 7
    model = fit_bgnbd(Histories(frequency, recency, age_days / 7), name="bg_nbd")

    assert model.fit.converged
    # Poisson at 0.3 a week for everybody: 3 in the next ten weeks, give or take what they ordered.
    assert predict(model, [12], [39], [40], 10) == pytest.approx([3.0], rel=0.02)


def test_equal_histories_weigh_as_many_times_as_they_occur() -> None:
    rng = np.random.default_rng(8)
    x = rng.poisson(rng.gamma(1.0, 2.0, 300))
    T = rng.integers(100, 250, 300) / 7
    tx = np.where(x > 0, T * rng.random(300) ** 0.3, 0.0)
    once = fit_bgnbd(Histories(x, tx, T), name="mbg_nbd")
    thrice = fit_bgnbd(Histories(np.tile(x, 3), np.tile(tx, 3), np.tile(T, 3)), name="mbg_nbd")

    assert thrice.fit.log_likelihood == pytest.approx(3 * once.fit.log_likelihood, rel=1e-9)
    # Three times the information: standard errors shrink by the root of 3.
    assert standard_errors(thrice)["r"] == pytest.approx(standard_errors(once)["r"] / 3**0.5, rel=1e-3)


@pytest.mark.parametrize(("tx", "T"), [(5.0, 4.0), (-1.0, 4.0), (float("nan"), 4.0)])
def test_an_impossible_history_is_refused(tx, T) -> None:
    model = BetaGeometric("bg_nbd", 1, 1, 1, 1)

    with pytest.raises(ValueError, match="a history must have"):
        predict(model, [1], [tx], [T], 1)


def test_a_negative_horizon_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon_weeks must be at least 0, got -1"):
        predict(BetaGeometric("bg_nbd", 1, 1, 1, 1), [0], [0], [1], -1)


@pytest.mark.parametrize(("family", "fitter"), [("bg_nbd", "BetaGeoFitter"), ("mbg_nbd", "ModifiedBetaGeoFitter")])
@pytest.mark.parametrize("letters", [(0.24, 4.4, 0.8, 2.4), (1.8, 5.0, 2.5, 4.0), (0.5, 20.0, 0.3, 1.2)])
def test_predictions_agree_with_lifetimes(lifetimes, family, fitter, letters) -> None:
    model, oracle = BetaGeometric(family, *letters), getattr(lifetimes, fitter)()
    oracle.params_ = dict(zip(("r", "alpha", "a", "b"), letters, strict=True))
    rng = np.random.default_rng(6)
    x, T = rng.integers(0, 30, 200), rng.uniform(1, 100, 200)
    tx = np.where(x > 0, T * rng.random(200) ** 0.3, 0.0)

    assert alive(model, x, tx, T) == pytest.approx(oracle.conditional_probability_alive(x, tx, T), rel=1e-6)
    orders = oracle.conditional_expected_number_of_purchases_up_to_time(26, x, tx, T)
    assert predict(model, x, tx, T, 26) == pytest.approx(orders, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("family", "fitter"), [("bg_nbd", "BetaGeoFitter"), ("mbg_nbd", "ModifiedBetaGeoFitter")])
def test_the_fit_is_as_likely_as_that_of_lifetimes_or_likelier(lifetimes, cdnow, family, fitter) -> None:
    oracle = getattr(lifetimes, fitter)()
    with warnings.catch_warnings():
        # Its optimiser strays to where its logarithms are of 0.
        warnings.simplefilter("ignore", RuntimeWarning)
        oracle.fit(cdnow.frequency, cdnow.recency_weeks, cdnow.age_weeks)
    theirs, model = BetaGeometric(family, **oracle.params_.to_dict()), fit_bgnbd(cdnow.histories, name=family)

    assert model.fit.log_likelihood >= theirs.log_likelihood(cdnow.histories) - 1e-6
    assert model.parameters == pytest.approx(theirs.parameters, rel=0.005)
