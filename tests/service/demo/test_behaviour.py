import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.demo.assortment import assorted
from service.demo.behaviour import N_DRAWS, choice_weights, chosen_columns, reactions


def reacted(affinity, *, is_content, n=4_000, sought=False):
    draws = np.random.default_rng(1).random((n, N_DRAWS))
    return reactions(np.full(n, affinity), np.full(n, is_content), draws, sought=sought)


@given(low=st.floats(0, 1), high=st.floats(0, 1), seed=st.integers(0, 1_000))
def test_with_the_same_chances_more_affinity_never_means_less_interest(low, high, seed):
    low, high = sorted((low, high))
    draws = np.random.default_rng(seed).random((50, N_DRAWS))
    for is_content in (True, False):
        kind = np.full(50, is_content)
        less = reactions(np.full(50, low), kind, draws, sought=True)
        more = reactions(np.full(50, high), kind, draws, sought=True)
        for name in ("liked", "saved", "shared", "carted"):
            assert (getattr(more, name) >= getattr(less, name)).all()
        if is_content:
            assert (more.watched_shares >= less.watched_shares).all()


def test_videos_of_ones_taste_are_watched_longer():
    """By hand: on average 0.12 + 0.75 * affinity of the video, where neither end cuts the noise off."""
    assert reacted(0.4, is_content=True, sought=True).watched_shares.mean() == pytest.approx(0.12 + 0.3, abs=0.01)
    assert reacted(0.9, is_content=True, sought=True).watched_shares.mean() == pytest.approx(0.12 + 0.675, abs=0.01)


def test_what_was_sought_is_opened_and_only_what_was_passed_over_is_dismissed():
    sought = reacted(0.0, is_content=True, sought=True)
    assert sought.opened.all()
    assert not sought.dismissed.any()
    shown = reacted(0.0, is_content=True)
    assert shown.dismissed.any()
    assert not (shown.dismissed & shown.opened).any()


def test_nobody_likes_saves_or_carts_what_she_did_not_open():
    for is_content in (True, False):
        shown = reacted(0.5, is_content=is_content)
        passed_over = ~shown.opened
        assert passed_over.any()
        assert not (passed_over & (shown.liked | shown.saved | shown.shared | shown.carted)).any()
        assert np.isnan(shown.watched_shares[passed_over]).all()


def test_content_is_never_carted_and_products_are_never_watched():
    assert not reacted(1.0, is_content=True).carted.any()
    assert reacted(1.0, is_content=False).carted.any()
    assert np.isnan(reacted(1.0, is_content=False).watched_shares).all()


def test_columns_are_chosen_in_proportion_to_the_weights_of_their_row():
    """Four standard errors of a share of .5 among 20 000 are .0141."""
    weights = np.array([[1.0, 0.0, 3.0], [2.0, 2.0, 0.0]])
    rows = np.repeat([0, 1], 20_000)
    chosen = chosen_columns(weights, rows, np.random.default_rng(2).random(40_000))
    shares = np.stack([np.bincount(chosen[rows == row], minlength=3) / 20_000 for row in (0, 1)])
    np.testing.assert_allclose(shares, [[0.25, 0.0, 0.75], [0.5, 0.5, 0.0]], atol=0.0141)


def test_the_ends_of_the_unit_interval_choose_columns_that_can_be_chosen():
    weights = np.array([[0.0, 1.0, 1.0], [0.0, 5.0, 0.0]])
    last = np.nextafter(1.0, 0.0)
    np.testing.assert_array_equal(chosen_columns(weights, np.array([0, 0, 1]), np.array([0.0, last, 0.0])), [1, 2, 1])


def test_full_affinity_makes_an_item_e_to_the_fifth_times_as_likely():
    assortment = assorted(27, 3, opened_at_us=0, until_us=10, rng=np.random.default_rng(0))
    none, full = (choice_weights(np.full((1, 30), affinity), assortment) for affinity in (0.0, 1.0))
    np.testing.assert_allclose(full / none, np.exp(5.0))
