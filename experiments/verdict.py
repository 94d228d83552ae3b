"""The verdict: what may be said of an experiment today, and from when on more may be."""

from experiments.design import Experiment
from experiments.evidence import Evidence
from experiments.statistics.balance import Balance
from experiments.statistics.multiplicity import holm
from experiments.wording import (
    arm_sentence,
    basis,
    date_text,
    guardrail_sentences,
    heavy_tail,
    left_out,
    minimal_sentence,
    nouns,
    peeking_sentences,
    unbalanced_text,
)

ALPHA = 0.05
"""Adjusted p-value below which a difference counts as found."""

FEWEST_PER_ARM = 100
"""Mature units per arm before an experiment of no planned size is read while it runs: below it one customer moves every
figure, and nothing says why to stop there."""

FEWEST_AT_ALL = 10
"""Mature units per arm below which nothing is read, planned or over: with 5 an A/A comparison alarms in 2 to 3 % of
replicates where it says 5 %, from 10 on it keeps its word (1,000 replicates of the simulated shop)."""


def decide(experiment: Experiment, balance: Balance, evidence: Evidence) -> dict[str, object]:
    """The verdict as ``kind``, ``text`` and, when it is too early, the ``decision_date`` if one can be told.

    Kinds: ``unbalanced`` (the split is broken, nothing may be read), ``too_early``, ``undecided`` (no more will come,
    or the figures do not carry a statement), ``no_difference``, ``better`` or ``worse`` (then with the ``arm``). With
    several arms Holm's adjustment runs over the arms. Where figures are read, ``broken_guardrails`` lists ``outcome``
    and ``arm`` of each guardrail that is certainly broken, whatever the kind.
    """
    if not balance.ok:
        return {"kind": "unbalanced", "text": unbalanced_text(experiment, balance)}
    readable_at = _readable_at(experiment, evidence)
    if readable_at is None or readable_at > evidence.as_of_us:
        return _too_early(experiment, evidence, readable_at)
    if shortage := _shortage(experiment, evidence):
        return {"kind": "undecided", "text": f"Undecided: {shortage}. {basis(experiment, evidence)}"}
    broken = [
        {"outcome": rail["outcome"], "arm": rail["arm"]} for rail in evidence.guardrails if rail["state"] == "broken"
    ]
    if trouble := _trouble(experiment, evidence):
        sentences = [f"Undecided: {trouble}.", *guardrail_sentences(evidence), basis(experiment, evidence)]
        return {"kind": "undecided", "text": " ".join(sentences), "broken_guardrails": broken}
    return _reading(experiment, evidence) | {"broken_guardrails": broken}


def _readable_at(experiment: Experiment, evidence: Evidence) -> int | None:
    """Instant from which the verdict can be read, by the units exposed so far, or ``None`` if more must come first.

    A planned size decides when it is reached, whatever it is (with ``FEWEST_AT_ALL`` in each arm): it was chosen before
    anybody looked. Without one a running experiment needs ``FEWEST_PER_ARM``, and one that takes in nobody any more
    waits for its last window. When that has passed there is nothing left to wait for.
    """
    ends = evidence.ends_us()
    over_at = int(ends.max(initial=0)) if evidence.is_closed else None
    planned = experiment.planned_units
    if planned is None and evidence.is_closed:
        return over_at
    fewest = FEWEST_PER_ARM if planned is None else FEWEST_AT_ALL
    per_arm = [evidence.ends_us(arm.key) for arm in experiment.arms]
    if min(arm.size for arm in per_arm) < fewest or ends.size < (planned or 0):
        return over_at
    enough_at = max(int(arm[fewest - 1]) for arm in per_arm)
    if planned is not None:
        enough_at = max(enough_at, int(ends[planned - 1]))
    return enough_at


