"""Published numbers about models of customers: the one home of each, with its source.

A tolerance is half a unit of the last published digit, or wider where the source computed from more digits of the
parameters than are printed.
"""

from dataclasses import dataclass
from typing import Literal

HARDIE_SHEET = "Hardie's spreadsheet of the BG/NBD (lifetimes 0.11.3, tests/test_estimation.py:530-548)"
BTYD = "BTYD walkthrough (cran/BTYD 2.4.3)"
CLVTOOLS_BG = "CLVTools 0.12.1, tests/testthat/test_correctness_bgnbd.R"
LIFETIMES = "lifetimes 0.11.3, tests/test_estimation.py"
NOTE_025 = "Fader and Hardie's note 025 (lifetimes 0.11.3, tests/test_estimation.py:178-192)"
SBG_README = "jdmaturen/shifted_beta_geometric_py, README"

ModelName = Literal["bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma", "sbg"]
Quantity = Literal[
    "probability alive", "expected orders", "probability of no order", "spend per order", "survival", "lifetime"
]


@dataclass(frozen=True, slots=True)
class Point:
    """What a model with given parameters says of given customers.

    Attributes:
        model: The model.
        quantity: What it says: of orders and silence over the next ``weeks``; of subscribers ``x`` renewals after the
            start (``lifetime``: discounted, at 10 % a period).
        source: Where it is printed.
        parameters: By letter, times in weeks.
        values: What is printed, one per customer.
        x: Frequency of each customer (valued orders, renewals).
        tx: Recency in weeks, everybody's.
        T: Age in weeks, everybody's.
        weeks: Horizon.
        mean_spend: Mean value of each customer's orders.
        absolute: Tolerance.
        relative: Tolerance as a share of the value; the wider of the two holds.
    """

    model: ModelName
    quantity: Quantity
    source: str
    parameters: dict[str, float]
    values: tuple[float, ...]
    x: tuple[int, ...] = (0,)
    tx: float = 0.0
    T: float = 0.0
    weeks: float = 0.0
    mean_spend: tuple[float, ...] = ()
    absolute: float = 0.0
    relative: float = 0.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters and log-likelihood of a model fitted to the CDNOW sample, 1997-01-01 to 1997-09-30.

    Attributes:
        model: The model.
        source: Where they are printed.
        parameters: By letter; times in weeks, money in dollars.
        absolute: Tolerance of the parameters.
        log_likelihood: Natural scale, if printed.
        log_likelihood_absolute: Its tolerance.
    """

    model: ModelName
    source: str
    parameters: dict[str, float]
    absolute: float
    log_likelihood: float | None = None
    log_likelihood_absolute: float = 0.0


@dataclass(frozen=True, slots=True)
class HoldoutTable:
    """Mean expected orders over the 39 weeks after, by frequency 0, 1, ..., 6 and 7 or more, in the CDNOW sample."""

    model: ModelName
    values: tuple[float, ...]
    source: str = BTYD
    absolute: float = 0.002


_BG_PAPER = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
_BG_CLVTOOLS = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
_BG_BTYD = {"r": 0.2425967, "alpha": 4.413659, "a": 0.7929869, "b": 2.426164}
_PARETO = {"r": 0.55315, "alpha": 10.57633, "s": 0.60625, "beta": 11.6715}
_PARETO_UNDERFLOW = {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}
_GAMMA_GAMMA = {"p": 6.25, "q": 3.74, "gamma": 15.44}
_HIGH_END = {"alpha": 0.6681, "beta": 3.8061}

_PARADOX = (10, 15, 20, 25)

HIGH_END_SURVIVAL_PERCENT = (100.0, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1)
"""Share of customers still there after each of seven yearly renewals; Fader and Hardie (2007), table 1, "High End"."""

_NEW = {
    0.1429: 0.0078,
    1.0: 0.0532,
    3.0: 0.1506,
    31.8571: 1.0405,
    32.0: 1.0437,
    78.0: 1.8576,
}
"""Weeks, and the orders expected of a new customer within them."""

POINTS: tuple[Point, ...] = (
    Point(
        "bg_nbd",
        "expected orders",
        f"Fader, Hardie and Lee (2005), Marketing Science 24(2), worked example; {HARDIE_SHEET}",
        _BG_PAPER,
        (1.226,),
        x=(2,),
        tx=30.43,
        T=38.86,
        weeks=39,
        absolute=0.0005,
    ),
    *(
        Point("bg_nbd", "expected orders", HARDIE_SHEET, _BG_CLVTOOLS, (value,), weeks=weeks, absolute=0.0005)
        for weeks, value in _NEW.items()
    ),
    Point(
        "bg_nbd", "expected orders", BTYD, _BG_BTYD, (25.75659,), x=(26,), tx=30 + 6 / 7, T=31, weeks=52, absolute=1e-4
    ),
    Point("bg_nbd", "probability alive", BTYD, _BG_BTYD, (0.9688523,), x=(26,), tx=30 + 6 / 7, T=31, absolute=1e-6),
    Point("bg_nbd", "expected orders", BTYD, _BG_BTYD, (1.444004,), weeks=52, absolute=2e-6),
    Point(
        "bg_nbd",
        "expected orders",
        f"{BTYD}, increasing frequency paradox",
        _BG_BTYD,
        (0.3474606, 0.04283391, 0.004158973, 0.0003583685),
        x=_PARADOX,
        tx=20,
        T=39,
        weeks=52,
        relative=1e-5,
    ),
    Point(
        "bg_nbd",
        "probability of no order",
        f"BTYD manual ({LIFETIMES}:591-606)",
        _BG_PAPER,
        (0.5737864,),
        weeks=39,
        absolute=5e-7,
    ),
    Point(
        "pareto_nbd",
        "expected orders",
        BTYD,
        _PARETO,
        (25.45647,),
        x=(26,),
        tx=30 + 6 / 7,
        T=31,
        weeks=52,
        absolute=0.005,
    ),
    Point("pareto_nbd", "probability alive", BTYD, _PARETO, (0.997874,), x=(26,), tx=30 + 6 / 7, T=31, absolute=2e-6),
    Point("pareto_nbd", "expected orders", BTYD, _PARETO, (1.473434,), weeks=52, absolute=1e-4),
    Point(
        "pareto_nbd",
        "expected orders",
        f"{BTYD}, increasing frequency paradox",
        _PARETO,
        (0.7062289, 0.1442396, 0.02250658, 0.00309267),
        x=_PARADOX,
        tx=20,
        T=39,
        weeks=52,
        relative=0.002,
    ),
    Point(
        "pareto_nbd",
        "expected orders",
        f"{LIFETIMES}:376-392, where others underflow",
        _PARETO_UNDERFLOW,
        (6.206051788963242, 6.252872247574811),
        x=(132, 133),
        tx=200,
        T=200,
        weeks=10,
        relative=1e-8,
    ),
    Point(
        "gamma_gamma",
        "spend per order",
        NOTE_025,
        _GAMMA_GAMMA,
        (24.65, 18.91, 35.17, 71.46, 27.28),
        x=(2, 1, 0, 7, 2),
        mean_spend=(22.35, 11.77, 0, 73.74, 25.55),
        absolute=0.1,
    ),
    Point(
        "sbg",
        "survival",
        SBG_README,
        _HIGH_END,
        (0.460, 0.436, 0.414, 0.395, 0.378),
        x=(8, 9, 10, 11, 12),
        absolute=0.0005,
    ),
    Point("sbg", "lifetime", SBG_README, _HIGH_END, (7.53,), x=(7,), absolute=0.005),
)

FITS: tuple[Fit, ...] = (
    Fit(
        "bg_nbd",
        "Fader, Hardie and Lee (2005), Marketing Science 24(2), table 2",
        _BG_PAPER,
        absolute=0.0005,
        log_likelihood=-9582.4,
        log_likelihood_absolute=0.05,
    ),
    Fit(
        "bg_nbd",
        CLVTOOLS_BG,
        _BG_CLVTOOLS,
        absolute=5e-5,
        log_likelihood=-9582.429,
        log_likelihood_absolute=0.0005,
    ),
    Fit(
        "mbg_nbd",
        f"BTYDplus ({LIFETIMES}:782-786)",
        {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
        absolute=0.0005,
    ),
    Fit(
        "pareto_nbd",
        f"Hardie ({LIFETIMES}:336-340); log-likelihood CLVTools 0.12.1",
        {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
        absolute=0.0005,
        log_likelihood=-9594.976,
        log_likelihood_absolute=0.0005,
    ),
    Fit(
        "gamma_gamma",
        f"{NOTE_025}; log-likelihood CLVTools 0.12.1",
        _GAMMA_GAMMA,
        absolute=0.005,
        log_likelihood=-4055.9177,
        log_likelihood_absolute=0.0005,
    ),
)

HOLDOUT_TABLES: tuple[HoldoutTable, ...] = (
    HoldoutTable("bg_nbd", (0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036)),
    HoldoutTable("pareto_nbd", (0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403)),
)
