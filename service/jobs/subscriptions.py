"""How long subscribers stay, from a table of cohorts: the shifted beta-geometric model with what it says ahead."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from customers.forecasts.lifetime_value import NotEnoughHistory
from customers.models.subscriptions import SubscriptionModel, fit_subscriptions
from service.jobs.importing.cohorts import Cohort

FloatArray = NDArray[np.float64]

Period = Literal["week", "month", "quarter", "year"]

PERIODS_A_YEAR: dict[Period, float] = {"week": 365.25 / 7, "month": 12.0, "quarter": 4.0, "year": 1.0}

_DRAWS = 2_000
_SEED = 1

ENDLESS = (
    "alpha is at most 1: some subscribers hardly ever cancel, and the mean of all renewals to come has no end; look at "
    "renewals within a horizon, or discount"
)


def subscriptions_document(
    cohorts: Sequence[Cohort], *, period: Period, periods_ahead: int, yearly_discount_rate: float
) -> dict[str, Any]:
    """The fitted model and what it expects, as plain values in the shape of the command's JSON.

    Args:
        cohorts: At least one of which has come to a renewal date.
        period: What a subscriber pays for at a time: only discounting needs to know.
        periods_ahead: How far ahead to look, beyond the oldest cohort; at least 1.
        yearly_discount_rate: Above 0.

    Raises:
        NotEnoughHistory: If no cohort has come to a renewal date.
    """
    if all(len(cohort.customers) < 2 for cohort in cohorts):
        raise NotEnoughHistory("no cohort has come to a renewal date yet: there is nothing to learn how long they stay")
    model = fit_subscriptions([cohort.customers for cohort in cohorts])
    assert model.fit is not None
    rate = (1 + yearly_discount_rate) ** (1 / PERIODS_A_YEAR[period]) - 1
    renewals = np.array([len(cohort.customers) - 1 for cohort in cohorts], dtype=np.int64)
    return {
        "customers": sum(cohort.customers[0] for cohort in cohorts),
        "parameters": model.parameters,
        "standard_errors": model.standard_errors,
        "log_likelihood": model.fit.log_likelihood,
        "converged": model.fit.converged,
        "period": period,
        "periods_ahead": periods_ahead,
        "discount_rate_per_period": rate,
        "periods": _periods(model, cohorts, last=int(renewals.max()) + periods_ahead),
        "new_subscriber": _ahead(model, np.array([0]), periods_ahead, rate)[0],
        "cohorts": [
            {"cohort": cohort.name, "started": cohort.customers[0], "active": cohort.customers[-1], **expected}
            for cohort, expected in zip(cohorts, _ahead(model, renewals, periods_ahead, rate), strict=True)
        ],
        "note": ENDLESS if model.alpha <= 1 else None,
    }


def _ahead(model: SubscriptionModel, renewals: NDArray[np.int64], horizon: int, rate: float) -> list[dict[str, Any]]:
    """What a subscriber who has renewed so often and is still there is expected to do."""
    within = model.expected_renewals(renewals, horizon_periods=horizon)
    lifetime = model.expected_remaining_lifetime(renewals)
    discounted = model.discounted_remaining_lifetime(renewals, rate_per_period=rate)
    return [
        {
            "renewals": so_often,
            "next_retention": next_,
            "renewals_ahead": ahead,
            "remaining_lifetime": None if np.isinf(life) else life,
            "discounted_remaining_lifetime": worth,
        }
        for so_often, next_, ahead, life, worth in zip(
            renewals.tolist(),
            model.retention(renewals + 1).tolist(),
            within.tolist(),
            lifetime.tolist(),
            discounted.tolist(),
            strict=True,
        )
    ]


def _periods(model: SubscriptionModel, cohorts: Sequence[Cohort], *, last: int) -> list[dict[str, Any]]:
    """Survival and retention after each number of renewals: by the model, and of those who have come as far."""
    times = np.arange(last + 1)
    survival, (low, high) = model.survival(times), _limits(model, times)
    retention = np.append(np.nan, model.retention(times[1:]))
    seen = _seen_retention(cohorts, last)
    seen_survival = np.cumprod(np.append(1.0, seen[1:]))
    columns = (survival, low, high, retention, seen_survival, seen)
    return [
        {
            "renewals": time,
            "survival": kept,
            "survival_90": [lowest, highest],
            "retention": _known(renewing),
            "seen_survival": _known(seen_kept),
            "seen_retention": _known(seen_renewing),
        }
        for time, (kept, lowest, highest, renewing, seen_kept, seen_renewing) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    ]


def _seen_retention(cohorts: Sequence[Cohort], last: int) -> FloatArray:
    """Share of those who came to each renewal date and renewed, all cohorts together; nan where none has come.

    Its product is Kaplan and Meier's survival (1958, J. American Statistical Association 53).
    """
    at_risk, renewed = np.zeros(last + 1), np.zeros(last + 1)
    for cohort in cohorts:
        counts = np.array(cohort.customers, dtype=np.float64)
        at_risk[1 : counts.size] += counts[:-1]
        renewed[1 : counts.size] += counts[1:]
    shares = np.full(last + 1, np.nan)
    np.divide(renewed, at_risk, out=shares, where=at_risk > 0)
    return shares


def _limits(model: SubscriptionModel, times: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Ends of the 90 % interval of survival that the parameters' uncertainty leaves, by draws of their logarithms."""
    assert model.fit is not None
    rng = np.random.default_rng(_SEED)
    drawn = rng.multivariate_normal(model.logs, model.fit.covariance, _DRAWS)
    low, high = np.quantile([model.at(logs).survival(times) for logs in drawn], (0.05, 0.95), axis=0)
    return low, high


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
