import numpy as np
import pytest

from customers.engagement import CAUTION, Association, associations


def shop(
    rng: np.random.Generator, n: int, *, effect: float = 0.0
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Customers who differ in how much they buy and watch, and later orders with a known ratio per log minute."""
    rates = rng.gamma(0.8, 1.5, n)
    before = 1 + rng.poisson(rates)
    minutes = np.where(rng.random(n) < 0.6, rng.gamma(1.0, 20 * np.log1p(before)), 0.0)
    # Gamma times Poisson: orders come in bunches, twice as spread as Poisson's or more.
    after = rng.poisson(np.exp(effect * np.log1p(minutes)) * 0.4 * before * rng.gamma(1.0, 1.0, n))
    return {"minutes_watched": minutes}, before, after


def test_a_known_ratio_lies_in_its_interval_19_times_of_20() -> None:
    rng, effect, held = np.random.default_rng(11), 0.08, 0
    for _ in range(400):
        engagement, before, after = shop(rng, 300, effect=effect)
        # The rate is linear in orders before, so at equal orders before the log-linear form is nearly right.
        found = associations(engagement, orders_before=before, orders_after=after)[0]
        assert found.interval is not None
        truth = np.exp(effect * np.log1p(found.typical))
        held += found.interval[0] <= truth <= found.interval[1]
    # Binomial(400, .95): mean 380, sd 4.4; four of them.
    assert held >= 380 - 18


def test_measures_that_go_with_nothing_are_seldom_called_more_than_chance_however_many_are_asked_about() -> None:
    rng, alarms = np.random.default_rng(12), 0
    measures = ("likes", "shares", "interactions", "use_weeks", "session_minutes")
    for _ in range(200):
        before = 1 + rng.poisson(rng.gamma(0.8, 1.5, 250))
        after = rng.poisson(0.4 * before * rng.gamma(1.0, 1.0, 250))
        engagement = {measure: rng.poisson(2.0, 250).astype(np.float64) for measure in measures}
        found = associations(engagement, orders_before=before, orders_after=after)
        alarms += any(one.p_value is not None and one.p_value < 0.05 for one in found)
    # Binomial(200, .05): mean 10, sd 3.1; four of them.
    assert alarms <= 10 + 12


def test_a_ratio_says_no_more_than_that_good_customers_do_more_of_everything() -> None:
    # Watching follows orders before, and later orders follow those alone: at equal orders before, the ratio is 1.
    engagement, before, after = shop(np.random.default_rng(13), 20_000)

    found = associations(engagement, orders_before=before, orders_after=after)[0]

    assert found.ratio == pytest.approx(1, abs=0.1)


def test_where_everybody_has_some_much_is_compared_with_little() -> None:
    # Weeks of use 1 to 8, alike often: a quarter have at most 2, the next begin at 3; so 6 and 7 above.
    rng = np.random.default_rng(15)
    weeks = np.repeat(np.arange(1.0, 9.0), 200)
    after = rng.poisson(0.5 * (1 + weeks))

    found = associations({"use_weeks": weeks}, orders_before=np.ones(1_600, dtype=int), orders_after=after)[0]

    assert (found.base, found.typical) == (2.75, 6.25)
    # The rate is 0.5 (1 + weeks): its ratio is that of 1 + weeks.
    assert found.ratio == pytest.approx(7.25 / 3.75, rel=0.1)


def test_few_customers_get_no_ratio_and_are_told_so() -> None:
    engagement, before, after = shop(np.random.default_rng(14), 40)
    found = associations(engagement, orders_before=before, orders_after=after)[0]

    assert found.ratio is None
    assert found.sentence("en").startswith("Too few customers to say how minutes watched go with later orders")
    nobody = associations(
        {"likes": np.zeros(300)}, orders_before=np.ones(300, dtype=int), orders_after=np.arange(300) % 2
    )
    assert nobody[0].ratio is None


def test_every_sentence_ends_with_what_it_does_not_mean() -> None:
    found = Association("likes", 1_000, 400, 6.0, 0.0, 1.314, (1.1, 1.57), 0.01)

    assert found.sentence("en") == (
        "Customers with 6 likes ordered 1.31 times as often later as customers with none and as many earlier orders; "
        "95 % interval 1.10 to 1.57, from 1,000 customers, 400 of them with any. Customers who like more also buy "
        "more; causing likes may change nothing. This is so until an experiment says otherwise."
    )
    assert found.sentence("id").endswith(CAUTION["id"])


def test_what_cannot_be_measured_is_refused() -> None:
    one, orders = np.ones(1), np.ones(1, dtype=np.int64)

    with pytest.raises(ValueError, match="engagement must be of minutes_watched"):
        associations({"smiles": one}, orders_before=orders, orders_after=orders)
    with pytest.raises(ValueError, match="likes must be at least 0"):
        associations({"likes": -one}, orders_before=orders, orders_after=orders)
    with pytest.raises(ValueError, match="must have equal lengths"):
        associations({"likes": np.ones(2)}, orders_before=orders, orders_after=orders)
