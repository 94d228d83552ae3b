"""How often the analysis raises a false alarm, and how often its intervals hold the truth, on a shop known exactly.

It holds a promise of the design: an A/A comparison raises its false alarm as often as it says. The tests run it at
every change; nothing that is served does.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.analysis import analyse
from experiments.design import Experiment
from experiments.outcomes import DAY_MICROSECONDS

_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class SimulatedShop:
    """A shop whose every mean is known in closed form.

    Customers order at random, each at a rate of their own: gamma distributed with ``rate_shape`` and a mean of
    ``mean_orders`` per window. Order values are log-normal. A history of ``history_windows`` windows lies before the
    first exposure.
    """

    mean_orders: float = 0.8
    rate_shape: float = 1.5
    history_windows: float = 1.0
    median_value_minor: float = 2000.0
    value_spread: float = 0.5

    def true_means(self, *, lift: float) -> dict[str, float]:
        """Expected value of each observed outcome per unit when rates in the window are ``1 + lift`` times as high.

        Money in minor units. Poisson counts under a gamma rate: with ``k`` the shape and ``c`` its inverse scale,
        P(no order in an exposure s) = (c / (c + s))^k, and P(exactly one) its first-order neighbour.
        """
        k, history, window = self.rate_shape, self.history_windows, 1 + lift
        c = k / self.mean_orders

        def none(exposure: float) -> float:
            return float((c / (c + exposure)) ** k)

        def one(exposure: float, *, beside: float = 0.0) -> float:
            """One order in ``exposure`` and none in the disjoint ``beside``."""
            return k * exposure / (c + exposure + beside) * none(exposure + beside)

        orders = self.mean_orders * window
        value = self.median_value_minor * float(np.exp(self.value_spread**2 / 2))
        return {
            "repeat_in_window": 1 - none(window) - one(window),
            "second_purchase": 1 - one(history, beside=window) / one(history),
            "another_purchase": 1 - (none(window) - none(history + window)) / (1 - none(history)),
            "orders": orders,
            "revenue": orders * value,
            "observed_clv": orders * value,
        }

    def units(
        self, arms: pd.Series, *, treated: str, lift: float, as_of_us: int, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Mature units in the given arms, as ``unit_outcomes`` would give them; rates are lifted in ``treated``."""
        n = len(arms)
        rate = rng.gamma(self.rate_shape, self.mean_orders / self.rate_shape, n)
        before = rng.poisson(rate * self.history_windows)
        lifted = rate * np.where(arms.to_numpy() == treated, 1 + lift, 1.0)
        early, late = rng.poisson(lifted / 2), rng.poisson(lifted / 2)
        orders = early + late
        values = np.rint(self.median_value_minor * np.exp(self.value_spread * rng.standard_normal(int(orders.sum()))))
        bought = (orders > 0).astype(np.float64)
        return pd.DataFrame(
            {
                "unit": np.arange(n),
                "arm": arms.to_numpy(),
                "matures_at": as_of_us,
                "mature": True,
                "cut_off": False,
                "orders_before": before,
                "repeat_in_window": (orders >= 2).astype(np.float64),
                "second_purchase": np.where(before == 1, bought, np.nan),
                "another_purchase": np.where(before >= 1, bought, np.nan),
                "orders": orders,
                "orders_early": early,
                "revenue_minor": np.bincount(np.repeat(np.arange(n), orders), weights=values, minlength=n),
            }
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """What many replicates of one experiment showed.

    Attributes:
        replicates: How many.
        alarms: Share of replicates in which each outcome's own p-value was below 0.05.
        coverage: Share in which each outcome's interval held the true difference.
        relative_coverage: The same for the relative effect; an interval without an end holds it.
        verdicts: Share of each kind of verdict.
    """

    replicates: int
    alarms: dict[str, float]
    coverage: dict[str, float]
    relative_coverage: dict[str, float]
    verdicts: dict[str, float]


def calibrate(
    experiment: Experiment,
    shop: SimulatedShop,
    *,
    n_units: int,
    replicates: int,
    lift: float,
    rng: np.random.Generator,
) -> Calibration:
    """Alarms, coverage and verdicts of a two-armed experiment, replayed on fresh customers of a known shop.

    The whole of ``analyse`` runs in every replicate, so what is calibrated is what is served. With ``lift`` 0 (an A/A
    comparison) every alarm is false.

    Args:
        experiment: A design with two arms.
        shop: Where it is played.
        n_units: Units per replicate; each falls into an arm by its share.
        replicates: How often.
        lift: Relative lift of the order rate in the treatment.
        rng: Source of randomness.

    Raises:
        ValueError: If the experiment does not have exactly one treatment, or ``replicates`` is below 1.
    """
    if len(experiment.treatments) != 1:
        raise ValueError(f"the experiment must have exactly one treatment, got {len(experiment.treatments)}")
    if replicates < 1:
        raise ValueError(f"replicates must be at least 1, got {replicates}")
    treated = experiment.treatments[0]
    keys = np.array([arm.key for arm in experiment.arms], dtype=object)
    as_of_us = experiment.primary.window_days * DAY_MICROSECONDS
    truth = _truth(shop, lift)
    rows: list[dict[tuple[str, str], bool]] = []
    kinds: list[str] = []
    for _ in range(replicates):
        arms = pd.Series(keys[rng.choice(keys.size, size=n_units, p=experiment.shares)])
        results = analyse(
            experiment,
            shop.units(arms, treated=treated, lift=lift, as_of_us=as_of_us, rng=rng),
            {str(arm): int(count) for arm, count in arms.value_counts().items()},
            as_of_us=as_of_us,
            currency="GBP",
            currency_exponent=2,
            status="finished",
        )
        rows.append(_readings(results, treated, truth))
        kinds.append(_kind(results))
    shares = pd.DataFrame(rows).mean()
    return Calibration(
        replicates=replicates,
        alarms={name: float(shares[("alarm", name)]) for name in truth},
        coverage={name: float(shares[("covered", name)]) for name in truth},
        relative_coverage={name: float(shares[("relative", name)]) for name in truth},
        verdicts={str(kind): float(share) for kind, share in pd.Series(kinds).value_counts(normalize=True).items()},
    )


def _truth(shop: SimulatedShop, lift: float) -> dict[str, tuple[float, float]]:
    """True difference (money in major units of a currency with two decimals) and true relative effect."""
    control, treatment = shop.true_means(lift=0.0), shop.true_means(lift=lift)
    scale = {"revenue": 0.01, "observed_clv": 0.01}
    return {
        name: ((treatment[name] - mean) * scale.get(name, 1.0), treatment[name] / mean - 1)
        for name, mean in control.items()
    }


def _readings(
    results: dict[str, object], treated: str, truth: dict[str, tuple[float, float]]
) -> dict[tuple[str, str], bool]:
    outcomes = results["outcomes"]
    assert isinstance(outcomes, dict)
    readings: dict[tuple[str, str], bool] = {}
    for name, (difference, relative) in truth.items():
        entry = outcomes[name][treated]
        readings["alarm", name] = entry["p_value"] is not None and entry["p_value"] < _ALPHA
        readings["covered", name] = _holds(entry["interval"], difference)
        readings["relative", name] = _holds(entry["relative_interval"], relative)
    return readings


def _holds(interval: list[float] | None, truth: float) -> bool:
    return interval is None or interval[0] <= truth <= interval[1]


def _kind(results: dict[str, object]) -> str:
    verdict = results["verdict"]
    assert isinstance(verdict, dict)
    return str(verdict["kind"])
