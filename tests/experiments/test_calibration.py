import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.calibration import Calibration, SimulatedShop, calibrate
from experiments.design import Experiment

REPLICATES = 1200


def design(*, arms: int = 2) -> Experiment:
    return Experiment.parse(
        {
            "key": "aa",
            "arms": [{"key": f"arm-{index}", "share": 1 / arms} for index in range(arms)],
            "control": "arm-0",
            "primary": {"outcome": "orders", "window_days": 28},
        }
    )


def limits(rate: float) -> tuple[float, float]:
    """Where a share of so many replicates lies unless a once-in-10,000 accident happens (for each figure)."""
    low, high = stats.binom.ppf([0.00005, 0.99995], REPLICATES, rate) / REPLICATES
    return float(low), float(high)


@pytest.fixture(scope="module")
def without_effect() -> Calibration:
    rng = np.random.default_rng(11)
    return calibrate(design(), SimulatedShop(), n_units=600, replicates=REPLICATES, lift=0.0, rng=rng)


@pytest.fixture(scope="module")
def with_effect() -> Calibration:
    rng = np.random.default_rng(12)
    return calibrate(design(), SimulatedShop(), n_units=600, replicates=REPLICATES, lift=0.25, rng=rng)


def test_an_aa_comparison_raises_its_false_alarm_as_often_as_it_says(without_effect) -> None:
    low, high = limits(0.05)

    for name, share in without_effect.alarms.items():
        assert low <= share <= high, name


def test_the_verdict_of_an_aa_comparison_is_wrong_as_often_as_it_says(without_effect) -> None:
    low, high = limits(0.05)
    wrong = without_effect.verdicts.get("better", 0.0) + without_effect.verdicts.get("worse", 0.0)

    assert low <= wrong <= high
    # The balance alarm takes its tenth of a per cent.
    assert without_effect.verdicts.get("unbalanced", 0.0) <= limits(0.001)[1]


@pytest.mark.parametrize("kind", ["coverage", "relative_coverage"])
def test_intervals_hold_the_truth_as_often_as_they_say_under_an_effect(with_effect, kind) -> None:
    low, high = limits(0.95)

    for name, share in getattr(with_effect, kind).items():
        assert low <= share <= high, name


def test_a_real_effect_is_found_more_often_than_none(without_effect, with_effect) -> None:
    assert with_effect.verdicts["better"] > 0.4
    assert with_effect.verdicts.get("worse", 0.0) < 0.005
    assert without_effect.verdicts.get("better", 0.0) < 0.05


@pytest.mark.parametrize("lift", [0.0, 0.4])
def test_the_true_means_are_those_of_the_simulated_units(lift) -> None:
    shop, n = SimulatedShop(mean_orders=1.1, rate_shape=0.8, history_windows=2.0), 200_000
    arms = pd.Series(np.full(n, "b", dtype=object))
    units = shop.units(arms, treated="b", lift=lift, as_of_us=0, rng=np.random.default_rng(6))
    columns = {"revenue": "revenue_minor", "observed_clv": "revenue_minor"}

    for name, mean in shop.true_means(lift=lift).items():
        values = units[columns.get(name, name)].dropna()
        # Four and a half standard errors: a false alarm about once in 10,000 for the twelve figures together.
        assert abs(values.mean() - mean) < 4.5 * values.std() / len(values) ** 0.5, name


def test_more_than_one_treatment_and_no_replicates_are_refused() -> None:
    rng = np.random.default_rng(0)

    with pytest.raises(ValueError, match="exactly one treatment, got 2"):
        calibrate(design(arms=3), SimulatedShop(), n_units=10, replicates=1, lift=0.0, rng=rng)
    with pytest.raises(ValueError, match="replicates must be at least 1, got 0"):
        calibrate(design(), SimulatedShop(), n_units=10, replicates=0, lift=0.0, rng=rng)
