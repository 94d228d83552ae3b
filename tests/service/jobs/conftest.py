"""A log of views to train on and to evaluate with, made to the second."""

from collections.abc import Callable, Sequence

import pytest

from recommender.events import Kind
from service.log.append import NewEvent, append_events
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Database
from service.log.home import ensure_log_id
from service.log.names import UserKey
from service.log.writer import Writer

SECOND = 1_000_000
NOW = 1_000_000 * SECOND

Happen = Callable[[Sequence[int]], None]


@pytest.fixture
def happen(database: Database, writer: Writer) -> Happen:
    """One purchase at each of the given seconds; three customers buy four things in turn."""

    def at(seconds: Sequence[int]) -> None:
        things = [CatalogueItem(external_id=f"p{n}", kind="product", title=f"P{n}", published_at=1) for n in range(4)]
        acts = [
            NewEvent(
                id=f"e{n}", kind=Kind.PURCHASE, user=UserKey(False, f"u{n % 3}"), item=f"p{n % 4}", at=second * SECOND
            )
            for n, second in enumerate(seconds)
        ]
        writer.run(ensure_log_id)
        writer.run(lambda c: put_items(c, things, now=1))
        writer.run(lambda c: append_events(c, acts, received_at=max(seconds) * SECOND))

    return at
