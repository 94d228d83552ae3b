"""Whether units fell into the arms in the planned proportions."""

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

ALARM_BELOW = 0.001
"""p-value below which the split counts as broken: low, because it is looked at daily (28 looks alarm in about 1 %)."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Counts beside their expectation, and the p-value of the planned shares.

    ``p_value`` is ``None`` when nobody was seen. ``ok`` is also false when an arm with a share of 0 was seen at all:
    no share explains such units.
    """

    p_value: float | None
    counts: dict[str, int]
    expected: dict[str, float]
    ok: bool


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> Balance:
    """Pearson's chi-square of the counts against the shares.

    Arms with a share of 0 stay out of the test, of its total and of its degrees of freedom; units seen in them raise
    an alarm of their own.

    Args:
        counts: Units seen per arm; an arm left out counts as 0.
        shares: Planned share per arm, at least two above 0; they need not add up to 1.

    Raises:
        ValueError: If a count belongs to no arm, or fewer than two shares are above 0.
    """
    stray = sorted(set(counts) - set(shares))
    if stray:
        raise ValueError(f"counts must belong to an arm of the experiment, got {', '.join(stray)}")
    planned = {arm: share for arm, share in shares.items() if share > 0}
    if len(planned) < 2:
        raise ValueError(f"at least two shares must be above 0, got {len(planned)}")
    seen = {arm: int(counts.get(arm, 0)) for arm in shares}
    total = sum(seen[arm] for arm in planned)
    scale = total / sum(planned.values())
    expected = {arm: float(scale * share) for arm, share in shares.items()}
    unplanned = any(seen[arm] > 0 for arm in shares if arm not in planned)
    if total == 0:
        return Balance(None, seen, expected, ok=not unplanned)
    chi_square = sum((seen[arm] - expected[arm]) ** 2 / expected[arm] for arm in planned)
    p_value = float(stats.chi2.sf(chi_square, len(planned) - 1))
    return Balance(p_value, seen, expected, ok=p_value >= ALARM_BELOW and not unplanned)
