"""Every model of customers fitted to one shop's books, and what each foresaw of orders that it was not shown."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from customers.lifetime_value import NotEnoughHistory
from customers.models.bgnbd import fit_bgnbd
from customers.models.gamma_gamma import fit_spend
from customers.models.histories import Histories, TimingModel, standard_errors
from customers.models.pareto_nbd import fit_pareto_nbd
from customers.netting import net_sales
from customers.orders import OrderDays, OrderStatistics, statistics_of
from service.jobs.bookkeeping import OpenedBooks

Unit = Literal["day", "week"]

_DAYS_IN: Mapping[Unit, int] = MappingProxyType({"day": 1, "week": 7})
_TIMES = frozenset({"alpha", "beta"})
"""Parameters that are lengths of time."""

_FITS: Mapping[str, Callable[[Histories], TimingModel]] = MappingProxyType(
    {
        "bg_nbd": lambda histories: fit_bgnbd(histories, name="bg_nbd"),
        "mbg_nbd": lambda histories: fit_bgnbd(histories, name="mbg_nbd"),
        "pareto_nbd": fit_pareto_nbd,
    }
)
_LETTERS = MappingProxyType({"gamma": "v"})
"""Letters that are printed in the place of ours: the literature's Gamma-Gamma has ``v``."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How a model's forecast of each customer compares with what came.

    Attributes:
        expected_orders: Of all customers together, beside ``actual_orders``.
        total_error: By what share the expected total is too high.
        mean_absolute_error: Between expected and actual orders of a customer.
        correlation: Between them; None where either is the same for everybody.
        auc: Chance that somebody who ordered had been given the higher probability of an order than somebody who did
            not; None where all did or nobody.
    """

    expected_orders: float
    actual_orders: int
    total_error: float | None
    mean_absolute_error: float
    correlation: float | None
    auc: float | None


def fitted_models(opened: OpenedBooks, *, unit: Unit, until_day: int | None, margin_rate: float) -> dict[str, Any]:
    """What ``kembang customers fit`` prints: parameters, standard errors and log-likelihood of each model.

    Parameters are of maximum likelihood, without any prior. A model that does not converge is None. ``chosen`` is the
    model that gave the hold-out the greatest likelihood where there is one, else the history itself.

    Args:
        opened: The shop's books.
        unit: Of time, in which parameters and likelihoods are printed.
        until_day: Last day of the history, days since 1970-01-01; orders after it are the hold-out. None takes all.
        margin_rate: Of sales whose cost is not known.

    Raises:
        NotEnoughHistory: If nobody has ordered by then, or nobody on a second day.
    """
    books = opened.books
    days = net_sales(books, margin_rate=margin_rate).days
    last = books.until_day if until_day is None else min(until_day, books.until_day)
    known = days if until_day is None else net_sales(books.until(last), margin_rate=margin_rate).days
    statistics = statistics_of(known, until_day=last)
    _check(statistics, last)
    models = {name: _converged(fit(statistics.histories)) for name, fit in _FITS.items()}
    held_out = _held_out(models, statistics, days, last_day=last, until_day=books.until_day)
    scores = {name: held_out[name][1] for name in held_out} or {
        name: model.fit.log_likelihood for name, model in models.items() if model is not None and model.fit is not None
    }
    document: dict[str, Any] = {
        "customers": len(statistics),
        "repeat_orders": int(statistics.frequency.sum()),
        "unit": unit,
        "until": str(np.datetime64(last, "D")),
        "currency": books.currency,
        "models": {
            **{name: _described(model, statistics, unit=unit) for name, model in models.items()},
            "gamma_gamma": _spend(statistics, decimals=books.currency_exponent),
        },
        "chosen": max(scores, key=lambda name: scores[name]) if scores else None,
    }
    if held_out:
        document["holdout"] = {
            "weeks": (books.until_day - last) / 7,
            "models": {name: asdict(quality) for name, (quality, _) in held_out.items()},
        }
    return document


def _check(statistics: OrderStatistics, last_day: int) -> None:
    by_then = f"by {np.datetime64(last_day, 'D')}"
    if not len(statistics):
        raise NotEnoughHistory(f"no known customer has ordered {by_then}: models are of customers with a name")
    if not statistics.frequency.any():
        raise NotEnoughHistory(
            f"none of {len(statistics):,} customers has ordered on a second day {by_then}: how they come back can't be "
            "fitted yet"
        )
    if len(statistics) < 2:
        raise NotEnoughHistory("there is 1 customer: models are of how customers differ, and need at least 2")


def _converged(model: TimingModel) -> TimingModel | None:
    return model if model.fit is not None and model.fit.converged else None


def _described(model: TimingModel | None, statistics: OrderStatistics, *, unit: Unit) -> dict[str, Any] | None:
    """The fit in the unit of time: a density per day is a seventh of one per week, for each repeat order."""
    if model is None or model.fit is None:
        return None
    units_in_a_week = 7 / _DAYS_IN[unit]

    def in_unit(values: Mapping[str, float]) -> dict[str, float]:
        return {name: value * (units_in_a_week if name in _TIMES else 1) for name, value in values.items()}

    per_unit = float(statistics.frequency.sum()) * float(np.log(units_in_a_week))
    return {
        "parameters": in_unit(model.parameters),
        "standard_errors": _known_errors(in_unit(standard_errors(model) or {})),
        "log_likelihood": model.fit.log_likelihood - per_unit,
    }


def _known_errors(errors: Mapping[str, float]) -> dict[str, float | None]:
    """None for a parameter that ran to a bound: its standard error of 0 means that nothing is known of it."""
    return {name: error if error > 0 else None for name, error in errors.items()}


def _spend(statistics: OrderStatistics, *, decimals: int) -> dict[str, Any] | None:
    """The Gamma-Gamma model of those who came back and paid, in units of the currency; None without two of them."""
    valued = statistics.valued_repeats > 0
    if np.count_nonzero(valued) < 2:
        return None
    model = fit_spend(statistics.valued_repeats[valued], statistics.mean_value_minor[valued] / 10**decimals)
    if model.fit is None or not model.fit.converged:
        return None
    return {
        "parameters": {_LETTERS.get(name, name): value for name, value in model.parameters.items()},
        "standard_errors": _known_errors(
            {_LETTERS.get(name, name): error for name, error in (model.standard_errors or {}).items()}
        ),
        "log_likelihood": model.fit.log_likelihood,
        "customers": int(np.count_nonzero(valued)),
    }


def _held_out(
    models: Mapping[str, TimingModel | None],
    statistics: OrderStatistics,
    days: OrderDays,
    *,
    last_day: int,
    until_day: int,
) -> dict[str, tuple[Quality, float]]:
    """Of each model its quality on the orders after the last day, and the logarithm of the density it gave to them."""
    if until_day <= last_day:
        return {}
    later = statistics_of(days, until_day=until_day)
    same = np.searchsorted(later.customer_ids, statistics.customer_ids)
    after = later.histories.of(same)
    before, weeks = statistics.histories, (until_day - last_day) / 7
    actual = after.frequency - before.frequency
    return {
        name: (
            _quality(
                model.expected_orders(before, horizon_weeks=weeks),
                model.probability_of_order(before, horizon_weeks=weeks),
                actual,
            ),
            model.log_likelihood(after) - model.log_likelihood(before),
        )
        for name, model in models.items()
        if model is not None
    }


def _quality(expected: NDArray[np.float64], chance: NDArray[np.float64], actual: NDArray[np.int64]) -> Quality:
    total = int(actual.sum())
    ordered = actual > 0
    n_yes, n_no = int(ordered.sum()), int((~ordered).sum())
    rank_sum = float(stats.rankdata(chance)[ordered].sum())
    varies = expected.std() > 0 and actual.std() > 0
    return Quality(
        expected_orders=float(expected.sum()),
        actual_orders=total,
        total_error=float(expected.sum()) / total - 1 if total else None,
        mean_absolute_error=float(np.abs(expected - actual).mean()),
        correlation=float(np.corrcoef(expected, actual)[0, 1]) if varies else None,
        auc=(rank_sum - n_yes * (n_yes + 1) / 2) / (n_yes * n_no) if n_yes and n_no else None,
    )
