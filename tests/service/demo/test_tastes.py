import numpy as np
import pytest

from service.demo.assortment import assorted
from service.demo.tastes import COUNTRIES, COUNTRY_SHARES, Tastes, drawn_tastes
from service.demo.wording import PRODUCT_TYPES, STYLES


def test_affinity_is_the_wish_for_the_type_times_the_match_of_styles():
    """By hand: the item is three parts her style and one part another: 0.8 * (0.3 + 0.7 * 0.75) = 0.66."""
    assortment = assorted(len(PRODUCT_TYPES), 1, opened_at_us=0, until_us=10, rng=np.random.default_rng(0))
    main_style = int(np.argmax(assortment.style_weights[4]))
    types = np.zeros((1, len(PRODUCT_TYPES)))
    types[0, 4] = 0.8
    styles = np.zeros((1, len(STYLES)))
    styles[0, main_style] = 1.0
    affinity = Tastes(np.zeros(1, dtype=np.int64), types, styles).affinity(np.array([0]), assortment)
    assert affinity[0, 4] == pytest.approx(0.66)
    other_types = assortment.types != 4
    assert (affinity[0, other_types] == 0).all()


def test_everybody_has_a_dearest_type_and_a_dearest_style():
    tastes = drawn_tastes(500, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(tastes.types.max(axis=1), 1.0)
    np.testing.assert_array_equal(tastes.styles.max(axis=1), 1.0)
    assert tastes.types.min() >= 0
    assert tastes.styles.min() >= 0


def test_most_customers_care_for_few_types_only():
    tastes = drawn_tastes(1_000, rng=np.random.default_rng(6))
    assert np.median((tastes.types > 0.5).sum(axis=1)) < len(PRODUCT_TYPES) / 3


def test_countries_have_their_shares_of_the_customers():
    """Four standard errors of a share of .62 among 4 000 are .031."""
    countries = drawn_tastes(4_000, rng=np.random.default_rng(7)).countries
    shares = np.bincount(countries, minlength=len(COUNTRIES)) / 4_000
    np.testing.assert_allclose(shares, COUNTRY_SHARES, atol=0.031)


def test_countries_differ_in_what_they_like():
    tastes = drawn_tastes(4_000, rng=np.random.default_rng(8))
    means = np.stack([tastes.types[tastes.countries == country].mean(axis=0) for country in range(2)])
    assert np.abs(means[0] - means[1]).max() > 0.05
