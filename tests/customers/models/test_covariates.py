import numpy as np
import pytest
from scipy import stats

from customers.models.bgnbd import fit_bgnbd
from customers.models.covariate_fit import Penalty, fit_with_covariates
from customers.models.covariates import CovariateModel, Covariates, likelihood_ratio, no_covariates
from customers.models.histories import Histories
from customers.models.pareto_nbd import fit_pareto_nbd

LETTERS = {
    "pareto_nbd": {"r": 0.8, "alpha": 6.0, "s": 0.7, "beta": 12.0},
    "bg_nbd": {"r": 0.8, "alpha": 6.0, "a": 0.8, "b": 3.0},
    "mbg_nbd": {"r": 0.8, "alpha": 6.0, "a": 0.8, "b": 3.0},
}
MOST_ORDERS = 300
every_model = pytest.mark.parametrize("name", list(LETTERS))


class Simulation:
    """Customers of a model whose covariates really act as given: when they order, how long they stay and are known."""

    def __init__(self, name: str, n: int, seed: int, z: np.ndarray | None = None, buys=(), leaves=()) -> None:
        r, alpha, third, fourth = LETTERS[name].values()
        self.rng = rng = np.random.default_rng(seed)
        z = np.zeros((n, 0)) if z is None else z
        self.age = rng.uniform(20, 60, n)
        rate = rng.gamma(r, 1 / alpha, n) * np.exp(z @ np.array(buys, dtype=float))
        factor = np.exp(z @ np.array(leaves, dtype=float))
        self.lifetime, last = np.full(n, np.inf), np.full(n, MOST_ORDERS)
        if name == "pareto_nbd":
            self.lifetime = rng.exponential(size=n) / np.maximum(rng.gamma(third, 1 / fourth, n) * factor, 1e-300)
        else:
            last = rng.geometric(np.maximum(rng.beta(third * factor, fourth), 1e-12)) - (name == "mbg_nbd")
        at = np.cumsum(rng.exponential(size=(n, MOST_ORDERS)) / rate[:, None], axis=1)
        made = (at <= np.minimum(self.age, self.lifetime)[:, None]) & (np.arange(MOST_ORDERS) < last[:, None])
        self.at = np.where(made, at, np.inf)

    def histories(self, until: np.ndarray) -> Histories:
        seen = self.at <= until[:, None]
        return Histories(seen.sum(axis=1), np.where(seen, self.at, 0.0).max(axis=1), until)


def single(values: np.ndarray) -> Covariates:
    return Covariates(values[:, None], ("watched",))


def interval(model: CovariateModel, parameter: str, level: float) -> tuple[float, float]:
    at = list(model.parameters).index(parameter)
    return stats.norm.interval(level, model.fit.logs[at], model.fit.standard_errors[at])


@every_model
def test_the_fit_recovers_the_coefficients_that_acted(name: str) -> None:
    rng, n = np.random.default_rng(3), 6_000
    # A standardised number, a yes-or-no and seconds by the thousand: scales that differ by three orders of magnitude.
    z = np.stack([rng.normal(size=n), rng.random(n) < 0.3, rng.gamma(4.0, 500.0, n)], axis=1)
    buys, leaves = (0.3, -0.5, 0.0002), (-0.4, 0.6, 0.0)
    simulation = Simulation(name, n, 4, z, buys, leaves)
    covariates = Covariates(z, ("likes", "reseller", "seconds"))
    model = fit_with_covariates(name, simulation.histories(simulation.age), purchase=covariates, dropout=covariates)

    assert model.fit.converged
    truth = np.array([*LETTERS[name].values(), *buys, *leaves])
    found = np.array(list(model.parameters.values()))
    # Four standard errors: a false alarm about once in 1,500 seeds for the ten together.
    assert (abs(found - truth) < 4 * model.fit.standard_errors).all()


