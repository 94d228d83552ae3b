"""Promises of subscriptions: the published fits, what was seen beside what is expected, no endless mean."""

from typing import Any

import pytest

from customers.forecasts.lifetime_value import NotEnoughHistory
from service.jobs.importing.cohorts import Cohort
from service.jobs.subscriptions import subscriptions_document

# Fader and Hardie (2007), Journal of Interactive Marketing 21(1), table 1: subscribers left of 1,000, years 0 to 7.
HIGH_END = Cohort("High End", (1000, 869, 743, 653, 593, 551, 517, 491))
REGULAR = Cohort("Regular", (1000, 631, 468, 382, 326, 289, 262, 241))


def said(*cohorts: Cohort, **changes: Any) -> dict[str, Any]:
    return subscriptions_document(
        cohorts, **{"period": "year", "periods_ahead": 5, "yearly_discount_rate": 0.1, **changes}
    )


@pytest.mark.parametrize(
    ("cohort", "alpha", "beta", "log_likelihood"),
    # An independent implementation, per 1,000 subscribers.
    [(HIGH_END, 0.6681, 3.8061, -1611.16), (REGULAR, 0.7041, 1.1820, -1680.27)],
)
def test_the_published_cohorts_give_the_published_models(
    cohort: Cohort, alpha: float, beta: float, log_likelihood: float
) -> None:
    found = said(cohort)
    assert found["converged"]
    assert found["parameters"] == pytest.approx({"alpha": alpha, "beta": beta}, abs=5e-5)
    assert found["log_likelihood"] == pytest.approx(log_likelihood, abs=0.005)


def test_survival_ahead_and_the_discounted_lifetime_are_the_published_ones() -> None:
    # jdmaturen/shifted_beta_geometric_py, README: S(8) to S(12) of High End, and its DERL at 10 % a year.
    found = said(HIGH_END)
    ahead = [one["survival"] for one in found["periods"] if one["renewals"] >= 8]
    assert ahead == pytest.approx([0.460, 0.436, 0.414, 0.395, 0.378], abs=5e-4)
    assert found["cohorts"][0]["discounted_remaining_lifetime"] == pytest.approx(7.53, abs=0.005)
    for one in found["periods"]:
        low, high = one["survival_90"]
        assert low <= one["survival"] <= high


def test_what_was_seen_stands_beside_what_is_expected() -> None:
    # Before the first date 10 + 10 of whom 8 + 6 renewed; then 8 of whom 4 did: .7, and .7 times a half.
    found = said(Cohort("old", (10, 8, 4)), Cohort("young", (10, 6)))["periods"]
    assert [one["seen_retention"] for one in found[:4]] == [None, 0.7, 0.5, None]
    assert [one["seen_survival"] for one in found[:4]] == [1, 0.7, pytest.approx(0.35), None]


def test_a_mean_without_end_is_no_number_and_says_so() -> None:
    found = said(HIGH_END)
    assert found["cohorts"][0]["remaining_lifetime"] is None
    assert "alpha is at most 1" in found["note"]
    # Half of all leave each time, whoever they are: one more renewal is expected, now and later.
    steady = said(Cohort("steady", (4096, 2048, 1024, 512, 256)))
    assert steady["new_subscriber"]["remaining_lifetime"] == pytest.approx(1, rel=0.01)
    assert steady["note"] is None


def test_a_month_is_discounted_by_the_twelfth_root_of_a_year() -> None:
    assert said(HIGH_END, period="month")["discount_rate_per_period"] == pytest.approx(1.1 ** (1 / 12) - 1)


def test_before_the_first_renewal_there_is_nothing_to_learn() -> None:
    with pytest.raises(NotEnoughHistory, match="no cohort has come to a renewal date"):
        said(Cohort("new", (10,)))
