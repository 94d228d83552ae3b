import numpy as np

from service.demo.assortment import MINOR_PER_MAJOR, assorted
from service.demo.wording import PRODUCT_TYPES

OPENED_AT_US = 1_700_000_000_000_000
UNTIL_US = 1_715_000_000_000_000


def some_assortment(seed=3):
    rng = np.random.default_rng(seed)
    return assorted(270, 120, opened_at_us=OPENED_AT_US, until_us=UNTIL_US, rng=rng)


def test_every_item_has_an_id_and_a_title_of_its_own():
    assortment = some_assortment()
    assert len(set(assortment.item_ids)) == len(assortment) == 390
    assert len(set(assortment.titles)) == 390


def test_the_id_of_a_product_names_its_shelf_and_content_is_video():
    assortment = some_assortment()
    shelves = [PRODUCT_TYPES[type_].slug for type_ in assortment.types]
    for item, shelf, content in zip(assortment.item_ids, shelves, assortment.is_content, strict=True):
        assert item.rpartition("-")[0] == ("video" if content else shelf)


def test_a_price_lies_on_its_shelf_and_content_is_not_sold():
    assortment = some_assortment()
    for row in range(len(assortment)):
        type_, price = PRODUCT_TYPES[assortment.types[row]], assortment.prices_minor[row] / MINOR_PER_MAJOR
        if assortment.is_content[row]:
            assert price == 0
        else:
            assert type_.cheapest <= price <= type_.dearest
            assert price % 500 == 0


def test_only_products_that_are_used_up_have_a_cycle_and_only_content_has_a_length():
    assortment = some_assortment()
    used_up = np.array([type_.cycle_days is not None for type_ in PRODUCT_TYPES])[assortment.types]
    np.testing.assert_array_equal(np.isfinite(assortment.cycle_days), used_up & ~assortment.is_content)
    np.testing.assert_array_equal(np.isfinite(assortment.lengths_seconds), assortment.is_content)


def test_most_items_are_there_from_the_first_day_and_none_comes_after_the_last():
    published = some_assortment().published_at_us
    assert (published == OPENED_AT_US).mean() > 0.5
    assert published.min() == OPENED_AT_US
    assert published.max() < UNTIL_US


def test_attention_is_skewed_so_a_tenth_of_the_items_draws_more_than_a_quarter_of_it():
    popularity = np.sort(some_assortment().popularity)[::-1]
    assert popularity[:39].sum() > popularity.sum() / 4


def test_the_styles_of_an_item_add_up_to_one():
    np.testing.assert_allclose(some_assortment().style_weights.sum(axis=1), 1.0)
