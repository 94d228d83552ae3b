"""What a feed costs: with long and short histories, small and large catalogues, and over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from recommender.configuration import TrainingConfig
from recommender.events import SECONDS_PER_DAY, Events, Kind
from recommender.feed import FeedRequest, compose
from recommender.model import Model
from recommender.ranking import Policy
from recommender.training import Items, Segments, train

pytestmark = pytest.mark.bench

NOW = 1_700_000_000
PUBLISHED = NOW - 200 * SECONDS_PER_DAY
N_USERS, N_EVENTS = 1_500, 30_000
N_FEEDS, N_CHECKS = 300, 3_000


def some_events(rng: np.random.Generator, *, count: int, users: int, items: int) -> Events:
    """Purchases and views whose items are chosen by a long tail, over four months."""
    popularity = 1.0 / np.arange(10, items + 10)
    return Events(
        user_ids=rng.integers(0, users, count),
        item_ids=rng.choice(items, count, p=popularity / popularity.sum()),
        kinds=rng.choice(np.array([Kind.PURCHASE, Kind.VIEW], dtype=np.int8), count),
        at_seconds=NOW - rng.integers(1, 120 * SECONDS_PER_DAY, count),
        quantities=np.full(count, np.nan, dtype=np.float32),
        watch_shares=np.full(count, np.nan, dtype=np.float32),
    )


@pytest.fixture(scope="module")
def models() -> dict[int, Model]:
    """A model of a catalogue of 4,000 items and one of 16,000."""
    made = {}
    for n_items in (4_000, 16_000):
        rng = np.random.default_rng(1)
        ids = np.arange(n_items)
        made[n_items] = train(
            some_events(rng, count=N_EVENTS, users=N_USERS, items=n_items),
            Items(ids, ids % 3 == 0, np.full(n_items, PUBLISHED)),
            Segments(np.arange(N_USERS), np.full(N_USERS, "ID", dtype=object)),
            TrainingConfig(),
            until_seconds=NOW,
            seed=1,
            on_step=lambda _step: None,
        )
    return made


def feed_seconds(model: Model, history_length: int, best_seconds: Callable[..., float]) -> float:
    """Seconds of one feed: the history folded in, and the page composed."""
    n_items = len(model.item_ids)
    events = some_events(np.random.default_rng(2), count=history_length, users=1, items=n_items)
    request = FeedRequest(
        limit=20,
        now_seconds=NOW,
        policy=Policy.parse({}),
        allowed=np.ones(n_items, dtype=np.bool_),
        excluded_item_ids=np.empty(0, dtype=np.int64),
        newest_item_ids=model.item_ids,
        newest_is_content=model.is_content,
        newest_published_at_seconds=np.full(n_items, PUBLISHED),
    )

    def one_feed() -> None:
        assert len(compose(model, model.history(events, "ID", NOW), request).items) == 20

    return best_seconds(one_feed, runs=30)


def test_a_feed_for_a_long_history_costs_a_few_times_one_for_a_short(
    models: dict[int, Model], note: Any, best_seconds: Callable[..., float]
) -> None:
    ratio = note(
        "feed with 1,000 events, 4,000 items",
        "feed with 10 events, 4,000 items",
        seconds=feed_seconds(models[4_000], 1_000, best_seconds),
        base_seconds=feed_seconds(models[4_000], 10, best_seconds),
    )
    assert ratio < 20


def test_a_feed_from_four_times_the_catalogue_costs_not_much_more_than_four_times(
    models: dict[int, Model], note: Any, best_seconds: Callable[..., float]
) -> None:
    ratio = note(
        "feed with 100 events, 16,000 items",
        "feed with 100 events, 4,000 items",
        seconds=feed_seconds(models[16_000], 100, best_seconds),
        base_seconds=feed_seconds(models[4_000], 100, best_seconds),
    )
    assert ratio < 8


def test_a_feed_over_http_costs_a_bounded_multiple_of_the_cheapest_answer(
    running_service: Any, note: Any, best_seconds: Callable[..., float]
) -> None:
    """Commit included: a feed is answered after its exposure is on the disk."""
    with httpx.Client(base_url=running_service.base_url, timeout=30) as client:

        def cpu_seconds() -> float:
            page = client.get("/metrics").text
            (line,) = [line for line in page.splitlines() if line.startswith("process_cpu_seconds_total ")]
            return float(line.split()[1])

        def took(paths: list[str]) -> tuple[float, float]:
            before = cpu_seconds()

            def all_of_them() -> None:
                for path in paths:
                    assert client.get(path).status_code == 200

            seconds = best_seconds(all_of_them, runs=1)
            return seconds / len(paths), (cpu_seconds() - before) / len(paths)

        alive = ["/health/live"] * N_CHECKS
        feeds = [f"/v1/users/{user}/feed" for user in running_service.user_ids[:N_FEEDS]]
        took(alive[:20] + feeds[:20])
        (base_seconds, base_cpu), (seconds, cpu) = took(alive), took(feeds)
    waited = note("feed over HTTP, one client", "GET /health/live", seconds=seconds, base_seconds=base_seconds)
    burnt = note("feed over HTTP, server CPU", "GET /health/live, server CPU", seconds=cpu, base_seconds=base_cpu)
    assert waited < 40
    assert burnt < 100
