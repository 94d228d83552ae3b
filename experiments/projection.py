"""Projected CLV: what units earned in their window, plus what a model frozen before the start expects after it.

A projection is never an experiment's primary outcome and is never tested. It is withheld, with the reason, when the
history carries no model, and when the timing of the effect inside the window is unresolved: a purchase model takes an
order that was merely moved forward for a higher rate of ordering (moving 30 % of the next four weeks' orders into the
last week of an eight-week window reads as +5.9 % of "lifetime value" where the truth is 0).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from customers.forecasts.lifetime_value import LifetimeValueModel, NotEnoughHistory, fit_lifetime_value
from customers.orders import OrderStatistics, order_statistics
from experiments.outcomes import DAY_MICROSECONDS, Money, lines_before, net_orders, outcome_label, value_word
from experiments.statistics.effects import fieller, welch
from experiments.statistics.moments import is_lopsided, moments

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

STEADY_WITHIN = 0.2
"""How far, as a share of the control's orders in half a window, the effect may differ between the window's halves.

The pull-forward above makes that difference 0.30 where customers order rarely, 0.22 where they order weekly (two orders
moved to one day become one). An interval inside 0.2 rules out both.
"""

_LOG_STEP = 1e-3
_NUMBERS = (
    "control_mean",
    "arm_mean",
    "difference",
    "interval",
    "relative",
    "relative_interval",
    "p_value",
    "p_value_holm",
)
_UNSTEADY = (
    "the data do not show that the effect on orders was steady over the window, so orders merely moved to another week "
    "could pass for lasting value"
)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Projected CLV of the units, or the reason why there is none.

    Attributes:
        horizon_weeks: Weeks from first exposure up to which value is counted.
        model: Name of the frozen model, or ``None``.
        note: What it rests on, for the reader.
        withheld: Why there are no numbers, or ``None``.
        values_minor: Projected CLV of each row of the units, ``nan`` where immature, shape ``(n_units,)``.
        gradients_minor: Its derivatives by the logarithms of the model's parameters, ``(n_units, n_parameters)``.
        covariance: Covariance of those logarithms, ``(n_parameters, n_parameters)``.
    """

    horizon_weeks: float
    model: str | None
    note: str
    withheld: str | None
    values_minor: FloatArray
    gradients_minor: FloatArray
    covariance: FloatArray


def withheld_projection(reason: str, *, horizon_weeks: float) -> Projection:
    """A projection without numbers, with the reason in words."""
    return Projection(
        horizon_weeks, None, "No projection is shown.", reason, np.empty(0), np.empty((0, 0)), np.empty((0, 0))
    )


