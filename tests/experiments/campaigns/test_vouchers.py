"""Promises of the ledger: money exact, nothing owed twice, nothing owed after the last day."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.campaigns.vouchers import Account, Promise, account_of, break_even_share


def counts(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_vouchers_are_owed_until_they_are_redeemed_or_run_out() -> None:
    promise = Promise(amount_minor=250, stamps=0, last_day=100)
    given_out = (counts(0, 0, 0, 0), counts(1, 0, 0, 0))
    assert account_of(promise, *given_out, day=100) == Account(4, 0, 1, 250, 3, 750, 0)
    assert account_of(promise, *given_out, day=101) == Account(4, 0, 1, 250, 0, 0, 3)


def test_each_stamp_is_owed_its_share_of_the_reward_and_a_rest_counts_as_a_whole_unit() -> None:
    promise = Promise(amount_minor=1_000, stamps=8, last_day=100)
    account = account_of(promise, counts(8, 3, 0), counts(1, 0, 0), day=50)
    # Eleven stamps less the eight redeemed: 3 x 1000 / 8 = 375. One stamp of three for 100: 33.33, so 34.
    assert (account.outstanding, account.outstanding_minor) == (3, 375)
    assert account_of(Promise(100, 3, 100), counts(1), counts(0), day=50).outstanding_minor == 34


@given(st.integers(1, 10**9), st.lists(st.booleans(), min_size=1, max_size=50), st.integers(0, 200))
def test_given_is_redeemed_and_owed_and_expired_together(amount: int, redeemed: list[bool], day: int) -> None:
    account = account_of(Promise(amount, 0, 100), counts(*[0] * len(redeemed)), counts(*redeemed), day=day)
    assert account.redeemed + account.outstanding + account.expired == account.issued == len(redeemed)
    assert account.outstanding_minor == account.outstanding * amount


def test_a_card_may_be_redeemed_when_it_is_full_and_a_voucher_once() -> None:
    voucher, card = Promise(100, 0, 9), Promise(100, 5, 9)
    assert [voucher.filled(0, redeemed) for redeemed in (0, 1)] == [True, False]
    assert [card.filled(stamped, 0) for stamped in (4, 5)] == [False, True]
    assert [card.filled(stamped, 1) for stamped in (9, 10)] == [False, True]


def test_what_a_voucher_must_lift() -> None:
    # One in five orders anyway and leaves 50; with a voucher of 10 a quarter must: .2 x 50 / (50 - 10) = .25.
    assert break_even_share(usual_share=0.2, margin_minor=50, voucher_minor=10) == pytest.approx(0.25)
    assert break_even_share(usual_share=0.2, margin_minor=50, voucher_minor=50) is None


def test_a_promise_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="worth more than 0, got 0"):
        Promise(0, 0, 9)
    with pytest.raises(ValueError, match="stamps must be at least 0, got -1"):
        Promise(1, -1, 9)
