"""Exact amounts in minor units of an ISO 4217 currency; no float touches money."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.jobs.importing.numbers import Decimals

_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts without their signs, columnar; all shape ``(n,)``."""

    minor: NDArray[np.int64]
    """At least 0, in minor units; 0 where ``fits`` is False."""
    signs: NDArray[np.int64]
    """-1, 0 or 1, of the exact amount: an amount too small for a minor unit still has its sign."""
    fits: NDArray[np.bool_]
    """False where the amount is too large to be counted exactly in 63 bits."""


def products(left: Decimals, right: Decimals, *, digits: NDArray[np.int64]) -> Amounts:
    """Each ``left`` x ``right`` in minor units of ``digits`` decimals (one per row), rounded once, half to even.

    Half to even, because halves always rounded up would add up to more than the file's money.
    """
    mantissas = np.abs(left.mantissas) * np.abs(right.mantissas)
    size = np.abs(left.mantissas).astype(np.float64) * np.abs(right.mantissas).astype(np.float64)
    shift = digits - left.scales - right.scales
    fits = (size < _LARGEST) & (size * 10.0**shift < _LARGEST)
    mantissas = np.where(fits, mantissas, 0)
    grown = mantissas * 10 ** np.maximum(shift, 0)
    return Amounts(
        minor=divided_half_even(grown, 10 ** np.maximum(-shift, 0)),
        signs=np.sign(left.mantissas) * np.sign(right.mantissas),
        fits=fits,
    )


def divided_half_even(numerators: NDArray[np.int64], denominators: NDArray[np.int64]) -> NDArray[np.int64]:
    """Quotients of numbers at least 0 by numbers of at least 1, rounded to whole numbers, halves to the even one."""
    quotients, remainders = np.divmod(numerators, denominators)
    doubled = 2 * remainders
    is_up = (doubled > denominators) | ((doubled == denominators) & (quotients % 2 == 1))
    rounded: NDArray[np.int64] = quotients + is_up
    return rounded
