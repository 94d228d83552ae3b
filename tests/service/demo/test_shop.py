import numpy as np
import pandas as pd
import pytest

from recommender.events import Kind
from service.demo.assortment import CURRENCY
from service.demo.histories import US_PER_DAY
from service.demo.shop import ShopParameters, assortment_of, simulated_shop

UNTIL_US = 1_760_000_000_000_000
SMALL = ShopParameters(seed=4, until_us=UNTIL_US, n_users=300, n_products=108, n_content=60, weeks=12)


@pytest.fixture(scope="module")
def shop():
    return simulated_shop(SMALL)


@pytest.fixture(scope="module")
def full_shop():
    return simulated_shop(ShopParameters(seed=1, until_us=UNTIL_US))


def test_the_same_parameters_make_the_same_shop(shop):
    again = simulated_shop(ShopParameters.from_mapping(SMALL.to_mapping()))
    pd.testing.assert_frame_equal(again.items, shop.items)
    pd.testing.assert_frame_equal(again.users, shop.users)
    pd.testing.assert_frame_equal(again.events, shop.events)


def test_another_seed_makes_another_shop(shop):
    other = simulated_shop(ShopParameters.from_mapping(SMALL.to_mapping() | {"seed": 5}))
    assert not other.items["title"].equals(shop.items["title"])
    assert set(other.events["id"]).isdisjoint(shop.events["id"])


def test_what_the_shop_offers_can_be_had_without_its_history(shop):
    assortment = assortment_of(SMALL)
    np.testing.assert_array_equal(assortment.item_ids, shop.items["item"])
    np.testing.assert_array_equal(assortment.popularity, shop.assortment.popularity)


def test_there_are_thousands_of_users_of_whom_most_do_little_and_some_do_hundreds_of_things(full_shop):
    assert len(full_shop.users) == 3_000
    assert 150_000 <= len(full_shop.events) <= 300_000
    per_user = full_shop.events.groupby("user").size().reindex(full_shop.users["user"], fill_value=0)
    assert (per_user < 30).mean() > 0.5
    assert (per_user >= 200).sum() >= 50


def test_customers_come_back_to_buy(full_shop):
    bought = full_shop.events.loc[full_shop.events["kind"] == "purchase"]
    orders = bought.groupby("user")["order_id"].nunique()
    assert (orders >= 2).mean() > 0.4


def test_a_few_items_get_most_of_the_attention(full_shop):
    counts = full_shop.events["item"].value_counts()
    assert counts.head(90).sum() > 0.3 * counts.sum()


def test_events_are_in_order_within_the_weeks_and_on_known_users_and_items(shop):
    events = shop.events
    assert events["at"].is_monotonic_increasing
    assert events["at"].min() >= UNTIL_US - 12 * 7 * US_PER_DAY
    assert events["at"].max() < UNTIL_US
    assert set(events["user"]) <= set(shop.users["user"])
    assert set(events["item"]) <= set(shop.items["item"])
    assert set(events["kind"]) <= {kind.name.lower() for kind in Kind}


def test_ids_and_payload_hashes_tell_events_apart(shop):
    assert shop.events["id"].is_unique
    assert shop.events["payload_hash"].map(len).eq(16).all()
    # Two events may be equal in all but their id (two likes in one second), hardly ever more.
    assert shop.events["payload_hash"].nunique() > 0.999 * len(shop.events)
    halves = shop.events["payload_hash"].map(lambda hash_: (hash_[:8], hash_[8:]))
    assert all(first != second for first, second in halves)


def test_money_is_price_times_pieces_and_only_purchases_and_refunds_have_it(shop):
    events = shop.events
    is_money = events["kind"].isin(["purchase", "refund"])
    for column in ("order_id", "quantity", "amount_minor", "currency"):
        np.testing.assert_array_equal(events[column].notna(), is_money)
    money = events.loc[is_money]
    prices = shop.items.set_index("item")["price_minor"].loc[money["item"]].to_numpy()
    np.testing.assert_array_equal(money["amount_minor"].to_numpy(), prices * money["quantity"].to_numpy())
    assert set(money["currency"]) == {CURRENCY}


def test_a_watch_never_lasts_longer_than_its_video(shop):
    watches = shop.events.loc[shop.events["kind"] == "watch"]
    assert (watches["seconds_watched"] <= watches["seconds_total"]).all()
    assert (watches["seconds_watched"] > 0).all()
    assert shop.events.loc[shop.events["kind"] != "watch", "seconds_total"].isna().all()


def test_the_catalogue_holds_both_kinds_and_prices_only_for_products(shop):
    items = shop.items
    is_content = items["kind"] == "content"
    assert is_content.sum() == 60
    np.testing.assert_array_equal(items["price_minor"].isna(), is_content)
    np.testing.assert_array_equal(items["currency"].isna(), is_content)
    np.testing.assert_array_equal(items["creator"].notna(), is_content)
    assert items["categories"].map(len).eq(2).all()


def test_the_affinity_of_a_user_is_the_truth_behind_her_history(shop):
    """Averaged over users, the items a user acted on are dearer to her than the assortment is."""
    rows = pd.Series(range(len(shop.items)), index=shop.items["item"])
    acted_on = shop.events.groupby("user")["item"].agg(lambda items: rows.loc[items].to_numpy())
    differences = [
        affinity[acted_on[user]].mean() - affinity.mean()
        for row, user in enumerate(shop.users["user"])
        if user in acted_on.index
        for affinity in [shop.affinity(row)]
    ]
    assert np.mean(differences) > 0.1


@pytest.mark.parametrize(
    ("field", "value"), [("seed", -1), ("n_users", 0), ("n_products", 3), ("n_content", 0), ("weeks", 0)]
)
def test_a_shop_that_cannot_be_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"{field} of a simulated shop must be at least .*, got {value}"):
        ShopParameters.from_mapping(SMALL.to_mapping() | {field: value})


def test_a_shop_cannot_open_before_1970():
    with pytest.raises(ValueError, match="after 1970-01-01, got until_us 5"):
        ShopParameters(seed=1, until_us=5)