def frozen_model(orders: pd.DataFrame, *, started_at_us: int) -> LifetimeValueModel:
    """The lifetime-value model fitted on nothing but what was known before the experiment started.

    Args:
        orders: Order lines of all the shop's customers, as ``unit_outcomes`` takes them.
        started_at_us: Start of the experiment, microseconds UTC; later lines are not looked at.

    Raises:
        NotEnoughHistory: If that history does not carry a model.
    """
    lines = orders.loc[orders["at"].to_numpy() < started_at_us]
    if lines.empty:
        raise NotEnoughHistory("a projection needs orders from before the experiment started, and there are none")
    real = net_orders(lines)
    until_day = max(started_at_us // DAY_MICROSECONDS, int(lines["day"].max()))
    return fit_lifetime_value(
        order_statistics(
            real["unit"].to_numpy(dtype=np.int64),
            real["day"].to_numpy(dtype=np.int64),
            real["net_minor"].to_numpy(dtype=np.int64),
            until_day=until_day,
        )
    )


def projected_clv(
    units: pd.DataFrame,
    orders: pd.DataFrame,
    model: LifetimeValueModel,
    *,
    window_days: int,
    horizon_weeks: float,
    margin_rate: float = 1.0,
) -> Projection:
    """Observed margin in the window plus the model's expectation from its end to the horizon, per mature unit.

    Every unit's history runs up to the end of its own window; the model's parameters are those from before the start.
    A unit that has not ordered by then is expected to order nothing: the model knows customers only from their first
    order on.

    Args:
        units: As ``unit_outcomes`` gives it.
        orders: The order lines it was made from.
        model: From ``frozen_model``.
        window_days: The window ``units`` was made for.
        horizon_weeks: Weeks from first exposure; withheld if the window is as long, as nothing is left to project.
        margin_rate: Share of net revenue counted as margin, the same as in the analysis.
    """
    ahead_weeks = horizon_weeks - window_days / 7
    if not ahead_weeks > 0:
        return withheld_projection(
            f"the window of {window_days} days reaches beyond the horizon of {horizon_weeks:g} weeks, so there is "
            "nothing left to project",
            horizon_weeks=horizon_weeks,
        )
    mature = np.flatnonzero(units["mature"].to_numpy(dtype=bool))
    ends = units["matures_at"].to_numpy(dtype=np.int64)[mature]
    statistics = _statistics_at(orders, units["unit"].to_numpy(dtype=np.int64)[mature], ends)
    rows = mature[statistics.customer_ids]

    values = np.full(len(units), np.nan)
    values[mature] = margin_rate * units["revenue_minor"].to_numpy(dtype=np.float64)[mature]
    values[rows] += margin_rate * model.projected_value_minor(statistics, ahead_weeks)
    logs = model.logs
    gradients = np.zeros((len(units), logs.size))
    for index, step in enumerate(np.eye(logs.size) * _LOG_STEP):
        higher = model.at(logs + step).projected_value_minor(statistics, ahead_weeks)
        lower = model.at(logs - step).projected_value_minor(statistics, ahead_weeks)
        gradients[rows, index] = margin_rate * (higher - lower) / (2 * _LOG_STEP)
    note = (
        f"A projection, not a measurement: {value_word(margin_rate)}, net of the refunds placed by then, in the "
        f"{window_days} days after first exposure plus what a model, "
        f"fitted on {model.n_customers:,} customers and {model.history_weeks:.0f} weeks from before the experiment, "
        f"expects up to week {horizon_weeks:g}. Its interval carries sampling and the model's estimation error, not "
        "the chance that the model is wrong. Orders borrowed evenly from after the window cannot be told from extra "
        "ones, and the model has not been checked against past experiments."
    )
    return Projection(horizon_weeks, model.name, note, None, values, gradients, model.covariance)


def _statistics_at(orders: pd.DataFrame, unit_ids: IntArray, ends: IntArray) -> OrderStatistics:
    """Histories of the units, each up to its own end; ``customer_ids`` are rows of ``unit_ids``.

    Days are counted backwards from each unit's end, so that one call serves all. The end's day is that of its instant
    in UTC, or of the unit's last order where the shop's day is already the next: ages are off by a day at most.
    """
    real = net_orders(lines_before(orders, unit_ids, until_us=ends))
    rows, days = real["unit"].to_numpy(dtype=np.int64), real["day"].to_numpy(dtype=np.int64)
    end_days = ends // DAY_MICROSECONDS
    np.maximum.at(end_days, rows, days)
    return order_statistics(rows, days - end_days[rows], real["net_minor"].to_numpy(dtype=np.int64), until_day=0)


def timing_of_effect(units: pd.DataFrame, *, control: str, arm: str) -> dict[str, object]:
    """Whether the effect on orders was steady over the window, from mature units.

    ``late_effect`` is effect(W) - effect(W/2), what the window's second half added; ``late_minus_early`` is that less
    effect(W/2). Both are paired per unit. The timing is resolved (``steady``) when the 95 % interval of the latter lies
    within ``STEADY_WITHIN`` of the control's orders in half a window, on both sides: neither handed back within the
    window nor heaped at its end. Too little data is unresolved too.
    """
    mature = units.loc[units["mature"].to_numpy(dtype=bool)]
    halves: dict[str, tuple[FloatArray, FloatArray]] = {}
    for key in (control, arm):
        rows = mature.loc[mature["arm"].to_numpy() == key]
        early = rows["orders_early"].to_numpy(dtype=np.float64)
        halves[key] = early, rows["orders"].to_numpy(dtype=np.float64) - early
    (early0, late0), (early1, late1) = halves[control], halves[arm]
    if min(early0.size, early1.size) < 2:
        return {"late_effect": None, "late_minus_early": None, "interval": None, "tolerance": None, "steady": False}
    late = welch(moments(late0), moments(late1))
    contrast = welch(moments(late0 - early0), moments(late1 - early1))
    tolerance = STEADY_WITHIN * float((early0 + late0).mean()) / 2
    low, high = contrast.interval() if contrast.standard_error > 0 else (contrast.estimate, contrast.estimate)
    return {
        "late_effect": late.estimate,
        "late_minus_early": contrast.estimate,
        "interval": [low, high],
        "tolerance": tolerance,
        "steady": bool(tolerance > 0 and -tolerance <= low and high <= tolerance),
    }


def projected_entry(
    units: pd.DataFrame, projection: Projection, *, control: str, arm: str, money: Money
) -> dict[str, object]:
    """One arm's projected CLV against the control, in the shape of the other outcomes, or withheld with its reason.

    The variance of the difference is that of the projected values plus ``g' V g``, where ``g`` is the difference
    between the arms of the mean derivative by the model's parameters and ``V`` their covariance (surrogate index:
    Athey, Chetty, Imbens and Kang, NBER w26463).

    Raises:
        ValueError: If the projection was made for other units.
    """
    timing = timing_of_effect(units, control=control, arm=arm)
    reason = projection.withheld
    if reason is None and not timing["steady"]:
        reason = _UNSTEADY
    in_arm, in_control = _mature_of(units, arm), _mature_of(units, control)
    entry = dict.fromkeys(_NUMBERS) | {
        "control_units": int(in_control.size),
        "arm_units": int(in_arm.size),
        "label": outcome_label("projected_clv", margin_rate=money.margin_rate).rstrip(","),
        "unit": money.currency,
        "role": "projection",
        "projection": True,
        "horizon_weeks": projection.horizon_weeks,
        "model": projection.model,
        "note": projection.note,
        "timing": timing,
        "withheld": reason,
    }
    if reason is not None:
        return entry
    if projection.values_minor.size != len(units):
        raise ValueError(f"the projection must be of the {len(units)} units given, got {projection.values_minor.size}")
    return entry | _numbers(projection, in_control, in_arm, money)


def _mature_of(units: pd.DataFrame, arm: str) -> IntArray:
    return np.flatnonzero(units["mature"].to_numpy(dtype=bool) & (units["arm"].to_numpy() == arm))


def _numbers(projection: Projection, in_control: IntArray, in_arm: IntArray, money: Money) -> dict[str, object]:
    values = projection.values_minor / money.minor_per_major
    slopes = projection.gradients_minor / money.minor_per_major
    m0, m1 = moments(values[in_control]), moments(values[in_arm])
    difference = welch(m0, m1)
    slope0, slope1 = slopes[in_control].mean(axis=0), slopes[in_arm].mean(axis=0)
    error = _quadratic(slope1 - slope0, projection.covariance)
    half = float(stats.t.isf(0.025, difference.df)) * float(np.sqrt(difference.standard_error**2 + error))
    ratio = m1.mean / m0.mean if m0.mean > 0 else None
    relative_interval = None
    if ratio is not None:
        # In a ratio most of the model's error cancels: only what moves the arms apart, slope1 - R slope0, remains.
        relative_error = _quadratic(slope1 - ratio * slope0, projection.covariance)
        relative_interval = fieller(m0, m1, extra_variance=relative_error)
    return {
        "control_mean": m0.mean,
        "arm_mean": m1.mean,
        "difference": difference.estimate,
        "interval": [difference.estimate - half, difference.estimate + half],
        "standard_error_sampling": difference.standard_error,
        "standard_error_model": float(np.sqrt(error)),
        "skewed": is_lopsided(m0, m1),
        "relative": None if ratio is None else ratio - 1,
        "relative_interval": None if relative_interval is None else [relative_interval[0], relative_interval[1]],
    }


def _quadratic(slope: FloatArray, covariance: FloatArray) -> float:
    return max(0.0, float(slope @ covariance @ slope))
