"""How honest a reading is: coverage and false claims of campaigns replayed thousands of times on shops known exactly.

Figures of 3,000 replicates carry a standard error of 0.4 points.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from replayed_campaigns import Shop, cdnow, food_stall, replayed

pytestmark = pytest.mark.bench

REPLICATES = 3_000
SPREAD = 0.01
"""Two and a half standard errors beyond the promised range: none of the eighteen figures may lie there by chance."""


def shop_of(name: str, n: int, data_folder: Path) -> Shop:
    """Of thirty CDNOW customers two order in four weeks, so that nothing would be read: they get thirteen."""
    return food_stall(4) if name == "stall" else cdnow(data_folder, 13 if n == 30 else 4)


@pytest.mark.parametrize("n", [30, 100, 300])
@pytest.mark.parametrize("name", ["stall", "cdnow"])
def test_intervals_hold_the_truth_in_93_to_97_of_100_campaigns(name: str, n: int, data_folder: Path) -> None:
    shop = shop_of(name, n, data_folder)
    found = replayed(shop, n=n, lift=0.5, replicates=REPLICATES, rng=np.random.default_rng(n))
    sys.stdout.write(
        f"{name} of {n}, lift 50 %: undecided {found.undecided:.3f}, coverage {found.coverage}, {found.kinds}\n"
    )
    for outcome, coverage in found.coverage.items():
        assert 0.93 - SPREAD <= coverage <= 0.97 + SPREAD, outcome


@pytest.mark.parametrize("n", [30, 100, 300])
@pytest.mark.parametrize("name", ["stall", "cdnow"])
def test_at_most_5_of_100_campaigns_that_change_nothing_are_said_to_bring_something(
    name: str, n: int, data_folder: Path
) -> None:
    shop = shop_of(name, n, data_folder)
    found = replayed(shop, n=n, lift=0.0, replicates=REPLICATES, rng=np.random.default_rng(n + 1))
    sys.stdout.write(
        f"{name} of {n}, no effect: undecided {found.undecided:.3f}, coverage {found.coverage}, {found.kinds}\n"
    )
    assert found.claims <= 0.05
