"""The verdict's sentences, for the person who runs the shop: what was found, in which window, and what stays open."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from experiments.design import Experiment
from experiments.evidence import Evidence
from experiments.outcomes import OUTCOMES, outcome_label
from experiments.statistics.balance import Balance

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROUND_FROM = 100
"""Averages of money below this keep two decimals even in a currency that has none."""


def instant_text(at_us: int) -> str:
    """The instant as RFC 3339 text in UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")


def date_text(at_us: int) -> str:
    """The instant's day in UTC, as ISO 8601 text."""
    return (_EPOCH + timedelta(microseconds=at_us)).date().isoformat()


def nouns(experiment: Experiment) -> str:
    """What the experiment's units are called."""
    return "customers" if experiment.unit == "user" else "visitors"


def unbalanced_text(experiment: Experiment, balance: Balance) -> str:
    """Why nothing may be read, and what to look for."""
    counted = ", ".join(
        f"'{arm}' {count:,} where about {balance.expected[arm]:,.0f} were planned"
        for arm, count in balance.counts.items()
    )
    return (
        f"Do not use these results: {nouns(experiment)} did not fall into the arms as planned ({counted}). A working "
        "split gives counts this far off less than once in a thousand looks. Look for pages, bots or errors that "
        "record one arm more than another; repair that and start a new experiment."
    )


def arm_sentence(
    experiment: Experiment, evidence: Evidence, arm: str, *, is_found: bool, adjusted_p_value: float
) -> str:
    """What one treatment showed; it ``is_found`` if its p-value, adjusted over the treatments, is small enough."""
    entry = evidence.primary[arm]
    name = experiment.primary.outcome
    difference = _number(entry["difference"])
    low, high = _limits(entry)
    figures = (
        f"the {outcome_label(name, margin_rate=evidence.money.margin_rate)} was "
        f"{_amount(name, _number(entry['arm_mean']), evidence)} in '{arm}' and "
        f"{_amount(name, _number(entry['control_mean']), evidence)} in '{experiment.control}' (control), a difference "
        f"of {_amount(name, difference, evidence, is_difference=True)} "
        f"(95 % interval {_amount(name, low, evidence, is_difference=True)} to "
        f"{_amount(name, high, evidence, is_difference=True)})"
    )
    if is_found:
        word = "better" if difference > 0 else "worse"
        return f"'{arm}' did {word} than '{experiment.control}': {figures}."
    unproven = f"No difference was found between '{arm}' and '{experiment.control}': {figures}."
    n_arms = len(experiment.treatments)
    if n_arms > 1 and (low > 0 or high < 0):
        return (
            f"{unproven} On its own this would count as a difference; as one of {n_arms} arms "
            f"compared with the control it does not (adjusted p = {adjusted_p_value:.3f})."
        )
    return f"{unproven} That does not show that there is none: effects inside the interval cannot be ruled out."


def minimal_sentence(experiment: Experiment, evidence: Evidence, arm: str) -> str | None:
    """Whether the smallest gain called worth acting on is reached, ruled out or open; ``None`` if none was named."""
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


def guardrail_sentences(evidence: Evidence) -> list[str]:
    """A sentence for each guardrail that is broken or unclear."""
    sentences = []
    for rail in evidence.guardrails:
        name = str(rail["outcome"])
        margin = _amount(name, _number(rail["margin"]), evidence, is_difference=True).lstrip("+")
        label = outcome_label(name, margin_rate=evidence.money.margin_rate)
        fell = f"the {label} fell by more than the {margin} allowed in '{rail['arm']}'"
        if rail["state"] == "broken":
            sentences.append(f"Careful: {fell}.")
        elif rail["state"] == "unclear":
            reason = f": {heavy_tail(name)} decide it" if rail["skewed"] else ""
            sentences.append(f"Whether {fell} is not clear{reason}.")
    return sentences


def heavy_tail(name: str) -> str:
    """Who makes a mean's tails heavy: whoever orders for very much, or very often."""
    return "a few very large orders" if OUTCOMES[name].kind == "money" else "a few who order very often"


def peeking_sentences(experiment: Experiment, evidence: Evidence) -> list[str]:
    """A warning where this look is one of several that the figures may be given."""
    planned = experiment.planned_units
    if planned is None:
        if evidence.is_closed:
            return []
        warning = (
            f"The experiment is still running and no number of {nouns(experiment)} was planned: looking again and "
            "again until something shows raises false alarms, so choose one day to decide and keep to it."
        )
        return [warning]
    if evidence.is_over or sum(evidence.mature_counts(experiment).values()) <= planned:
        return []
    reached_on = date_text(int(evidence.ends_us()[planned - 1]))
    warning = (
        f"The {planned:,} planned {nouns(experiment)} were reached on {reached_on} and more have been counted since: "
        "the reading of that day decides, and looking again raises false alarms."
    )
    return [warning]


def basis(experiment: Experiment, evidence: Evidence) -> str:
    """Who was counted and who was not, in which window, up to when, and what that says nothing about."""
    counts = evidence.mature_counts(experiment)
    each = " and ".join(f"{count:,} in '{arm}'" for arm, count in counts.items())
    days = experiment.primary.window_days
    counted = (
        f"Counted: {each}, the {nouns(experiment)} this question concerns whose {days} days after first exposure had "
        f"passed in the data up to {instant_text(evidence.as_of_us)[:16].replace('T', ' ')} UTC."
    )
    sentences = [counted, *left_out(experiment, evidence), f"It says nothing about what happens after {days} days."]
    if OUTCOMES[experiment.primary.outcome].kind == "money":
        sentences.append(f"Refunds placed after a {nouns(experiment)[:-1]}'s {days} days are not counted.")
    return " ".join(sentences)


def left_out(experiment: Experiment, evidence: Evidence) -> list[str]:
    """How many units a stop cut off, and how to keep them the next time; empty if none."""
    if not evidence.n_cut_off:
        return []
    sentence = (
        f"Left out: {evidence.n_cut_off:,} {nouns(experiment)} whose {experiment.primary.window_days} days were cut "
        "off when the experiment was stopped and its arms were no longer served. To count such "
        f"{nouns(experiment)}, freeze an experiment first and stop it when their days have passed."
    )
    return [sentence]


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
