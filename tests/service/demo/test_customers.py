import math

import numpy as np
import pytest

from recommender.events import Kind
from service.demo.assortment import assorted
from service.demo.customers import (
    BASE_RATE,
    DEFAULT_LIFT,
    FEED_ITEMS,
    VISIT_SECONDS,
    Customer,
    cast_for,
    visit_decisions,
    visit_instants,
)
from service.demo.histories import US_PER_DAY, US_PER_SECOND

START_US = 1_760_000_000_000_000


@pytest.fixture(scope="module")
def assortment():
    opened_at_us = START_US - 100 * US_PER_DAY
    return assorted(108, 60, opened_at_us=opened_at_us, until_us=START_US, rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def cast(assortment):
    return cast_for(assortment, 60, seed=2, start_us=START_US)


def decided(customer, shown, assortment, *, visit=0, lift=DEFAULT_LIFT):
    rows_by_id = {item: row for row, item in enumerate(assortment.item_ids)}
    return visit_decisions(customer, shown, assortment, rows_by_id=rows_by_id, visit=visit, lift=lift)


def best_feed(customer, assortment):
    return [str(assortment.item_ids[row]) for row in np.argsort(-customer.affinity)[:FEED_ITEMS]]


def worst_feed(customer, assortment):
    return [str(assortment.item_ids[row]) for row in np.argsort(customer.affinity)[:FEED_ITEMS]]


def scripted(affinity, assortment):
    """A customer who likes item ``row`` as much as ``affinity`` says and nothing else."""
    likes = np.zeros(len(assortment))
    for row, value in affinity.items():
        likes[row] = value
    return Customer(number=0, seed=9, affinity=likes, staples=np.array([0, 1, 2]))


def test_relevance_is_the_way_from_blind_to_best(assortment):
    """By hand: 20 loved items of 168. Blind is 20 / 168, best is 1; a feed half of loved items has mean 1/2."""
    customer = scripted(dict.fromkeys(range(20), 1.0), assortment)
    blind = 20 / 168
    assert customer.relevance(np.arange(20)) == pytest.approx(1.0)
    assert customer.relevance(np.arange(10, 30)) == pytest.approx((0.5 - blind) / (1 - blind))
    assert customer.relevance(np.arange(40, 60)) == 0.0
    assert customer.relevance(np.array([0, -1])) == pytest.approx((0.5 - blind) / (1 - blind))


def test_nothing_seen_and_nothing_liked_are_irrelevant(assortment):
    assert scripted({}, assortment).relevance(np.arange(20)) == 0.0
    assert scripted({0: 1.0}, assortment).relevance(np.array([], dtype=np.int64)) == 0.0


def test_the_same_visit_is_decided_the_same_way_again_in_any_order(cast, assortment):
    customer = cast.customers[3]
    feed = best_feed(customer, assortment)
    forwards = [decided(customer, feed, assortment, visit=visit) for visit in range(5)]
    backwards = [decided(customer, feed, assortment, visit=visit) for visit in reversed(range(5))]
    assert forwards == backwards[::-1]
    assert len({visit.acts for visit in forwards}) == 5


def test_a_visit_ends_in_a_purchase_as_often_as_the_lift_says(cast, assortment):
    """Four standard errors of the mean of 4 000 independent visits with these very chances."""
    customer = cast.customers[0]
    for feed in (best_feed(customer, assortment), worst_feed(customer, assortment)):
        visits = [decided(customer, feed, assortment, visit=visit) for visit in range(4_000)]
        bought = np.array([any(act.kind is Kind.PURCHASE for act in visit.acts) for visit in visits])
        chances = np.array([BASE_RATE + DEFAULT_LIFT * visit.relevance for visit in visits])
        assert abs(bought.mean() - chances.mean()) < 4 * math.sqrt((chances * (1 - chances)).sum()) / 4_000


def test_a_better_feed_never_loses_a_purchase(cast, assortment):
    def buys(customer, feed, visit):
        return any(act.kind is Kind.PURCHASE for act in decided(customer, feed, assortment, visit=visit).acts)

    gained = 0
    for customer in cast.customers[:20]:
        better, worse = best_feed(customer, assortment), worst_feed(customer, assortment)
        for visit in range(20):
            with_better, with_worse = buys(customer, better, visit), buys(customer, worse, visit)
            assert with_better >= with_worse
            gained += with_better - with_worse
    assert gained > 50


def test_without_lift_the_feed_has_no_part_in_buying(cast, assortment):
    for customer in cast.customers:
        purchases = [
            [
                act._replace(from_feed=False)
                for act in decided(customer, feed, assortment, visit=visit, lift=0.0).acts
                if act.kind is Kind.PURCHASE
            ]
            for feed in (best_feed(customer, assortment), worst_feed(customer, assortment))
            for visit in range(10)
        ]
        assert purchases[:10] == purchases[10:]
        assert {act.item for visit in purchases for act in visit} <= set(assortment.item_ids[customer.staples])


def test_the_feed_sells_products_she_saw_in_proportion_to_squared_affinity(assortment):
    """By hand: affinities .3 and .6 have squares 1 to 4, so a fifth and four fifths; content is not sold.

    Four standard errors of a share of .2 among at least 1 000 purchases are .051.
    """
    is_content = int(np.flatnonzero(assortment.is_content)[0])
    customer = scripted({5: 0.3, 7: 0.6, is_content: 1.0}, assortment)
    shown = [str(assortment.item_ids[row]) for row in (is_content, 5, 7, 20, 21, 22, 23, 24)]
    sold = [
        act.item
        for visit in range(6_000)
        for act in decided(customer, shown, assortment, visit=visit, lift=0.9).acts
        if act.kind is Kind.PURCHASE and act.from_feed
    ]
    assert len(sold) > 1_000
    assert set(sold) == {shown[1], shown[2]}
    assert sold.count(shown[1]) / len(sold) == pytest.approx(0.2, abs=0.051)


def test_a_purchase_pays_the_price_of_one_piece(cast, assortment):
    prices = dict(zip(assortment.item_ids, assortment.prices_minor, strict=True))
    customer = cast.customers[1]
    acts = [
        act
        for visit in range(60)
        for act in decided(customer, best_feed(customer, assortment), assortment, visit=visit).acts
    ]
    purchases = [act for act in acts if act.kind is Kind.PURCHASE]
    assert purchases
    assert all(act.amount_minor == prices[act.item] and act.quantity == 1 for act in purchases)
    assert all(act.amount_minor is None for act in acts if act.kind is not Kind.PURCHASE)


def test_she_scrolls_from_the_top_and_reacts_only_to_what_she_saw(cast, assortment):
    for customer in cast.customers:
        feed = best_feed(customer, assortment)
        acts = decided(customer, feed, assortment).acts
        seen = [act.item for act in acts if act.kind is Kind.IMPRESSION]
        assert 8 <= len(seen) <= FEED_ITEMS
        assert seen == feed[: len(seen)]
        assert {act.item for act in acts if act.from_feed} <= set(seen)


def test_acts_come_in_order_and_within_the_visit(cast, assortment):
    for customer in cast.customers:
        after = [act.after_seconds for act in decided(customer, best_feed(customer, assortment), assortment).acts]
        assert after == sorted(after)
        assert 0 <= after[0] <= after[-1] <= VISIT_SECONDS


def test_items_of_somebody_else_are_seen_and_nothing_more(cast, assortment):
    acts = decided(cast.customers[2], ["not-ours-1", "not-ours-2"], assortment, visit=4, lift=0.9).acts
    assert {act.kind for act in acts if act.item.startswith("not-ours")} == {Kind.IMPRESSION}


def test_a_short_feed_is_seen_to_its_end(cast, assortment):
    feed = best_feed(cast.customers[2], assortment)[:3]
    assert [
        act.item for act in decided(cast.customers[2], feed, assortment).acts if act.kind is Kind.IMPRESSION
    ] == feed


def test_customers_come_first_in_the_first_week_and_at_most_once_a_day(cast):
    counts = []
    for customer in cast.customers:
        instants = visit_instants(customer, start_us=START_US, weeks=6)
        days = [(at - START_US) // US_PER_DAY for at in instants]
        assert 0 <= days[0] < 7
        assert days == sorted(set(days))
        assert instants[-1] + VISIT_SECONDS * US_PER_SECOND <= START_US + 42 * US_PER_DAY
        assert visit_instants(customer, start_us=START_US, weeks=6) == instants
        counts.append(len(instants))
    # One visit, and then one a week for the five and a half weeks that remain on average.
    assert np.mean(counts) == pytest.approx(6.5, abs=1.5)
    assert len(set(counts)) > 5


def test_a_longer_play_only_adds_visits_or_keeps_the_first(cast):
    for customer in cast.customers:
        short, long = (visit_instants(customer, start_us=START_US, weeks=weeks)[0] for weeks in (2, 9))
        assert (short - START_US) // US_PER_DAY == (long - START_US) // US_PER_DAY


def test_the_same_seed_casts_the_same_customers_and_another_seed_others(cast, assortment):
    again, other = (cast_for(assortment, 60, seed=seed, start_us=START_US) for seed in (2, 3))
    for ours, same, stranger in zip(cast.customers, again.customers, other.customers, strict=True):
        np.testing.assert_array_equal(ours.affinity, same.affinity)
        np.testing.assert_array_equal(ours.staples, same.staples)
        assert not np.array_equal(ours.affinity, stranger.affinity)
    np.testing.assert_array_equal(cast.burn_in.at_us, again.burn_in.at_us)


def test_everybody_brings_a_history_that_ends_a_day_before_the_play(cast):
    assert set(cast.burn_in.customers) == set(range(60))
    assert cast.burn_in.at_us.max() < START_US - US_PER_DAY
    assert cast.burn_in.at_us.min() >= START_US - 8 * 7 * US_PER_DAY


def test_staples_are_products_that_are_used_up(cast, assortment):
    for customer in cast.customers:
        assert np.isfinite(assortment.cycle_days[customer.staples]).all()