def test_watching_that_causes_nothing_seems_to_keep_customers_until_it_is_measured_up_to_an_order() -> None:
    simulation = Simulation("pareto_nbd", 4_000, 7)
    histories = simulation.histories(simulation.age)
    # Everybody watches at a pace of their own, as long as they are there; orders know nothing of it.
    pace = simulation.rng.gamma(3.0, 1 / 3, len(histories))

    def watched(until: np.ndarray) -> np.ndarray:
        return np.log1p(simulation.rng.poisson(20 * pace * np.minimum(simulation.lifetime, until)))

    all_along = single(watched(simulation.age))
    naive = fit_with_covariates("pareto_nbd", histories, purchase=all_along, dropout=all_along)
    again = np.isfinite(simulation.at[:, 0])
    second = simulation.at[again, 0]
    up_to_order = single(watched(np.where(again, simulation.at[:, 0], 0.0))[again])
    honest = fit_with_covariates(
        "pareto_nbd",
        histories.of(again),
        purchase=up_to_order,
        dropout=up_to_order,
        landmark=Histories(np.ones(second.size, dtype=np.int64), second, second),
    )

    # Leaving rates that more than halve for each e-fold watched: as strong as it is false.
    assert interval(naive, "dropout.watched", 0.999)[1] < np.log(1 / 2)
    for parameter in ("purchase.watched", "dropout.watched"):
        low, high = interval(honest, parameter, 0.999)
        assert low < 0 < high


def test_before_a_landmark_weeks_after_the_first_order_intensities_do_not_leak() -> None:
    simulation = Simulation("pareto_nbd", 4_000, 8)
    histories, landmark = simulation.histories(simulation.age), simulation.histories(np.full(4_000, 4.0))
    per_session = single(simulation.rng.gamma(5.0, 60.0, 4_000))
    model = fit_with_covariates("pareto_nbd", histories, purchase=per_session, dropout=per_session, landmark=landmark)

    for parameter in ("purchase.watched", "dropout.watched"):
        low, high = interval(model, parameter, 0.999)
        assert low < 0 < high


@every_model
def test_without_covariates_it_is_the_plain_model(name: str) -> None:
    simulation = Simulation(name, 800, 2)
    histories = simulation.histories(simulation.age)
    none = no_covariates(len(histories))
    model = fit_with_covariates(name, histories, purchase=none, dropout=none)
    plain = fit_pareto_nbd(histories) if name == "pareto_nbd" else fit_bgnbd(histories, name=name)

    assert model.parameters == pytest.approx(plain.parameters, rel=1e-3)
    assert model.fit.log_likelihood == pytest.approx(plain.fit.log_likelihood, abs=1e-6)
    same = plain.at(model.logs)
    assert model.expected_orders(histories, horizon_weeks=13) == pytest.approx(
        same.expected_orders(histories, horizon_weeks=13)
    )


@every_model
def test_a_yes_or_no_is_one_shop_split_in_two_rates(name: str) -> None:
    """Twice the purchase rate is as good as orders on a clock that runs twice as fast: alpha halves, and so it must."""
    simulation = Simulation(name, 5, 2)
    histories = simulation.histories(simulation.age)
    logs = np.array([*np.log(list(LETTERS[name].values())), np.log(2.0)])
    one, none = Covariates(np.ones((5, 1)), ("keen",)), no_covariates(5)
    model = CovariateModel(name, logs, one, none, n_free=5)
    plain = CovariateModel(name, logs[:4] - np.array([0, np.log(2.0), 0, 0]), none, none, n_free=4)

    assert model.expected_orders(histories, horizon_weeks=9) == pytest.approx(
        plain.expected_orders(histories, horizon_weeks=9)
    )
    assert model.probability_of_order(histories, horizon_weeks=9) == pytest.approx(
        plain.probability_of_order(histories, horizon_weeks=9)
    )
    assert model.log_likelihood(histories) == pytest.approx(plain.log_likelihood(histories))


def covariates_that_do_nothing(n: int) -> tuple[Histories, Covariates]:
    simulation = Simulation("bg_nbd", n, 21)
    noise = Covariates(np.random.default_rng(22).normal(size=(n, 1)), ("noise",))
    return simulation.histories(simulation.age), noise


def test_a_likelihood_ratio_is_that_of_the_chi_square_distribution() -> None:
    histories, noise = covariates_that_do_nothing(1_000)
    none = no_covariates(1_000)
    full = fit_with_covariates("bg_nbd", histories, purchase=noise, dropout=noise)
    plain = fit_with_covariates("bg_nbd", histories, purchase=none, dropout=none)
    test = likelihood_ratio(full, plain)

    assert test.degrees == 2
    assert test.statistic == pytest.approx(2 * (full.fit.log_likelihood - plain.fit.log_likelihood))
    # With two degrees the tail is exp(-x / 2). Noise explains nothing: 1 in 1,000 such seeds would fail.
    assert test.p_value == pytest.approx(np.exp(-test.statistic / 2))
    assert test.p_value > 0.001
    with pytest.raises(ValueError, match="the second with fewer free parameters, got 4 and 6"):
        likelihood_ratio(plain, full)


