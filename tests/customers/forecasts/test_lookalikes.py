import numpy as np
import pytest

from customers.forecasts.lookalikes import ALIVE_STEP, lookalikes
from customers.models.bgnbd import BetaGeometric
from customers.models.histories import Histories, TimingModel
from customers.models.pareto_nbd import ParetoNBD
from customers.models.regular import RegularGeometric

MODELS: list[TimingModel] = [
    BetaGeometric("bg_nbd", 0.243, 4.414, 0.793, 2.426),
    ParetoNBD(0.553, 10.578, 0.606, 11.669),
    RegularGeometric("mbg_nbd", 3, 0.6, 2.0, 0.8, 3.0),
]


def histories(n: int) -> Histories:
    """Two years of all sorts of customers, most with few orders."""
    rng = np.random.default_rng(1)
    age = rng.integers(1, 730, n)
    frequency = np.minimum(rng.geometric(0.15, n) - 1, age)
    recency = np.where(frequency > 0, np.maximum(rng.integers(0, age + 1), frequency), 0)
    return Histories(frequency.astype(np.int64), recency / 7, age / 7)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_customers_of_a_kind_look_alike(model: TimingModel) -> None:
    customers = histories(30_000)
    found = lookalikes(model, customers, most_of_their_own=100)
    kind = found.histories.of(found.kind_of)

    assert len(found.histories) < 15_000
    # One step of P(alive), and a step of 5 % in numbers or of one day or order where 5 % are less.
    assert np.abs(model.probability_alive(kind) - model.probability_alive(customers)).max() <= ALIVE_STEP + 1e-9
    assert (np.abs(kind.frequency - customers.frequency) <= 1 + 0.06 * customers.frequency).all()
    assert (np.abs(kind.age_weeks - customers.age_weeks) * 7 <= 1 + 0.06 * 7 * customers.age_weeks).all()
    ahead, of_kind = (model.expected_orders(of, horizon_weeks=52) for of in (customers, kind))
    assert np.abs(of_kind.sum() / ahead.sum() - 1) < 0.01


def test_who_never_came_back_is_of_no_kind_with_those_who_did() -> None:
    customers = histories(5_000)
    found = lookalikes(MODELS[1], customers, most_of_their_own=10)

    assert ((found.histories.frequency[found.kind_of] == 0) == (customers.frequency == 0)).all()


def test_in_a_small_shop_every_history_is_its_own_kind() -> None:
    customers = histories(50)
    found = lookalikes(MODELS[0], customers)

    assert found.histories is customers
    assert found.kind_of.tolist() == list(range(50))
