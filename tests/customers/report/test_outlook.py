import numpy as np
import pytest

from customers.forecasts.lifetime_value import LifetimeValueModel, MeanSpend
from customers.models.bgnbd import BetaGeometric
from customers.models.maximum import Maximum
from customers.orders import order_days
from customers.report.outlook import new_customer_part


def model(covariance) -> LifetimeValueModel:
    parameters = (0.2425945, 4.4136019, 0.7929199, 2.4258881)
    fit = Maximum(np.log(parameters), covariance, 0.0, converged=True)
    return LifetimeValueModel(BetaGeometric("bg_nbd", *parameters, fit), MeanSpend(1000.0, 0.0), 2357, 39.0)


ORDERS = order_days(
    np.array([1, 2, 2]), np.array([0, 3, 20]), np.array([600, 400, 1000]), margins_minor=np.array([300, 200, 500])
)


def test_a_new_customer_is_worth_her_first_order_and_the_published_expectation_after_it() -> None:
    part = new_customer_part(model(np.zeros((4, 4))), ORDERS, horizon_weeks=78)

    # First orders leave (300 + 200) / 2; later ones 1.8576 (Hardie's spreadsheet, 78 weeks) x 1000 x margin of a half.
    assert part["first_order_minor"] == 250
    assert part["margin_minor"] == pytest.approx(250 + 1.8576 * 1000 / 2, abs=1)


def test_what_is_not_known_of_the_parameters_widens_the_interval() -> None:
    sure, unsure = (
        new_customer_part(model(np.eye(4) * variance), ORDERS, horizon_weeks=52)["interval_90_minor"]
        for variance in (0.0, 0.04)
    )

    assert unsure[1] - unsure[0] > sure[1] - sure[0]
    assert unsure[0] < sure[0] < sure[1] < unsure[1]


def test_the_interval_of_a_new_customer_is_that_of_spend_where_nothing_else_is_uncertain() -> None:
    # First orders leave 100 each, whatever the customer; later ones 1.0436 in 32 weeks, of 1,000 give or take 10 %.
    orders = order_days(np.array([1, 2]), np.array([0, 3]), np.array([100, 100]))
    unsure = LifetimeValueModel(model(np.zeros((4, 4))).timing, MeanSpend(1000.0, 100.0), 2357, 39.0)

    part = new_customer_part(unsure, orders, horizon_weeks=32)

    later = 1.0437 * 1000
    half = 1.645 * 0.1 * later / (100 + later)
    expected = [(100 + later) * np.exp(-half), (100 + later) * np.exp(half)]
    assert part["interval_90_minor"] == pytest.approx(expected, rel=1e-3)
