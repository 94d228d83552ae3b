import dataclasses

import numpy as np
import pytest

from customers.models.bgnbd import fit_bgnbd
from customers.models.histories import standard_errors
from customers.models.pareto_nbd import fit_pareto_nbd
from customers.published.cdnow import CALIBRATION_END, NotTheSample, cdnow_orders
from customers.published.comparisons import HOLDOUT_WEEKS, Comparison, cdnow_comparisons, point_comparisons


def label(comparison: Comparison) -> str:
    return f"{comparison.model}: {comparison.what}"


@pytest.mark.parametrize("comparison", point_comparisons(), ids=label)
def test_what_needs_no_data_is_computed_as_published(comparison: Comparison) -> None:
    assert comparison.computed == pytest.approx(comparison.published, abs=comparison.tolerance, rel=0)
    assert comparison.agrees


def test_models_fitted_to_the_cdnow_sample_are_the_published_ones(cdnow) -> None:
    compared = cdnow_comparisons(cdnow)

    assert len(compared) == 2 * 5 + 4 + 5 + 4 + 2 * 8
    assert [comparison for comparison in compared if not comparison.agrees] == []


def test_the_cdnow_sample_has_as_many_customers_of_each_frequency_as_btyd_prints(cdnow) -> None:
    # BTYD walkthrough (cran/BTYD 2.4.3), table of the hold-out: frequencies 0 to 6, 7 and more.
    assert np.bincount(np.minimum(cdnow.frequency, 7)).tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]


def fitted(histories, name: str):
    return fit_pareto_nbd(histories) if name == "pareto_nbd" else fit_bgnbd(histories, name=name)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_standard_errors_on_cdnow_equal_an_independent_implementation(cdnow, recomputed, name: str) -> None:
    expected = recomputed["standard_errors"]
    model = fitted(cdnow.histories, name)

    assert model.fit.converged
    assert standard_errors(model) == pytest.approx(expected[name], rel=expected["tolerance_rel"])


def test_the_likelihood_of_mbg_nbd_on_cdnow_equals_an_independent_implementation(cdnow, recomputed) -> None:
    expected = recomputed["log_likelihoods"]
    model = fitted(cdnow.histories, "mbg_nbd")

    assert model.fit.log_likelihood == pytest.approx(expected["mbg_nbd"], abs=expected["tolerance_abs"])


@pytest.fixture(scope="module")
def later_orders(data_folder, cdnow) -> np.ndarray:
    """Order days of each customer of the sample in the 39 weeks after."""
    orders = cdnow_orders(data_folder / "cdnow" / "CDNOW_sample.txt")
    later = orders.customer_ids[orders.days > CALIBRATION_END]
    return np.bincount(np.searchsorted(cdnow.customer_ids, later), minlength=len(cdnow))


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_the_holdout_of_cdnow_is_met_as_by_an_independent_implementation(cdnow, recomputed, later_orders, name) -> None:
    expected = recomputed["holdout_39_weeks"]
    orders = fitted(cdnow.histories, name).expected_orders(cdnow.histories, horizon_weeks=HOLDOUT_WEEKS)

    assert later_orders.sum() == expected["actual_orders"]
    assert orders.sum() == pytest.approx(expected["expected_orders"][name], rel=expected["tolerance_rel"])
    error, fit = abs(orders - later_orders).mean(), np.corrcoef(orders, later_orders)[0, 1]
    assert error == pytest.approx(expected["mean_absolute_error"][name], abs=expected["tolerance_abs"])
    assert fit == pytest.approx(expected["correlation"][name], abs=expected["tolerance_abs"])


def area_under_curve(score: np.ndarray, is_one: np.ndarray) -> float:
    """Chance that one who ordered scores above one who did not, ties counting half (Mann and Whitney)."""
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n_one, n_none = is_one.sum(), (~is_one).sum()
    return float((ranks[is_one].sum() - n_one * (n_one + 1) / 2) / (n_one * n_none))


def test_who_orders_again_is_told_by_the_chance_of_an_order_not_by_being_alive_in_bg_nbd(cdnow, later_orders) -> None:
    """BG/NBD calls every one-time buyer alive for certain: read as a churn score it ranks them the wrong way round."""
    chance = fitted(cdnow.histories, "pareto_nbd").probability_of_order(cdnow.histories, horizon_weeks=HOLDOUT_WEEKS)
    trap = fitted(cdnow.histories, "bg_nbd").probability_alive(cdnow.histories)

    assert area_under_curve(chance, later_orders > 0) >= 0.77
    assert area_under_curve(trap, later_orders > 0) == pytest.approx(0.316, abs=0.002)


def test_a_number_that_is_off_by_more_than_the_tolerance_does_not_agree() -> None:
    one = Comparison("bg_nbd", "r", "nowhere", published=1.0, computed=1.25, tolerance=0.25)

    assert one.agrees
    assert not dataclasses.replace(one, computed=1.26).agrees
    assert not dataclasses.replace(one, computed=float("nan")).agrees


@pytest.mark.parametrize("text", ["", "customer_id,date\n1,1997-01-01\n", "1 1 19970101 1 11.77\n1 1 19970112 1 12\n"])
def test_another_file_is_not_the_sample(tmp_path, text: str) -> None:
    file = tmp_path / "other.txt"
    file.write_text(text)

    with pytest.raises(NotTheSample, match=r"other\.txt must have"):
        cdnow_orders(file)
