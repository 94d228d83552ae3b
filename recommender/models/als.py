"""Taste by matrix factorisation: implicit ALS, with every user folded in from the history at hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares

from recommender.interactions import History
from recommender.models.base import Arrays, Scores, read_only
from recommender.threads import one_blas_thread


@dataclass(frozen=True, slots=True)
class AlsConfig:
    """Hyper-parameters of the factorisation."""

    factors: int = 128
    """Few are enough for a catalogue of thousands: on the Online Retail log 128 beat 64 by .001 of ndcg@20 in two
    seasons. Never more than the smaller side of the matrix is used."""
    regularisation: float = 10.0
    """Ridge penalty on both sides (λ of the paper)."""
    confidence: float = 20.0
    """The confidence in an observed pair is 1 plus this times its strength (α of the paper)."""
    iterations: int = 15
    """Alternations; more changed nothing measurable."""

    def __post_init__(self) -> None:
        for name in ("factors", "regularisation", "confidence", "iterations"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, eq=False)
class AlsSource:
    """Item factors and what a fold-in needs of them.

    Hu, Koren & Volinsky (2008), *Collaborative Filtering for Implicit Feedback Datasets*, equations (4) to (7).
    A user's vector is solved from the history at each request, by the same arithmetic for every user: implicit's
    own stored user factors lag half a step behind its item factors.
    """

    factors: npt.NDArray[np.float32]
    """Y of the paper, shape ``(n_items, n_factors)``."""
    gram: npt.NDArray[np.float64]
    """YᵀY + λI, shape ``(n_factors, n_factors)``."""
    mean: npt.NDArray[np.float32]
    """The mean item, shape ``(n_factors,)``."""
    covariance: npt.NDArray[np.float64]
    """Cov(Y) over the items, shape ``(n_factors, n_factors)``."""
    confidence: float
    """α of the paper."""

    def scores(self, history: History) -> Scores:
        """Predicted preference, standardised over the catalogue; all 0 for a history without interest.

        Mean and deviation over all items follow from the user's vector p without a scan:
        mean = p · mean(Y), deviation = sqrt(pᵀ Cov(Y) p).
        """
        if len(history.warm_rows) == 0:
            return np.zeros(len(self.factors), dtype=np.float32)
        vector = self.user_vector(history.warm_rows, history.warm_strengths)
        deviation = math.sqrt(max(float(vector @ self.covariance @ vector), 0.0))
        if deviation <= 1e-9:
            return np.zeros(len(self.factors), dtype=np.float32)
        scaled = (vector / deviation).astype(np.float32)
        scores: Scores = self.factors @ scaled - np.float32(self.mean @ scaled)
        return scores

    def user_vector(self, rows: npt.NDArray[np.int64], strengths: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The vector x = (YᵀCY + λI)⁻¹ YᵀCp of a user with these strengths, equation (4), shape ``(n_factors,)``."""
        confidences, touched, system = self._system(rows, strengths)
        return np.linalg.solve(system, confidences @ touched).astype(np.float64, copy=False)

    def contributions(self, history: History, item_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The share of each item j of the history in the raw score of item i, equation (7): y_iᵀ W⁻¹ y_j c_j."""
        if len(history.warm_rows) == 0 or len(item_rows) == 0:
            return np.zeros((len(item_rows), len(history.warm_rows)), dtype=np.float32)
        confidences, touched, system = self._system(history.warm_rows, history.warm_strengths)
        weights = np.linalg.solve(system, self.factors[item_rows].T.astype(np.float64))
        return ((touched @ weights).T * confidences).astype(np.float32)

    def similar(self, item_row: int) -> Scores:
        """Cosine between one item's factors and every item's, shape ``(n_items,)``."""
        lengths = np.linalg.norm(self.factors, axis=1)
        cosines: Scores = self.factors @ self.factors[item_row] / np.maximum(lengths * lengths[item_row], 1e-12)
        return cosines

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The item factors, the regularised Gram matrix and the confidence; the moments are computed again."""
        return {"factors": self.factors, "gram": self.gram, "confidence": np.array(self.confidence)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` described."""
        factors = arrays["factors"]
        mean = factors.mean(axis=0, dtype=np.float64)
        centred = factors - mean
        return cls(
            factors=read_only(factors),
            gram=read_only(arrays["gram"]),
            mean=read_only(mean.astype(np.float32)),
            covariance=read_only(centred.T @ centred / len(factors)),
            confidence=float(arrays["confidence"]),
        )

    def _system(
        self, rows: npt.NDArray[np.int64], strengths: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        touched = self.factors[rows].astype(np.float64)
        extra = self.confidence * strengths.astype(np.float64)
        return 1.0 + extra, touched, self.gram + (touched.T * extra) @ touched


def fit_als(strengths: sp.csr_array, config: AlsConfig, *, seed: int, on_step: Callable[[str], None]) -> AlsSource:
    """Item factors fitted to a matrix of strengths, shape ``(n_users, n_items)``, all stored values above 0.

    Args:
        strengths: Interest of users (rows) in items (columns).
        config: Hyper-parameters.
        seed: Seed of the starting factors; an int, since implicit refuses or cannot store other kinds.
        on_step: Told of each alternation.
    """
    confidences = sp.csr_matrix(strengths, dtype=np.float32, copy=True)
    # implicit takes the confidence itself (alpha · r): one below 1 would weigh a purchase less than a blank.
    confidences.data = (1.0 + config.confidence * confidences.data).astype(np.float32)
    n_factors = max(1, min(config.factors, *strengths.shape))
    with one_blas_thread():
        model = AlternatingLeastSquares(
            factors=n_factors,
            regularization=config.regularisation,
            alpha=1.0,
            iterations=config.iterations,
            random_state=seed,
            num_threads=1,
        )
        model.fit(
            confidences,
            show_progress=False,
            callback=lambda done, _seconds, _loss: on_step(f"als {done + 1}/{config.iterations}"),
        )
    factors = np.ascontiguousarray(model.item_factors, dtype=np.float32)
    precise = factors.astype(np.float64)
    gram = precise.T @ precise + config.regularisation * np.eye(n_factors)
    return AlsSource.from_arrays({"factors": factors, "gram": gram, "confidence": np.array(config.confidence)})
