"""What a campaign promised: vouchers and stamp cards given, redeemed, and still owed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

CardState = Literal["open", "filling", "redeemed", "expired"]


@dataclass(frozen=True, slots=True)
class Promise:
    """What each contacted customer was promised.

    Attributes:
        amount_minor: What the shop gives when a card is redeemed, above 0.
        stamps: Stamps that fill a card once; 0 for a voucher, which may be redeemed at once, and only once.
        last_day: Last day on which it is honoured.

    Raises:
        ValueError: If the amount or the stamps are out of range.
    """

    amount_minor: int
    stamps: int
    last_day: int

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise ValueError(f"a voucher must be worth more than 0, got {self.amount_minor}")
        if self.stamps < 0:
            raise ValueError(f"stamps must be at least 0, got {self.stamps}")

    def filled(self, stamped: int, redeemed: int) -> bool:
        """Whether a card with so many stamps, redeemed so many times, may be redeemed now."""
        return redeemed == 0 if self.stamps == 0 else stamped - redeemed * self.stamps >= self.stamps


@dataclass(frozen=True, slots=True)
class Account:
    """Cards of one campaign as they stand on a day; counts, and sums in minor units.

    Attributes:
        issued: Cards given out.
        stamped: Stamps on them.
        redeemed: Redemptions.
        redeemed_minor: What they gave away.
        outstanding: Vouchers, or stamps, that still may be redeemed.
        outstanding_minor: What the shop owes for them: a liability. A stamp is owed its share of the reward.
        expired: Vouchers, or stamps, that nobody redeemed in time.
    """

    issued: int
    stamped: int
    redeemed: int
    redeemed_minor: int
    outstanding: int
    outstanding_minor: int
    expired: int


def account_of(promise: Promise, stamped: IntArray, redeemed: IntArray, *, day: int) -> Account:
    """What was promised and what is owed at the end of ``day``.

    Money is exact; of a stamp's share in the reward a rest of a minor unit is owed as a whole one.

    Args:
        promise: The campaign's.
        stamped: Stamps on each card given out, shape ``(n_cards,)``.
        redeemed: Times each was redeemed, same shape.
        day: Day of the account.
    """
    n_redeemed, n_stamped = int(redeemed.sum()), int(stamped.sum())
    if promise.stamps:
        left = n_stamped - n_redeemed * promise.stamps
        owed = -(-left * promise.amount_minor // promise.stamps)
    else:
        left = int(redeemed.size) - n_redeemed
        owed = left * promise.amount_minor
    is_open = day <= promise.last_day
    return Account(
        issued=int(redeemed.size),
        stamped=n_stamped,
        redeemed=n_redeemed,
        redeemed_minor=n_redeemed * promise.amount_minor,
        outstanding=left if is_open else 0,
        outstanding_minor=owed if is_open else 0,
        expired=0 if is_open else left,
    )


def break_even_share(*, usual_share: float, margin_minor: float, voucher_minor: float) -> float | None:
    """Share of customers who must order for a voucher to pay for itself, where ``usual_share`` of them do anyway.

    With m left of an order and v given on it, p1 (m - v) = p0 m. It is no forecast: only a hold-out says what a voucher
    lifts.

    Args:
        usual_share: p0, in 0..1.
        margin_minor: m, what an order leaves.
        voucher_minor: v.

    Returns:
        p1, which may lie above 1; None if an order leaves no more than the voucher gives, so that no lift pays.
    """
    left = margin_minor - voucher_minor
    return usual_share * margin_minor / left if left > 0 else None
