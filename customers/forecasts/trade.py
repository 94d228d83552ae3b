"""How far trade itself moves totals: Christmas, a slack spring, habits that no model of customers knows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.forecasts.priors import SHOPS

FloatArray = npt.NDArray[np.float64]

MISSES: dict[str, tuple[float, float]] = {
    "cdnow": (-0.082, -0.129),
    "online_retail": (-0.026, -0.144),
    "food_stall": (0.146, 0.123),
}
"""Logarithm of expected over actual orders in the shops of the weak prior, by BG/NBD, the prior centred on the other
two: at a quarter and at half of each shop's record, looking as far ahead as the record then looks back. The second
windows of CDNOW and Online Retail are those by which forecasts of these shops are judged elsewhere: leave a shop out to
judge the interval on it."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What is known of the logarithm of a total beyond customers' own chance: a scaled t distribution.

    Attributes:
        deviation: Its scale, at least 0.
        degrees: Degrees of freedom, above 0: how many independent misses the scale was learnt from.

    Raises:
        ValueError: If either lies outside its range.
    """

    deviation: float
    degrees: float

    def __post_init__(self) -> None:
        if not self.deviation >= 0:
            raise ValueError(f"deviation of trade must be at least 0, got {self.deviation}")
        if not self.degrees > 0:
            raise ValueError(f"degrees of trade must be above 0, got {self.degrees}")

    def informed(self, squares: FloatArray) -> "Trade":
        """What is known once a shop's own misses are: each counts as one degree more (the scaled inverse chi-squared).

        Args:
            squares: Squared logarithmic misses less what customers' own chance explains, shape ``(n_misses,)``.
        """
        degrees = self.degrees + squares.size
        variance = (self.degrees * self.deviation**2 + float(squares.sum())) / degrees
        return Trade(float(np.sqrt(variance)), degrees)


def believed_trade(shops: tuple[str, ...] = tuple(SHOPS)) -> Trade:
    """What is believed of trade before a shop's own forecasts could be checked.

    A model misses a shop to the same side again and again, so a shop counts as one miss, however many windows it has:
    with three shops, the limits of the 90 % interval lie 2.4 deviations away, and not 1.6.

    Args:
        shops: Whose misses to go by; leave out the shop on which an interval is judged.

    Raises:
        ValueError: If there is none.
    """
    if not shops:
        raise ValueError("shops must name at least 1 shop, got 0")
    return Trade(float(np.sqrt(np.mean(np.square([MISSES[shop] for shop in shops])))), len(shops))
