import numpy as np
import pytest

from customers.content import ContentAssociations, content_associations


def watched(
    rng: np.random.Generator, *, n: int, n_items: int, lifts: dict[int, float]
) -> tuple[ContentAssociations, np.ndarray]:
    """Customers who each watch some of the items; an item's lift multiplies its watchers' later orders."""
    before = 1 + rng.poisson(rng.gamma(0.8, 1.5, n))
    popularity = rng.beta(0.6, 8, n_items)
    seen = rng.random((n, n_items)) < popularity
    lift = np.ones(n)
    for item, ratio in lifts.items():
        lift[seen[:, item]] *= ratio
    after = rng.poisson(0.4 * before * lift * rng.gamma(1.0, 1.0, n))
    customers, items = np.nonzero(seen)
    found = content_associations(customers, items, n_items=n_items, orders_before=before, orders_after=after)
    assert found is not None
    return found, seen


def test_where_no_item_matters_hardly_any_shop_sees_one_stand_out() -> None:
    rng, shops = np.random.default_rng(21), 0
    for _ in range(200):
        found, _ = watched(rng, n=400, n_items=40, lifts={})
        shops += found.standing_out(false_share=0.1).size > 0
    # Where all are false, one in ten shops may see any. Binomial(200, .1): mean 20, sd 4.2; four of them.
    assert shops <= 20 + 17


def test_an_item_whose_watchers_order_twice_as_often_stands_out_and_its_ratio_is_drawn_in() -> None:
    rng = np.random.default_rng(22)
    before = np.ones(4_000, dtype=np.int64)
    seen = rng.random((4_000, 20)) < 0.1
    after = rng.poisson(np.where(seen[:, 7], 1.0, 0.5))
    customers, items = np.nonzero(seen)

    found = content_associations(customers, items, n_items=20, orders_before=before, orders_after=after)

    assert found is not None
    assert found.standing_out().tolist() == [7]
    # Some of the usual is what item 7's own watchers order, and the rest is drawn in: below 2, above what chance gives.
    assert 1.4 < found.ratio[7] < 2
    assert found.low[7] > 1


def test_an_item_of_three_watchers_is_not_the_best_by_luck() -> None:
    # Three watchers of item 0 order 3 days each, where half an order is usual; 400 of item 1 order as is usual.
    n = 2_000
    after = (np.arange(n) % 2).astype(np.int64)
    after[:3] = 3
    customers, items = np.concatenate([np.arange(3), np.arange(400)]), np.repeat([0, 1], [3, 400])

    found = content_associations(
        customers, items, n_items=3, orders_before=np.ones(n, dtype=np.int64), orders_after=after
    )

    assert found is not None
    assert found.n_customers.tolist() == [3, 400, 0]
    assert found.orders[0] == 9
    raw = found.orders[0] / found.expected[0]
    assert 1 < found.ratio[0] < raw
    assert found.ratio[1] == pytest.approx(1, abs=0.15)
    # Nobody watched item 2: nothing is known of it.
    assert found.ratio[2] == 1
    assert found.low[2] < 1 < found.high[2]
    assert found.q_value[2] == 1


def test_watching_twice_counts_once() -> None:
    rng = np.random.default_rng(23)
    before, after = np.ones(200, dtype=np.int64), rng.poisson(0.5, 200)
    customers, items = rng.integers(0, 200, 300), rng.integers(0, 4, 300)
    once = content_associations(customers, items, n_items=4, orders_before=before, orders_after=after)
    twice = content_associations(
        np.tile(customers, 2), np.tile(items, 2), n_items=4, orders_before=before, orders_after=after
    )

    assert once is not None
    assert twice is not None
    assert once.ratio.tolist() == twice.ratio.tolist()


def test_a_shop_without_later_orders_has_nothing_usual() -> None:
    nobody, none = np.zeros(0, dtype=np.int64), np.zeros(5, dtype=np.int64)

    assert content_associations(nobody, nobody, n_items=2, orders_before=none, orders_after=none) is None
    with pytest.raises(ValueError, match="must have equal lengths"):
        content_associations(nobody, none, n_items=2, orders_before=none, orders_after=none)
