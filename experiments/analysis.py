"""From units to results: balance first, then each outcome, then the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.design import Experiment
from experiments.outcomes import OUTCOMES, Money, Outcome, observed_values
from experiments.projection import Projection, projected_entry
from experiments.statistics.balance import sample_ratio
from experiments.statistics.effects import (
    Counts,
    Interval,
    fieller,
    newcombe,
    newcombe_p_value,
    relative_newcombe,
    welch,
)
from experiments.statistics.moments import moments, skewness_of_difference
from experiments.statistics.multiplicity import holm
from experiments.verdict import Evidence, decide, instant_text

FloatArray = npt.NDArray[np.float64]
Entry = dict[str, object]

_TAIL_SHIFT_PER_SKEWNESS = 0.0845
"""First-order shift of each 2.5 % tail of a studentised mean per unit of skewness, ``(2 z² + 1) φ(z) / 6`` at 1.96."""

_TOLERATED_TAIL_SHIFT = 0.01
"""A verdict needs both tails between 1.5 and 3.5 %."""


def analyse(
    experiment: Experiment,
    units: pd.DataFrame,
    exposed: Mapping[str, int],
    *,
    as_of_us: int,
    currency: str,
    currency_exponent: int,
    status: str = "running",
    margin_rate: float = 1.0,
    projected: Projection | None = None,
) -> dict[str, object]:
    """Results of an experiment: plain values ready for JSON, without ``nan``.

    Only mature units are compared; all exposed units enter the balance check, and a failed one withholds the verdict.
    Proportions are compared by Newcombe's interval, means and money by Welch's test, relative effects by intervals
    that never contradict them. Holm's adjustment runs over the declared outcomes (primary, secondary, guardrails) and,
    separately, over the rest; a projection is never tested. A number that cannot be given is ``None`` beside a
    ``reason``.

    Args:
        experiment: The design; its primary window is the window of every outcome.
        units: As ``unit_outcomes`` gives it for that window.
        exposed: Units exposed so far per arm, mature or not.
        as_of_us: Data cut-off, microseconds UTC, the one that ``units`` was made with.
        currency: ISO 4217 code of all money.
        currency_exponent: Decimal places of that currency (2 for GBP, 0 for JPY).
        status: Life state of the experiment; ``draft``, ``running`` and ``paused`` may still take in units.
        margin_rate: Share of net revenue counted as margin in CLV, above 0 and at most 1.
        projected: Projection for the rows of ``units``, or the reason why there is none.

    Raises:
        ValueError: If ``margin_rate`` or ``currency_exponent`` is out of range, or a unit or count is in no arm.
    """
    money = _money(currency, currency_exponent, margin_rate)
    arms = [arm.key for arm in experiment.arms]
    if strays := sorted(set(units["arm"].unique()) - set(arms)):
        raise ValueError(f"units must be in an arm of the experiment, got {', '.join(map(str, strays))}")
    balance = sample_ratio(exposed, {arm.key: arm.share for arm in experiment.arms})
    mature = units.loc[units["mature"].to_numpy(dtype=bool)]
    by_arm = {arm: mature.loc[mature["arm"].to_numpy() == arm] for arm in arms}
    outcomes = _observed_outcomes(experiment, by_arm, money)
    if projected is not None:
        outcomes["projected_clv"] = {
            arm: projected_entry(units, projected, control=experiment.control, arm=arm, money=money)
            for arm in experiment.treatments
        }
    guardrails = _guardrail_states(experiment, outcomes)
    evidence = Evidence(
        status=status,
        as_of_us=as_of_us,
        money=money,
        units=units.loc[~np.isnan(observed_values(units, experiment.primary.outcome))],
        primary=outcomes[experiment.primary.outcome],
        guardrails=guardrails,
        skewed_arms=_skewed_arms(experiment, by_arm, money),
    )
    return {
        "key": experiment.key,
        "status": status,
        "as_of": instant_text(as_of_us),
        "window_days": experiment.primary.window_days,
        "unit": experiment.unit,
        "control": experiment.control,
        "currency": currency,
        "margin_rate": margin_rate,
        "balance": asdict(balance),
        "arms": {arm: {"exposed": balance.counts[arm], "mature": len(by_arm[arm])} for arm in arms},
        "outcomes": outcomes,
        "guardrails": guardrails,
        "verdict": decide(experiment, balance, evidence),
    }


def _money(currency: str, currency_exponent: int, margin_rate: float) -> Money:
    if not 0 < margin_rate <= 1:
        raise ValueError(f"margin_rate must be above 0 and at most 1, got {margin_rate}")
    if not 0 <= currency_exponent <= 6:
        raise ValueError(f"currency_exponent must be 0 to 6, got {currency_exponent}")
    return Money(currency, currency_exponent, margin_rate)


def _observed_outcomes(
    experiment: Experiment, by_arm: Mapping[str, pd.DataFrame], money: Money
) -> dict[str, dict[str, Entry]]:
    """Every observed outcome of every treatment against the control, with adjusted p-values."""
    roles = _roles(experiment)
    outcomes: dict[str, dict[str, Entry]] = {}
    for name, outcome in OUTCOMES.items():
        if outcome.is_projection:
            continue
        values = {arm: _values(frame, name, money) for arm, frame in by_arm.items()}
        compare = _compare_proportions if outcome.kind == "proportion" else _compare_means
        outcomes[name] = {
            arm: _entry(values[experiment.control], values[arm], compare)
            | {"unit": _unit_text(outcome, money), "role": roles.get(name, "unplanned")}
            for arm in experiment.treatments
        }
    for is_planned in (True, False):
        _add_holm(
            [entry for name, arms in outcomes.items() if (name in roles) is is_planned for entry in arms.values()]
        )
    return outcomes


def _roles(experiment: Experiment) -> dict[str, str]:
    """Role of each declared outcome; the weightiest where one has several."""
    roles = {rail.outcome: "guardrail" for rail in experiment.guardrails}
    roles.update(dict.fromkeys(experiment.secondary, "secondary"))
    roles[experiment.primary.outcome] = "primary"
    return roles


def _values(frame: pd.DataFrame, name: str, money: Money) -> FloatArray:
    """One outcome of the units it concerns, money in major units."""
    values = observed_values(frame, name)
    if OUTCOMES[name].kind == "money":
        rate = money.margin_rate if name == "observed_clv" else 1.0
        return values * (rate / money.minor_per_major)
    return values[~np.isnan(values)]


def _unit_text(outcome: Outcome, money: Money) -> str:
    return {"proportion": "share", "mean": "per unit", "money": money.currency}[outcome.kind]


def _entry(control: FloatArray, arm: FloatArray, compare: Callable[[FloatArray, FloatArray], Entry]) -> Entry:
    """One comparison, in the shape of the contract; what is missing is ``None`` with its reason."""
    entry: Entry = {
        "control_mean": float(control.mean()) if control.size else None,
        "arm_mean": float(arm.mean()) if arm.size else None,
        "difference": None,
        "interval": None,
        "relative": None,
        "relative_interval": None,
        "p_value": None,
        "p_value_holm": None,
        "control_units": int(control.size),
        "arm_units": int(arm.size),
    }
    if min(control.size, arm.size) < 2:
        return entry | {"reason": "fewer than two units in an arm have a full window to be counted in"}
    return entry | compare(control, arm)


def _compare_means(control: FloatArray, arm: FloatArray) -> Entry:
    m0, m1 = moments(control), moments(arm)
    difference = welch(m0, m1)
    numbers: Entry = {"difference": difference.estimate, "standard_error": difference.standard_error}
    if difference.standard_error == 0:
        return numbers | {"reason": "every unit of an arm has the same value, so there is no spread to compare with"}
    numbers |= {"interval": _pair(difference.interval()), "p_value": difference.p_value}
    if not m0.mean > 0:
        return numbers | {"reason": "the control's mean is not above 0, so there is nothing to be relative to"}
    numbers |= {"relative": m1.mean / m0.mean - 1, "relative_interval": _pair(fieller(m0, m1))}
    if numbers["relative_interval"] is None:
        return numbers | {"reason": "the control's mean is not clearly above 0, so a relative interval has no end"}
    return numbers


def _compare_proportions(control: FloatArray, arm: FloatArray) -> Entry:
    c0, c1 = Counts(int(control.sum()), control.size), Counts(int(arm.sum()), arm.size)
    numbers: Entry = {
        "difference": c1.rate - c0.rate,
        "interval": _pair(newcombe(c0, c1)),
        "p_value": newcombe_p_value(c0, c1),
    }
    if c0.successes == 0:
        return numbers | {"reason": "nobody in the control did it, so there is nothing to be relative to"}
    return numbers | {"relative": c1.rate / c0.rate - 1, "relative_interval": _pair(relative_newcombe(c0, c1))}


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [float(interval[0]), float(interval[1])]


def _add_holm(entries: list[Entry]) -> None:
    """Writes the adjusted p-value of one family into its (still private) entries."""
    p_values = [value if isinstance(value := entry["p_value"], float) else None for entry in entries]
    for entry, adjusted in zip(entries, holm(p_values), strict=True):
        entry["p_value_holm"] = adjusted


def _guardrail_states(experiment: Experiment, outcomes: Mapping[str, Mapping[str, Entry]]) -> list[Entry]:
    """Whether each guardrail held in each treatment, by its whole interval (non-inferiority)."""
    states: list[Entry] = []
    for rail in experiment.guardrails:
        for arm in experiment.treatments:
            interval = outcomes[rail.outcome][arm]["interval"]
            state = "unclear"
            if isinstance(interval, list):
                state = "kept" if interval[0] >= -rail.margin else "broken" if interval[1] < -rail.margin else "unclear"
            states.append(
                {"outcome": rail.outcome, "arm": arm, "margin": rail.margin, "interval": interval, "state": state}
            )
    return states


def _skewed_arms(experiment: Experiment, by_arm: Mapping[str, pd.DataFrame], money: Money) -> tuple[str, ...]:
    """Treatments whose tails are too lopsided, for these counts, for an honest 95 % interval of the primary mean."""
    name = experiment.primary.outcome
    if OUTCOMES[name].kind == "proportion":
        return ()
    values = {arm: _values(frame, name, money) for arm, frame in by_arm.items()}
    control = values[experiment.control]
    return tuple(
        arm
        for arm in experiment.treatments
        if min(control.size, values[arm].size) >= 2
        and abs(skewness_of_difference(moments(control), moments(values[arm]))) * _TAIL_SHIFT_PER_SKEWNESS
        > _TOLERATED_TAIL_SHIFT
    )
