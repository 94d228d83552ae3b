"""Every model of customers fitted to one shop's books, and what each foresaw of orders that it was not shown."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from customers.books.netting import net_sales
from customers.forecasts.backtest import BackTest, Check, backtest, calibration, ranking_quality
from customers.forecasts.lifetime_value import NotEnoughHistory
from customers.models.bgnbd import fit_bgnbd
from customers.models.gamma_gamma import fit_spend
from customers.models.histories import Histories, TimingModel, standard_errors
from customers.models.pareto_nbd import fit_pareto_nbd
from customers.orders import OrderDays, OrderStatistics, order_days, statistics_of
from customers.valuation import CHECKED_WEEKS
from service.jobs.bookkeeping import OpenedBooks

FloatArray = npt.NDArray[np.float64]

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


def fitted_models(
    opened: OpenedBooks, *, unit: Unit, until_day: int | None, margin_rate: float | None
) -> dict[str, Any]:
    """What ``kembang customers fit`` prints: parameters, standard errors and log-likelihood of each model.

    Parameters are of maximum likelihood, without any prior. A model that does not converge is None. ``chosen`` is the
    model that told best who would order in the hold-out, or where there is none in the shop's own past. Chances of an
    order in the hold-out are those that would have been said on the last day shown: corrected by what came of earlier
    forecasts (``auc``, ``calibration``), beside the model's own (``model_auc``).

    Args:
        opened: The shop's books.
        unit: Of time, in which parameters and likelihoods are printed.
        until_day: Last day of the history, days since 1970-01-01; orders after it are the hold-out. None takes all.
        margin_rate: As ``SalesLines.margins_minor`` takes it.

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
    past = _past(models, known, last_day=last)
    history = _continued(known, days, last_day=last)
    held_out = _held_out(models, past, statistics, history, last_day=last, until_day=books.until_day)
    chosen, why = _choice(past, held_out)
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
        "chosen": chosen,
        "why": why,
    }
    if held_out:
        document["holdout"] = {
            "weeks": (books.until_day - last) / 7,
            "models": {
                check.method: {
                    **_quality(check),
                    "model_auc": ranking_quality(own, check.actual > 0),
                    "calibration": _calibration(check),
                }
                for check, own in held_out
            },
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


def _past(models: Mapping[str, TimingModel | None], known: OrderDays, *, last_day: int) -> BackTest | None:
    """Forecasts of the shop's own past by the models that converge; None if none does."""
    candidates = tuple(name for name, model in models.items() if model is not None)
    if not candidates:
        return None
    return backtest(known, until_day=last_day, horizon_weeks=CHECKED_WEEKS, candidates=candidates)


def _continued(known: OrderDays, days: OrderDays, *, last_day: int) -> OrderDays:
    """The history as it was known on the last day, and after it the orders of the hold-out, as they ended.

    A refund that came later is not in the history: an order that it took back still stands there.
    """
    later = days.days > last_day
    return order_days(
        np.concatenate([known.customer_ids, days.customer_ids[later]]),
        np.concatenate([known.days, days.days[later]]),
        np.concatenate([known.values_minor, days.values_minor[later]]),
        margins_minor=np.concatenate([known.margins_minor, days.margins_minor[later]]),
    )


def _held_out(
    models: Mapping[str, TimingModel | None],
    past: BackTest | None,
    statistics: OrderStatistics,
    days: OrderDays,
    *,
    last_day: int,
    until_day: int,
) -> list[tuple[Check, FloatArray]]:
    """What would have been said of the orders after the last day, and each model's own chances; empty without one."""
    if until_day <= last_day or past is None:
        return []
    later = statistics_of(days, until_day=until_day)
    after = later.histories.of(np.searchsorted(later.customer_ids, statistics.customer_ids))
    before, weeks = statistics.histories, (until_day - last_day) / 7
    held_out = []
    for name, model in models.items():
        if model is None:
            continue
        expected = model.expected_orders(before, horizon_weeks=weeks)
        own = model.probability_of_order(before, horizon_weeks=weeks)
        check = Check(
            method=name,
            origin_day=last_day,
            expected=expected,
            chance=past.chances_of(name).corrected(own, expected),
            actual=after.frequency - before.frequency,
            log_score=model.log_likelihood(after) - model.log_likelihood(before),
        )
        held_out.append((check, own))
    return held_out


def _calibration(check: Check) -> dict[str, list[int] | list[float]]:
    """Tenths of the customers by chance: how many, the mean chance said, and the share who ordered."""
    assert check.chance is not None
    groups = calibration(check.chance, check.actual > 0)
    return {"customers": groups.customers, "said": groups.said, "came": groups.came}


def _quality(check: Check) -> dict[str, float | int | None]:
    came = int(check.actual.sum())
    return {
        "expected_orders": float(check.expected.sum()),
        "actual_orders": came,
        "total_error": check.total_error if came else None,
        "mean_absolute_error": check.mean_absolute_error,
        "correlation": check.correlation,
        "auc": check.auc,
        "log_score": check.log_score,
    }


def _choice(past: BackTest | None, held_out: list[tuple[Check, FloatArray]]) -> tuple[str | None, str]:
    """The model to forecast with, and why: by the hold-out, or where there is none by forecasts of the shop's past."""
    if past is None:
        return None, "No model of when customers order converges on this history."
    if not held_out:
        return past.timing, past.reason
    checks = [check for check, _ in held_out]
    told = {check.method: check.auc for check in checks if check.auc is not None}
    if told:
        best = max(told, key=lambda name: told[name])
        return best, f"{best} told best who would order after the last day shown (AUC {told[best]:.2f})."
    best = min(checks, key=lambda check: check.mean_absolute_error).method
    return best, f"After the last day shown everybody ordered or nobody; {best} missed by least per customer."
