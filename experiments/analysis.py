"""From units to results: balance first, then each outcome, then the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.design import Experiment
from experiments.evidence import Evidence
from experiments.outcomes import OUTCOMES, Money, Outcome, observed_values, outcome_label
from experiments.projection import Projection, projected_entry
from experiments.statistics.balance import Balance, sample_ratio
from experiments.statistics.effects import (
    Counts,
    Interval,
    fieller,
    newcombe,
    newcombe_p_value,
    relative_newcombe,
    welch,
)
from experiments.statistics.moments import is_lopsided, moments
from experiments.statistics.multiplicity import holm
from experiments.verdict import decide
from experiments.wording import instant_text

FloatArray = npt.NDArray[np.float64]
Entry = dict[str, object]


def analyse(
    experiment: Experiment,
    units: pd.DataFrame,
    exposed: Mapping[str, int],
    *,
    as_of_us: int,
    currency: str,
    currency_exponent: int,
    erased: Mapping[str, int] = MappingProxyType({}),
    status: str = "running",
    margin_rate: float = 1.0,
    projected: Projection | None = None,
) -> dict[str, object]:
    """Results of an experiment: plain values ready for JSON, without ``nan``.

    Only mature units are compared; all exposed units enter the balance check, and a failed one withholds the verdict.
    Proportions are compared by Newcombe's interval, means and money by Welch's test, relative effects by intervals
    that never contradict them; a mean whose tails do not carry its interval is ``skewed``. Holm's adjustment runs over
    the declared outcomes (primary, secondary, guardrails) and, separately, over the rest; a projection is never tested.
    A number that cannot be given is ``None`` beside a ``reason``.

    Args:
        experiment: The design; its primary window is the window of every outcome.
        units: As ``unit_outcomes`` gives it for that window.
        exposed: Units exposed so far per arm, mature or not.
        as_of_us: Data cut-off, microseconds UTC, the one that ``units`` was made with.
        currency: ISO 4217 code of all money.
        currency_exponent: Decimal places of that currency (2 for GBP, 0 for JPY).
        erased: Units per arm that asked to be forgotten; they are in no other count, so only their number can be told.
        status: Where the experiment stands, one of ``evidence.STATUSES``.
        margin_rate: Share of net revenue counted as margin in CLV, above 0 and at most 1.
        projected: Projection for the rows of ``units``, or the reason why there is none.

    Raises:
        ValueError: If ``margin_rate`` or ``currency_exponent`` is out of range, a unit or count is in no arm, or the
            status is none.
    """
    if strays := sorted(set(erased) - {arm.key for arm in experiment.arms}):
        raise ValueError(f"erased must count units of the experiment's arms, got {', '.join(strays)}")
    money = _money(currency, currency_exponent, margin_rate)
    by_arm = _mature_by_arm(experiment, units)
    balance = sample_ratio(exposed, {arm.key: arm.share for arm in experiment.arms})
    outcomes = _observed_outcomes(experiment, by_arm, money)
    if projected is not None:
        outcomes["projected_clv"] = _projected_outcome(experiment, units, projected, money)
    guardrails = _guardrail_states(experiment, outcomes)
    evidence = Evidence(
        status=status,
        as_of_us=as_of_us,
        money=money,
        units=units.loc[~np.isnan(observed_values(units, experiment.primary.outcome))],
        primary=outcomes[experiment.primary.outcome],
        guardrails=guardrails,
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
        "arms": _arm_counts(balance, units, by_arm, erased),
        "outcomes": outcomes,
        "guardrails": guardrails,
        "verdict": decide(experiment, balance, evidence),
    }


def _mature_by_arm(experiment: Experiment, units: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Units of each arm whose whole window has passed, which alone are compared."""
    arms = [arm.key for arm in experiment.arms]
    if strays := sorted(set(units["arm"].unique()) - set(arms)):
        raise ValueError(f"units must be in an arm of the experiment, got {', '.join(map(str, strays))}")
    mature = units.loc[units["mature"].to_numpy(dtype=bool)]
    return {arm: mature.loc[mature["arm"].to_numpy() == arm] for arm in arms}


def _arm_counts(
    balance: Balance, units: pd.DataFrame, mature_by_arm: Mapping[str, pd.DataFrame], erased: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Per arm, the units exposed, those counted, those that a stop cut off, and those erased since."""
    n_cut_off = units.loc[units["cut_off"].to_numpy(dtype=bool), "arm"].value_counts()
    return {
        arm: {
            "exposed": balance.counts[arm],
            "mature": len(mature),
            "cut_off": int(n_cut_off.get(arm, 0)),
            "erased": erased.get(arm, 0),
        }
        for arm, mature in mature_by_arm.items()
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
            | {
                "label": outcome_label(name, margin_rate=money.margin_rate).rstrip(","),
                "unit": _unit_text(outcome, money),
                "role": roles.get(name, "unplanned"),
            }
            for arm in experiment.treatments
        }
    for is_planned in (True, False):
        _add_holm(
            [family for family in _questions(outcomes) if any(name in roles for name in family) is is_planned], outcomes
        )
    return outcomes


def _projected_outcome(
    experiment: Experiment, units: pd.DataFrame, projected: Projection, money: Money
) -> dict[str, Entry]:
    return {
        arm: projected_entry(units, projected, control=experiment.control, arm=arm, money=money)
        for arm in experiment.treatments
    }


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
    numbers: Entry = {
        "difference": difference.estimate,
        "standard_error": difference.standard_error,
        "skewed": is_lopsided(m0, m1),
    }
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


def _questions(outcomes: Mapping[str, object]) -> list[list[str]]:
    """Names of the outcomes that ask one question.

    Observed CLV is revenue times a constant: the same p-value under another name. Counted twice in one family it would
    make every other question pay for a test that nobody makes.
    """
    questions: dict[str | None, list[str]] = {}
    for name in outcomes:
        questions.setdefault(OUTCOMES[name].column, []).append(name)
    return list(questions.values())


def _add_holm(questions: list[list[str]], outcomes: Mapping[str, Mapping[str, Entry]]) -> None:
    """Writes the adjusted p-values of one family of questions into its (still private) entries."""
    asked = [(names, arm) for names in questions for arm in outcomes[names[0]]]
    p_values = [outcomes[names[0]][arm]["p_value"] for names, arm in asked]
    adjusted = holm([value if isinstance(value, float) else None for value in p_values])
    for (names, arm), p_value in zip(asked, adjusted, strict=True):
        for name in names:
            outcomes[name][arm]["p_value_holm"] = p_value


def _guardrail_states(experiment: Experiment, outcomes: Mapping[str, Mapping[str, Entry]]) -> list[Entry]:
    """Whether each guardrail held in each treatment, by its whole interval (non-inferiority).

    An interval that its skewed tails do not carry leaves it unclear.
    """
    states: list[Entry] = []
    for rail in experiment.guardrails:
        for arm in experiment.treatments:
            entry = outcomes[rail.outcome][arm]
            interval, is_skewed = entry["interval"], bool(entry.get("skewed"))
            state = "unclear"
            if isinstance(interval, list) and not is_skewed:
                state = "kept" if interval[0] >= -rail.margin else "broken" if interval[1] < -rail.margin else "unclear"
            states.append(
                {
                    "outcome": rail.outcome,
                    "arm": arm,
                    "margin": rail.margin,
                    "interval": interval,
                    "skewed": is_skewed,
                    "state": state,
                }
            )
    return states
