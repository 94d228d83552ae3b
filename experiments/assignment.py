"""Which arm a unit falls in: a pure function of the experiment and the unit's id."""

import hashlib
from collections.abc import Sequence

from experiments.design import Arm, Experiment

_BUCKETS = 2.0**64


def assign(salt: str, layer: str, shares: Sequence[float], unit_id: str) -> int:
    """Index of the arm that the unit falls in.

    SHA-256 over salt, layer and unit, of which the first 64 bits are the bucket: the same on every machine and in
    every release, and independent between salts. (Hashes as short as 32-bit FNV make two experiments dependent.)

    Args:
        salt: The experiment's own; two experiments with different salts split independently.
        layer: Namespace of the experiment; part of what is hashed.
        shares: Share of each arm, in order, adding up to 1.
        unit_id: The unit's id as the shop writes it.

    Returns:
        An index into ``shares``; never that of an arm with a share of 0.
    """
    # The unit separator cannot be typed into a key, so no two (salt, layer, unit) write the same bytes.
    digest = hashlib.sha256(f"{salt}\x1f{layer}\x1f{unit_id}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / _BUCKETS
    reached = 0.0
    last = 0
    for index, share in enumerate(shares):
        if share <= 0:
            continue
        reached += share
        last = index
        if position < reached:
            return index
    # Shares such as 0.1 ten times add up to a hair below 1.
    return last


def arm_of(experiment: Experiment, unit_id: str) -> Arm:
    """The experiment's arm that the unit falls in."""
    return experiment.arms[assign(experiment.salt, experiment.layer, experiment.shares, unit_id)]