def test_equal_coefficients_are_one_and_cost_likelihood() -> None:
    histories, noise = covariates_that_do_nothing(1_000)
    free = fit_with_covariates("bg_nbd", histories, purchase=noise, dropout=noise)
    equal = fit_with_covariates("bg_nbd", histories, purchase=noise, dropout=noise, equal=["noise"])

    assert equal.parameters["purchase.noise"] == pytest.approx(equal.parameters["dropout.noise"])
    assert likelihood_ratio(free, equal).degrees == 1
    assert equal.fit.log_likelihood <= free.fit.log_likelihood


def test_a_penalty_draws_coefficients_to_0_and_a_small_one_hardly() -> None:
    simulation_z = np.random.default_rng(5).normal(size=(1_500, 1))
    simulation = Simulation("bg_nbd", 1_500, 6, simulation_z, (0.6,), (0.0,))
    histories, covariates = simulation.histories(simulation.age), Covariates(simulation_z, ("likes",))
    none = no_covariates(1_500)
    sizes = [
        fit_with_covariates(
            "bg_nbd", histories, purchase=covariates, dropout=none, penalty=Penalty(purchase=penalty)
        ).parameters["purchase.likes"]
        for penalty in (0.0, 0.001, 1.0, 1000.0)
    ]

    assert sizes[1] == pytest.approx(sizes[0], abs=0.01)
    assert sizes[0] > sizes[1] > sizes[2] > sizes[3] > 0
    assert sizes[3] < 0.01


def test_a_million_rupiah_and_one_million_say_the_same() -> None:
    z = np.random.default_rng(5).gamma(2.0, 1.0, (800, 1))
    simulation = Simulation("mbg_nbd", 800, 6, z, (0.3,), (0.2,))
    histories = simulation.histories(simulation.age)
    small, large = (Covariates(z * unit, ("spent",)) for unit in (1, 1e6))
    one, other = (fit_with_covariates("mbg_nbd", histories, purchase=z, dropout=z) for z in (small, large))

    assert other.parameters["purchase.spent"] * 1e6 == pytest.approx(one.parameters["purchase.spent"], rel=1e-4)
    assert other.parameters["alpha"] == pytest.approx(one.parameters["alpha"], rel=1e-4)


def test_given_asks_about_other_customers_and_refuses_other_covariates() -> None:
    histories, noise = covariates_that_do_nothing(500)
    model = fit_with_covariates("bg_nbd", histories, purchase=noise, dropout=no_covariates(500))
    rows = np.array([3, 3, 8])
    other = model.given(purchase=noise.of(rows), dropout=no_covariates(3))

    assert other.probability_alive(histories.of(rows)) == pytest.approx(model.probability_alive(histories)[rows])
    with pytest.raises(ValueError, match="histories must be of 3 customers, as the covariates, got 500"):
        other.probability_alive(histories)
    with pytest.raises(ValueError, match="covariates must be"):
        model.given(purchase=no_covariates(3), dropout=no_covariates(3))


def test_what_cannot_be_fitted_is_refused_with_its_reason() -> None:
    histories, noise = covariates_that_do_nothing(200)
    none = no_covariates(200)
    constant = Covariates(np.ones((200, 1)), ("member",))
    with pytest.raises(ValueError, match="covariate member must differ between customers"):
        fit_with_covariates("bg_nbd", histories, purchase=constant, dropout=none)
    with pytest.raises(ValueError, match="an equal covariate must be in both processes, got noise"):
        fit_with_covariates("bg_nbd", histories, purchase=noise, dropout=none, equal=["noise"])
    with pytest.raises(ValueError, match="of the same 200 customers"):
        fit_with_covariates("bg_nbd", histories, purchase=noise, dropout=no_covariates(3))
    later = Histories(histories.frequency, histories.recency_weeks, histories.age_weeks + 1)
    with pytest.raises(ValueError, match="must be the beginning of the histories"):
        fit_with_covariates("bg_nbd", histories, purchase=noise, dropout=none, landmark=later)
    with pytest.raises(ValueError, match="covariate noise must be finite, got nan in row 1"):
        Covariates(np.array([[0.0], [np.nan]]), ("noise",))
    with pytest.raises(ValueError, match="one name of its own per column"):
        Covariates(np.zeros((2, 2)), ("one", "one"))
