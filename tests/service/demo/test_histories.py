import numpy as np
import pytest

from recommender.events import Kind
from service.demo.assortment import assorted
from service.demo.histories import US_PER_DAY, history
from service.demo.tastes import drawn_tastes

OPENED_AT_US = 1_700_000_000_000_000
UNTIL_US = OPENED_AT_US + 26 * 7 * US_PER_DAY
N_CUSTOMERS = 400


@pytest.fixture(scope="module")
def played():
    rng = np.random.default_rng(11)
    assortment = assorted(270, 150, opened_at_us=OPENED_AT_US, until_us=UNTIL_US, rng=rng)
    tastes = drawn_tastes(N_CUSTOMERS, rng=rng)
    acts = history(
        tastes,
        assortment,
        joined_at_us=np.full(N_CUSTOMERS, OPENED_AT_US + 7 * US_PER_DAY),
        n_opens=np.full(N_CUSTOMERS, 120),
        until_us=UNTIL_US,
        rng=rng,
    )
    return acts, assortment, tastes


def test_acts_come_in_order_after_joining_and_before_the_end(played):
    acts, _, _ = played
    assert (np.diff(acts.at_us) >= 0).all()
    assert acts.at_us[0] >= OPENED_AT_US + 7 * US_PER_DAY
    assert acts.at_us[-1] < UNTIL_US


def test_nobody_acts_on_an_item_that_is_not_out_yet(played):
    acts, assortment, _ = played
    assert (acts.at_us >= assortment.published_at_us[acts.items]).all()


def test_watching_is_for_content_and_buying_for_products(played):
    acts, assortment, _ = played
    is_content = assortment.is_content[acts.items]
    assert is_content[acts.kinds == Kind.WATCH].all()
    for kind in (Kind.VIEW, Kind.ADD_TO_CART, Kind.PURCHASE, Kind.REFUND):
        chosen = acts.kinds == kind
        assert chosen.any()
        assert not is_content[chosen].any()
    np.testing.assert_array_equal(np.isfinite(acts.watched_shares), acts.kinds == Kind.WATCH)


def test_a_video_is_watched_once_by_the_same_customer(played):
    acts, _, _ = played
    watched = acts.take(acts.kinds == Kind.WATCH)
    pairs = np.stack([watched.customers, watched.items])
    assert np.unique(pairs, axis=1).shape[1] == len(watched)


def test_taste_drives_how_much_of_a_video_is_watched(played):
    acts, assortment, tastes = played
    watched = acts.take(acts.kinds == Kind.WATCH)
    affinity = tastes.affinity(np.arange(N_CUSTOMERS), assortment)[watched.customers, watched.items]
    assert np.corrcoef(affinity, watched.watched_shares)[0, 1] > 0.8


def test_affinity_predicts_what_is_bought(played):
    """What a customer bought is dearer to her than four in five of all products, on average over purchases."""
    acts, assortment, tastes = played
    affinity = tastes.affinity(np.arange(N_CUSTOMERS), assortment)
    bought = acts.take(acts.kinds == Kind.PURCHASE)
    products = affinity[:, ~assortment.is_content]
    rank = (products[bought.customers] < affinity[bought.customers, bought.items][:, None]).mean(axis=1)
    assert rank.mean() > 0.8


def test_what_is_used_up_is_bought_again_about_its_cycle_later_and_nothing_else_is(played):
    """Gaps are gamma with mean 1 and shape 25 in cycles, so their median is 0.987; the end of the history cuts some."""
    acts, assortment, _ = played
    bought = acts.take(acts.kinds == Kind.PURCHASE)
    bought = bought.take(np.lexsort((bought.at_us, bought.items, bought.customers)))
    again = (np.diff(bought.customers) == 0) & (np.diff(bought.items) == 0)
    cycles = assortment.cycle_days[bought.items[1:]][again]
    gaps = np.diff(bought.at_us)[again] / US_PER_DAY / cycles
    assert again.sum() > 200
    assert np.isfinite(cycles).all()
    assert np.median(gaps) == pytest.approx(0.987, abs=0.05)
    assert gaps.std() < 0.3


def test_each_refund_follows_its_purchase_and_takes_back_the_same_pieces_of_the_same_order(played):
    acts, _, _ = played
    columns = zip(acts.customers, acts.items, acts.orders, acts.quantities, acts.at_us, acts.kinds, strict=True)
    bought, refunded = {}, []
    for customer, item, order, pieces, at, kind in columns:
        if kind == Kind.PURCHASE:
            bought[customer, item, order] = (pieces, at)
        elif kind == Kind.REFUND:
            refunded.append(((customer, item, order), pieces, at))
    assert refunded
    for key, pieces, at in refunded:
        assert bought[key][0] == pieces
        assert bought[key][1] < at


def test_an_order_is_one_customers_day(played):
    acts, _, _ = played
    bought = acts.take(acts.kinds == Kind.PURCHASE)
    days = np.stack([bought.orders, bought.customers, bought.at_us // US_PER_DAY])
    assert np.unique(days, axis=1).shape[1] == len(np.unique(bought.orders))
    assert (acts.orders[(acts.kinds != Kind.PURCHASE) & (acts.kinds != Kind.REFUND)] == -1).all()


def test_the_chunks_in_which_choices_are_drawn_leave_no_seam():
    """1 500 customers are more than one chunk: each opens what her own taste chooses."""
    rng = np.random.default_rng(12)
    assortment = assorted(54, 20, opened_at_us=OPENED_AT_US, until_us=UNTIL_US, rng=rng)
    tastes = drawn_tastes(1_500, rng=rng)
    acts = history(
        tastes,
        assortment,
        joined_at_us=np.full(1_500, OPENED_AT_US),
        n_opens=np.full(1_500, 10),
        until_us=UNTIL_US,
        rng=rng,
    )
    affinity = tastes.affinity(np.arange(1_500), assortment)
    viewed = acts.take(acts.kinds == Kind.VIEW)
    for some in (viewed.customers < 1_000, viewed.customers >= 1_000):
        theirs = viewed.take(some)
        assert affinity[theirs.customers, theirs.items].mean() > 2 * affinity.mean()
