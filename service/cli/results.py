"""An experiment's results as text for a terminal."""

from collections.abc import Mapping
from typing import Any


def results_text(results: Mapping[str, Any]) -> str:
    """The results in the order in which they should be read: balance, counts, outcomes, verdict."""
    balance = results["balance"]
    window = f"window {results['window_days']} days"
    lines = [
        f"experiment {results['key']} ({results['status']}), {window}, data up to {results['as_of']}",
        f"balance: p = {_number(balance['p_value'])}{'' if balance['ok'] else '  SAMPLE RATIO MISMATCH'}",
    ]
    for arm, said in results["arms"].items():
        cut_off = f", {said['cut_off']:,} cut off by the stop" if said["cut_off"] else ""
        erased = f", {said['erased']:,} erased since" if said["erased"] else ""
        lines.append(f"  {arm}: {said['exposed']:,} exposed, {said['mature']:,} mature{cut_off}{erased}")
    lines.append(f"{'outcome':<20}{'arm':<14}{'control':>10}{'arm':>10}{'difference':>12}  95 % interval")
    for outcome, arms in results["outcomes"].items():
        for arm, said in arms.items():
            lines.append(_outcome_line(outcome, arm, said))
    lines.append("* a projection, never a measurement")
    lines.append(f"verdict: {results['verdict']['text']}")
    return "\n".join(lines)


def _outcome_line(outcome: str, arm: str, said: Mapping[str, Any]) -> str:
    label = f"{outcome}{' *' if said.get('projection') else ''}"
    if said.get("withheld") or said["difference"] is None:
        return f"{label:<20}{arm:<14}withheld: {said.get('withheld') or said.get('reason')}"
    low, high = said["interval"]
    numbers = (said["control_mean"], said["arm_mean"])
    shown = "".join(f"{_number(value):>10}" for value in numbers)
    return f"{label:<20}{arm:<14}{shown}{_number(said['difference']):>12}  {_number(low)} to {_number(high)}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
