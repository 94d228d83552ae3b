from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recommender.events import SECONDS_PER_DAY, Events, Kind
from recommender.model import Model
from recommender.training import Items, Segments, TrainingConfig, train

NOW = 1_700_000_000

EventRow = tuple[int, int, Kind, float]
"""User, item, kind, days before `NOW`."""


@pytest.fixture
def now() -> int:
    return NOW


@pytest.fixture(scope="session")
def make_events() -> Callable[..., Events]:
    """Events from rows of (user, item, kind, days before now[, watch share or quantity])."""

    def made(rows: list[tuple[float, ...]]) -> Events:
        last = [row[4] if len(row) > 4 else np.nan for row in rows]
        kinds = np.array([row[2] for row in rows], dtype=np.int8)
        return Events(
            user_ids=np.array([row[0] for row in rows], dtype=np.int64),
            item_ids=np.array([row[1] for row in rows], dtype=np.int64),
            kinds=kinds,
            at_seconds=np.array([NOW - round(row[3] * SECONDS_PER_DAY) for row in rows], dtype=np.int64),
            quantities=np.where(kinds == Kind.WATCH, np.nan, np.array(last)).astype(np.float32),
            watch_shares=np.where(kinds == Kind.WATCH, np.array(last), np.nan).astype(np.float32),
        )

    return made


@pytest.fixture(scope="session")
def shop(make_events: Callable[..., Events]) -> tuple[Events, Items, Segments]:
    """Two tastes that never mix: even users want even items, odd users odd items, save one pair each.

    Items 0 to 19 are products, 20 to 29 content. User u lacks the product and the content at its own place, so what
    taste should put first is known by construction. Item 0 and item 1 are the most popular.
    """
    rows: list[tuple[float, ...]] = []
    for user in range(40):
        mine = [item for item in range(user % 2, 20, 2) if item // 2 != (user // 2) % 10]
        rows += [(user, item, Kind.PURCHASE, 10 + (user * 7 + item * 3) % 50) for item in mine]
        watched = [item for item in range(20 + user % 2, 30, 2) if (item - 20) // 2 != (user // 2) % 5]
        rows += [(user, item, Kind.WATCH, 5 + (user + item) % 40, 0.8) for item in watched]
    rows += [(user, user % 2, Kind.VIEW, 2) for user in range(40)]
    items = Items(np.arange(30), np.arange(30) >= 20, np.full(30, NOW - 100 * SECONDS_PER_DAY))
    segments = Segments(np.arange(40), np.array(["even", "odd"] * 20, dtype=object))
    return make_events(rows), items, segments


@pytest.fixture(scope="session")
def model(shop: tuple[Events, Items, Segments]) -> Model:
    events, items, segments = shop
    return train(events, items, segments, TrainingConfig(), until_seconds=NOW, seed=7, on_step=lambda _step: None)
