"""What is believed of a shop before its orders are seen: a weak prior that few customers lean on and many outvote.

Times are measured in the shop's own mean gap between orders (leaving, in Pareto/NBD, in its customers' mean age), so
that one belief serves a stall whose customers come every few days and a shop whose customers come twice a year. The
prior is worth about one customer: its weight against ``n`` of them falls as 1 / n, so it need not be switched off.
"""

import numpy as np
import numpy.typing as npt

from customers.models.histories import Histories
from customers.models.maximum import WeakPrior

FloatArray = npt.NDArray[np.float64]

SHOPS: dict[str, dict[str, tuple[float, float, float, float]]] = {
    "cdnow": {
        "bg_nbd": (0.243, 0.672, 0.793, 2.426),
        "mbg_nbd": (0.525, 0.942, 0.891, 1.614),
        "pareto_nbd": (0.553, 1.611, 0.606, 0.357),
    },
    "online_retail": {
        "bg_nbd": (0.735, 1.861, 0.126, 1.982),
        "mbg_nbd": (0.735, 1.861, 0.126, 1.982),
        "pareto_nbd": (0.735, 1.861, 0.3, 3.0),
    },
    "food_stall": {
        "bg_nbd": (0.812, 0.883, 1.403, 19.91),
        "mbg_nbd": (1.133, 1.138, 1.234, 15.13),
        "pareto_nbd": (1.192, 1.387, 1.203, 1.433),
    },
}
"""What the models of maximum likelihood say of three unlike shops: a seller of records (CDNOW to 1997-09-30), a seller
of gifts to shops (Online Retail to 2011-06-01) and a simulated food stall. r, alpha in mean gaps, a or s, b or beta in
mean ages. Online Retail is too young to show anybody leave unless regular timing is allowed for: there a and b are
those of MBG/CNBD-2, and s and beta (0.3 and 3 mean ages) are set by hand to a slow departure, not fitted."""

DEVIATIONS: FloatArray = np.array([0.8, 0.8, 1.0, 1.2])
"""Of the logarithms: a factor of two or three either way, as far as those shops lie from one another."""


def weak_prior(histories: Histories, name: str, *, k: int = 1, shops: tuple[str, ...] = tuple(SHOPS)) -> WeakPrior:
    """The prior of a model of timing for one shop, centred at the geometric mean of other shops.

    Args:
        histories: The shop's, which set the unit of time. Where nobody has ordered twice, that is the mean age.
        name: ``bg_nbd``, ``mbg_nbd`` or ``pareto_nbd``.
        k: Steps per order of a model of regular timing.
        shops: Whom to centre it on; leave a shop out to judge the prior on that shop.

    Raises:
        ValueError: If the model is unknown.
    """
    if name not in SHOPS["cdnow"]:
        raise ValueError(f"name must be one of {', '.join(SHOPS['cdnow'])}, got {name!r}")
    logs = np.log([SHOPS[shop][name] for shop in shops]).mean(axis=0)
    repeats = float(histories.frequency.sum())
    age_weeks = max(float(histories.age_weeks.mean()), 1 / 7)
    gap_weeks = float(histories.recency_weeks.sum()) / repeats if repeats else age_weeks
    units = np.array([1.0, gap_weeks / k, 1.0, age_weeks if name == "pareto_nbd" else 1.0])
    return WeakPrior(logs + np.log(units), DEVIATIONS)