def _too_early(experiment: Experiment, evidence: Evidence, readable_at: int | None) -> dict[str, object]:
    """The verdict while it waits: what for, and until when if that can be told."""
    date = None if readable_at is None else date_text(readable_at)
    sentences = [
        f"Too early to say: {_waiting_for(experiment, evidence)}.",
        f"Come back on {date}." if date else "When that will be cannot be told yet.",
        *left_out(experiment, evidence),
    ]
    verdict: dict[str, object] = {"kind": "too_early", "text": " ".join(sentences)}
    return verdict | ({"decision_date": date} if date else {})


def _waiting_for(experiment: Experiment, evidence: Evidence) -> str:
    days, units = experiment.primary.window_days, nouns(experiment)
    counts = evidence.mature_counts(experiment)
    n_mature = sum(counts.values())
    planned = experiment.planned_units
    if planned is not None and n_mature < planned:
        return f"{n_mature:,} of the {planned:,} planned {units} have been followed for their full {days} days"
    if evidence.is_closed:
        n_open = evidence.ends_us().size - n_mature
        return f"{n_open:,} {units} have not yet been followed for their full {days} days"
    fewest = min(counts, key=lambda arm: counts[arm])
    return (
        f"only {counts[fewest]:,} {units} in '{fewest}' that this question concerns have been followed for their "
        f"full {days} days, and {FEWEST_PER_ARM if planned is None else FEWEST_AT_ALL} in each arm are needed"
    )


def _shortage(experiment: Experiment, evidence: Evidence) -> str | None:
    """Why an experiment that is over has too few units to be read."""
    counts = evidence.mature_counts(experiment)
    fewest = min(counts, key=lambda arm: counts[arm])
    if counts[fewest] >= FEWEST_AT_ALL:
        return None
    return (
        f"only {counts[fewest]:,} {nouns(experiment)} in '{fewest}' that this question concerns were followed for "
        f"their full {experiment.primary.window_days} days, no more will be, and fewer than {FEWEST_AT_ALL} in an arm "
        "show nothing"
    )


def _trouble(experiment: Experiment, evidence: Evidence) -> str | None:
    """Why figures that are all in still do not carry a statement."""
    name = experiment.primary.outcome
    for arm in experiment.treatments:
        if evidence.primary[arm]["p_value"] is None:
            return f"'{arm}' cannot be compared with the control ({evidence.primary[arm]['reason']})"
        if evidence.primary[arm].get("skewed"):
            return (
                f"{heavy_tail(name)} decide the figures of '{arm}', and the arms differ so much in size that the "
                f"usual interval would raise false alarms; use equal shares or follow more {nouns(experiment)}"
            )
    return None


def _reading(experiment: Experiment, evidence: Evidence) -> dict[str, object]:
    """Better, worse or no difference, per treatment and in sum."""
    arms = experiment.treatments
    adjusted = holm([_number(evidence.primary[arm]["p_value"]) for arm in arms])
    p_values = {arm: _number(p_value) for arm, p_value in zip(arms, adjusted, strict=True)}
    found = [arm for arm in arms if p_values[arm] < ALPHA]
    differences = {arm: _number(evidence.primary[arm]["difference"]) for arm in arms}
    sentences = [
        arm_sentence(experiment, evidence, arm, is_found=arm in found, adjusted_p_value=p_values[arm]) for arm in arms
    ]
    sentences += [sentence for arm in arms if (sentence := minimal_sentence(experiment, evidence, arm))]
    sentences += guardrail_sentences(evidence)
    sentences.append(basis(experiment, evidence))
    sentences += peeking_sentences(experiment, evidence)
    verdict: dict[str, object] = {"kind": "no_difference", "text": " ".join(sentences)}
    if found:
        best = max(found, key=lambda arm: differences[arm])
        worst = min(found, key=lambda arm: differences[arm])
        is_better = differences[best] > 0
        verdict |= {"kind": "better" if is_better else "worse", "arm": best if is_better else worst}
    return verdict


def _number(value: object) -> float:
    assert isinstance(value, float)
    return value
