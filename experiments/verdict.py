"""The verdict: what may be said of an experiment today, in words for the person who runs the shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from experiments.design import Experiment
from experiments.outcomes import OUTCOMES, Money
from experiments.statistics.balance import Balance
from experiments.statistics.multiplicity import holm

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALPHA = 0.05
_TAKING_IN = frozenset({"draft", "running", "paused"})
_ROUND_FROM = 100
"""Averages of money below this keep two decimals even in a currency that has none."""

_FEWEST_PER_ARM = 100
"""Mature units per arm before a running experiment is read: below it one customer moves every figure."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: units that the primary question concerns, and the results about them."""

    status: str
    as_of_us: int
    money: Money
    units: pd.DataFrame
    primary: Mapping[str, Mapping[str, object]]
    guardrails: Sequence[Mapping[str, object]]
    skewed_arms: tuple[str, ...]

    @property
    def is_closed(self) -> bool:
        """Whether no further unit can enter."""
        return self.status not in _TAKING_IN

    @property
    def is_complete(self) -> bool:
        """Whether no further unit can enter and every window has passed."""
        return self.is_closed and bool(self.units["mature"].all())


def instant_text(at_us: int) -> str:
    """The instant as RFC 3339 text in UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")


def decide(experiment: Experiment, balance: Balance, evidence: Evidence) -> dict[str, object]:
    """The verdict as ``kind``, ``text`` and, when it is too early, the ``decision_date`` if one can be told.

    Kinds: ``unbalanced`` (the split is broken, nothing may be read), ``too_early``, ``undecided`` (all is in, and the
    figures still do not carry a statement), ``no_difference``, ``better`` or ``worse`` (then with the ``arm``). With
    several arms Holm's adjustment runs over the arms.
    """
    if not balance.ok:
        return {"kind": "unbalanced", "text": _unbalanced_text(experiment, balance)}
    if waiting := _waiting_for(experiment, evidence):
        date = _decision_date(experiment, evidence)
        ending = f" Come back on {date}." if date else " When that will be cannot be told yet."
        verdict: dict[str, object] = {"kind": "too_early", "text": f"Too early to say: {waiting}.{ending}"}
        return verdict | ({"decision_date": date} if date else {})
    if trouble := _trouble(experiment, evidence):
        return {"kind": "undecided", "text": f"Undecided: {trouble}. {_basis(experiment, evidence)}"}
    return _reading(experiment, evidence)


def _nouns(experiment: Experiment) -> str:
    return "customers" if experiment.unit == "user" else "visitors"


def _unbalanced_text(experiment: Experiment, balance: Balance) -> str:
    counted = ", ".join(
        f"'{arm}' {count:,} where about {balance.expected[arm]:,.0f} were planned"
        for arm, count in balance.counts.items()
    )
    return (
        f"Do not use these results: {_nouns(experiment)} did not fall into the arms as planned ({counted}). A working "
        "split gives counts this far off less than once in a thousand looks. Look for pages, bots or errors that "
        "record one arm more than another; repair that and start a new experiment."
    )


def _mature_counts(experiment: Experiment, evidence: Evidence) -> dict[str, int]:
    counts = evidence.units.loc[evidence.units["mature"].to_numpy(dtype=bool), "arm"].value_counts()
    return {arm.key: int(counts.get(arm.key, 0)) for arm in experiment.arms}


def _waiting_for(experiment: Experiment, evidence: Evidence) -> str | None:
    """What the verdict still waits for, or ``None`` when it can be read."""
    days, nouns = experiment.primary.window_days, _nouns(experiment)
    counts = _mature_counts(experiment, evidence)
    n_mature = sum(counts.values())
    if evidence.is_complete and min(counts.values()) >= 2:
        return None
    planned = experiment.planned_units
    if planned is not None and n_mature < planned:
        return f"{n_mature:,} of the {planned:,} planned {nouns} have been followed for their full {days} days"
    if evidence.is_closed and planned is None and not evidence.is_complete:
        n_open = len(evidence.units) - n_mature
        return f"{n_open:,} {nouns} have not yet been followed for their full {days} days"
    fewest = min(counts, key=lambda arm: counts[arm])
    if counts[fewest] < _FEWEST_PER_ARM:
        return (
            f"only {counts[fewest]:,} {nouns} in '{fewest}' that this question concerns have been followed for their "
            f"full {days} days, and {_FEWEST_PER_ARM} in each arm are needed"
        )
    return None


def _decision_date(experiment: Experiment, evidence: Evidence) -> str | None:
    """The day on which enough units already exposed will be mature, or ``None`` if more must come first."""
    units = evidence.units
    ends = np.sort(units["matures_at"].to_numpy(dtype=np.int64))
    if experiment.planned_units is not None and ends.size >= experiment.planned_units:
        at_us = int(ends[experiment.planned_units - 1])
    elif evidence.is_closed:
        at_us = int(ends[-1]) if ends.size else evidence.as_of_us
    elif experiment.planned_units is not None:
        return None
    else:
        ends_per_arm = [np.sort(units.loc[units["arm"] == arm.key, "matures_at"].to_numpy()) for arm in experiment.arms]
        if min(ends.size for ends in ends_per_arm) < _FEWEST_PER_ARM:
            return None
        at_us = int(max(ends[_FEWEST_PER_ARM - 1] for ends in ends_per_arm))
    return (_EPOCH + timedelta(microseconds=at_us)).date().isoformat() if at_us > evidence.as_of_us else None


def _trouble(experiment: Experiment, evidence: Evidence) -> str | None:
    """Why figures that are all in still do not carry a statement."""
    unanswered = [arm for arm in experiment.treatments if evidence.primary[arm]["p_value"] is None]
    if unanswered:
        return f"'{unanswered[0]}' cannot be compared with the control ({evidence.primary[unanswered[0]]['reason']})"
    if evidence.skewed_arms:
        return (
            f"a few very large orders decide the figures of '{evidence.skewed_arms[0]}', and the arms differ so much "
            "in size that the usual interval would raise false alarms; use equal shares or follow more "
            + _nouns(experiment)
        )
    return None


def _reading(experiment: Experiment, evidence: Evidence) -> dict[str, object]:
    """Better, worse or no difference, per treatment and in sum."""
    arms = experiment.treatments
    p_values = [_number(evidence.primary[arm]["p_value"]) for arm in arms]
    found = [arm for arm, p in zip(arms, holm(p_values), strict=True) if p is not None and p < _ALPHA]
    differences = {arm: _number(evidence.primary[arm]["difference"]) for arm in arms}
    sentences = [_arm_sentence(experiment, evidence, arm, is_found=arm in found) for arm in arms]
    sentences += [sentence for arm in arms if (sentence := _minimal_sentence(experiment, evidence, arm))]
    sentences += _guardrail_sentences(evidence)
    sentences.append(_basis(experiment, evidence))
    if not evidence.is_closed and experiment.planned_units is None:
        sentences.append(
            f"The experiment is still running and no number of {_nouns(experiment)} was planned: looking again and "
            "again until something shows raises false alarms, so choose one day to decide and keep to it."
        )
    verdict: dict[str, object] = {"kind": "no_difference", "text": " ".join(sentences)}
    if found:
        best = max(found, key=lambda arm: differences[arm])
        worst = min(found, key=lambda arm: differences[arm])
        is_better = differences[best] > 0
        verdict |= {"kind": "better" if is_better else "worse", "arm": best if is_better else worst}
    return verdict


def _arm_sentence(experiment: Experiment, evidence: Evidence, arm: str, *, is_found: bool) -> str:
    entry = evidence.primary[arm]
    name = experiment.primary.outcome
    difference = _number(entry["difference"])
    low, high = _limits(entry)
    figures = (
        f"the {OUTCOMES[name].label} was {_amount(name, _number(entry['arm_mean']), evidence)} in '{arm}' and "
        f"{_amount(name, _number(entry['control_mean']), evidence)} in '{experiment.control}' (control), a difference "
        f"of {_amount(name, difference, evidence, is_difference=True)} "
        f"(95 % interval {_amount(name, low, evidence, is_difference=True)} to "
        f"{_amount(name, high, evidence, is_difference=True)})"
    )
    if is_found:
        word = "better" if difference > 0 else "worse"
        return f"'{arm}' did {word} than '{experiment.control}': {figures}."
    return (
        f"No difference was found between '{arm}' and '{experiment.control}': {figures}. That does not show that there "
        "is none: effects inside the interval cannot be ruled out."
    )


def _minimal_sentence(experiment: Experiment, evidence: Evidence, arm: str) -> str | None:
    minimal = experiment.primary.minimal_effect
    if minimal is None:
        return None
    low, high = _limits(evidence.primary[arm])
    text = _amount(experiment.primary.outcome, minimal, evidence, is_difference=True).lstrip("+")
    if low >= minimal:
        return f"For '{arm}' the whole interval lies at or above {text}, the smallest gain called worth acting on."
    if high < minimal:
        return f"A gain of {text} or more, the smallest called worth acting on, is ruled out for '{arm}'."
    return f"Whether '{arm}' gains {text} or more, the smallest called worth acting on, stays open."


def _guardrail_sentences(evidence: Evidence) -> list[str]:
    words = {
        "broken": "Careful: the {label} fell by more than the {margin} allowed in '{arm}'.",
        "unclear": "Whether the {label} fell by more than the {margin} allowed in '{arm}' is not clear yet.",
    }
    return [
        words[str(rail["state"])].format(
            label=OUTCOMES[name].label,
            margin=_amount(name, _number(rail["margin"]), evidence, is_difference=True).lstrip("+"),
            arm=rail["arm"],
        )
        for rail in evidence.guardrails
        if rail["state"] in words and (name := str(rail["outcome"]))
    ]


def _basis(experiment: Experiment, evidence: Evidence) -> str:
    counts = _mature_counts(experiment, evidence)
    each = " and ".join(f"{count:,} in '{arm}'" for arm, count in counts.items())
    days = experiment.primary.window_days
    return (
        f"Counted: {each}, the {_nouns(experiment)} this question concerns whose {days} days after first exposure had "
        f"passed in the data up to {instant_text(evidence.as_of_us)[:16].replace('T', ' ')} UTC. "
        f"It says nothing about what happens after {days} days."
    )


def _amount(name: str, value: float, evidence: Evidence, *, is_difference: bool = False) -> str:
    """A figure as a reader writes it: shares in per cent, their differences in percentage points."""
    sign = "+" if is_difference else ""
    kind = OUTCOMES[name].kind
    if kind == "proportion":
        return f"{100 * value:{sign}.2f} {'points' if is_difference else '%'}"
    if kind == "money":
        decimals = max(evidence.money.currency_exponent, 0 if abs(value) >= _ROUND_FROM else 2)
        return f"{value:{sign},.{decimals}f} {evidence.money.currency}"
    return f"{value:{sign},.3f}"


def _number(value: object) -> float:
    assert isinstance(value, float)
    return value


def _limits(entry: Mapping[str, object]) -> tuple[float, float]:
    interval = entry["interval"]
    assert isinstance(interval, list)
    return float(interval[0]), float(interval[1])
