import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from experiments.assignment import arm_of, assign
from experiments.design import Experiment

VECTORS = json.loads((Path(__file__).parents[1] / "reference" / "assignment.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['salt']}-{vector['unit']}")
def test_the_position_of_a_unit_is_that_of_sha256sum(vector) -> None:
    position = int(vector["first_64_bits"], 16) / 2**64
    unit = (vector["salt"], vector["layer"], vector["unit"])

    # Cut the line just below and just above the position: the unit falls on either side.
    assert assign(*unit[:2], (position - 1e-9, 1 - position + 1e-9), unit[2]) == 1
    assert assign(*unit[:2], (position + 1e-9, 1 - position - 1e-9), unit[2]) == 0


def arms_of(salt: str, shares: tuple[float, ...], n: int) -> np.ndarray:
    return np.array([assign(salt, "layer", shares, str(unit)) for unit in range(n)])


def test_units_fall_into_the_arms_by_their_shares() -> None:
    shares = (0.1, 0.2, 0.7)
    # Bonferroni over 20 salts: a false alarm about once in 10,000 sets of salts.
    for salt in range(20):
        counts = np.bincount(arms_of(f"salt-{salt}", shares, 20_000), minlength=3)
        assert stats.chisquare(counts, np.array(shares) * 20_000).pvalue > 1e-4 / 20


def test_two_experiments_split_independently_even_with_similar_salts() -> None:
    # The pair of seeds that a 32-bit FNV hash makes dependent (2 x 2 p = 8e-67).
    first, second = (arms_of(salt, (0.5, 0.5), 50_000) for salt in ("exp-a", "exp-b"))
    table = np.histogram2d(first, second, bins=2)[0]

    assert stats.chi2_contingency(table, correction=False).pvalue > 1e-4


def test_an_arm_without_a_share_gets_nobody() -> None:
    assert set(arms_of("salt", (0.0, 0.5, 0.0, 0.5, 0.0), 2000)) == {1, 3}


def test_shares_that_add_up_to_a_hair_below_one_still_place_every_unit() -> None:
    assert set(arms_of("salt", (0.1,) * 10, 2000)) == set(range(10))


def test_salt_layer_and_unit_cannot_be_confused_with_one_another() -> None:
    many = (1 / 1000,) * 1000

    assert assign("ab", "c", many, "d") != assign("a", "bc", many, "d")
    assert assign("a", "bc", many, "d") != assign("a", "b", many, "cd")


def test_the_arm_of_a_unit_is_the_one_its_share_reaches() -> None:
    experiment = Experiment.parse(
        {
            "key": "checkout-test",
            "arms": [{"key": "plain", "share": 0.3}, {"key": "personal", "share": 0.7}],
            "control": "plain",
            "primary": {"outcome": "orders", "window_days": 7},
        }
    )

    # sha256sum's first bits: 0x1090... / 2^64 = 0.065 lies below 0.3, 0x4e44... = 0.306 and 0x6209... = 0.383 beyond.
    arms = {unit: arm_of(experiment, unit).key for unit in ("4711", "4712", "4713")}
    assert arms == {"4711": "personal", "4712": "personal", "4713": "plain"}
