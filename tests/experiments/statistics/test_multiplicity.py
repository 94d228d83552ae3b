import json
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from experiments.statistics.multiplicity import holm

PUBLISHED = json.loads((Path(__file__).parents[2] / "reference" / "statistics.json").read_text())


def test_holm_equals_the_published_values() -> None:
    case = PUBLISHED["holm"]

    assert holm(case["p_values"]) == pytest.approx(case["adjusted"], abs=case["tolerance_abs"])


def test_holm_rejects_three_of_the_fifteen_p_values_of_1995() -> None:
    case = PUBLISHED["holm_1995"]

    assert sum(p <= 0.05 for p in holm(case["p_values"])) == case["rejected_at_05"]


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_holm_equals_statsmodels(n) -> None:
    p_values = (np.random.default_rng(n).random(n) ** 3).tolist()

    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


def test_a_question_that_could_not_be_asked_is_not_counted() -> None:
    assert holm([None, 0.02, None, 0.5]) == [None, 0.04, None, 0.5]
    assert holm([None]) == [None]
