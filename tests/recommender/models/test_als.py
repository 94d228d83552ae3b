from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.events import Kind
from recommender.models.als import AlsConfig, AlsSource, fit_als


@pytest.fixture
def fitted() -> AlsSource:
    rng = np.random.default_rng(3)
    factors = rng.normal(size=(12, 4)).astype(np.float32)
    gram = factors.T.astype(np.float64) @ factors + 2.0 * np.eye(4)
    return AlsSource.from_arrays({"factors": factors, "gram": gram, "confidence": np.array(5.0)})


@pytest.fixture
def history(model, make_events, now):
    return model.history(make_events([(1, 2, Kind.PURCHASE, 9), (1, 4, Kind.LIKE, 4), (1, 7, Kind.VIEW, 3)]), None, now)


def test_the_fold_in_solves_equation_4_of_hu_koren_and_volinsky(fitted, history):
    # Written out over the whole catalogue: (YᵀCY + λI) x = YᵀCp with C = 1 everywhere and 1 + α r where observed.
    Y = fitted.factors.astype(np.float64)
    confidences, preferences = np.ones(12), np.zeros(12)
    confidences[history.warm_rows] += 5.0 * history.warm_strengths
    preferences[history.warm_rows] = 1.0
    expected = np.linalg.solve(Y.T @ np.diag(confidences) @ Y + 2.0 * np.eye(4), Y.T @ (confidences * preferences))
    assert fitted.user_vector(history.warm_rows, history.warm_strengths) == pytest.approx(expected, rel=1e-5)


def test_contributions_add_up_to_the_raw_score(fitted, history):
    rows = np.arange(12)
    raw = fitted.factors @ fitted.user_vector(history.warm_rows, history.warm_strengths)
    assert fitted.contributions(history, rows).sum(axis=1) == pytest.approx(raw, rel=1e-4, abs=1e-5)


def test_scores_have_mean_0_and_deviation_1_without_a_scan(fitted, history):
    scores = fitted.scores(history)
    assert scores.mean() == pytest.approx(0.0, abs=1e-5)
    assert scores.std() == pytest.approx(1.0, rel=1e-4)


def test_what_equally_minded_users_have_comes_first(model, shop, now):
    # User 4 has all even products but number 4, and nobody of this taste has odd ones.
    events = shop[0]
    history = model.history(events.take((events.user_ids == 4) & (events.kinds == Kind.PURCHASE)), None, now)
    scores = model.sources.als.scores(history)
    new = np.setdiff1d(np.arange(20), history.rows)
    assert new[np.argmax(scores[new])] == 4


def test_equal_seeds_give_equal_factors_and_other_seeds_others():
    strengths = sp.csr_array(np.random.default_rng(0).integers(0, 2, (30, 12)).astype(np.float32))

    def factors(seed: int) -> np.ndarray:
        return fit_als(strengths, AlsConfig(factors=4), seed=seed, on_step=lambda _step: None).factors

    np.testing.assert_array_equal(factors(1), factors(1))
    assert not np.array_equal(factors(1), factors(2))


def test_progress_tells_of_every_alternation():
    steps: list[str] = []
    fit_als(sp.csr_array(np.eye(3, dtype=np.float32)), AlsConfig(iterations=2), seed=1, on_step=steps.append)
    assert steps == ["als 1/2", "als 2/2"]


def test_fitting_does_not_change_the_matrix():
    strengths = sp.csr_array(np.eye(3, dtype=np.float32) * 0.5)
    fit_als(strengths, AlsConfig(iterations=1), seed=1, on_step=lambda _step: None)
    assert strengths.toarray().tolist() == (np.eye(3) * 0.5).tolist()


def test_similarity_is_the_cosine(fitted):
    Y = fitted.factors
    expected = [Y[3] @ row / np.linalg.norm(Y[3]) / np.linalg.norm(row) for row in Y]
    assert fitted.similar(3) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert fitted.similar(3).argmax() == 3


def test_hyper_parameters_below_their_range_are_refused():
    with pytest.raises(ValueError, match="factors must be above 0, got 0"):
        AlsConfig(factors=0)
