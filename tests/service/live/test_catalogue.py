"""Promises of the catalogue in memory: what the log says, from the next look on, and only what a feed may show."""

import numpy as np
import pytest

from recommender.configuration import TrainingConfig
from recommender.events import Events, Kind
from recommender.model import Model
from recommender.training import Items, Segments, train
from service.live.catalogue import Catalogue, ItemFilter, LiveCatalogue
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Database
from service.log.writer import Writer


def item(name: str, *, kind: str = "product", published_at: int = 0, **said: object) -> CatalogueItem:
    return CatalogueItem(external_id=name, kind=kind, title=name, published_at=published_at, **said)  # type: ignore[arg-type]


ITEMS = {
    1: item("old", published_at=10, categories=("care",)),
    2: item("new", published_at=30),
    3: item("film", kind="content", published_at=20, categories=("care", "films")),
    4: item("gone", published_at=40, available=False),
    5: item("postage", published_at=50, is_service=True),
    6: item("twin of new", published_at=30),
}


def newest(catalogue: Catalogue, **asked: str) -> list[int]:
    ids: list[int] = catalogue.newest(ItemFilter(**asked)).item_ids.tolist()
    return ids


def test_the_newest_come_first_and_what_is_not_sold_does_not_come() -> None:
    catalogue = Catalogue(ITEMS, last_change=1)
    assert newest(catalogue) == [2, 6, 3, 1]
    assert catalogue.newest(ItemFilter()).is_content.tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"kind": "content"}, [3]),
        ({"kind": "product"}, [2, 6, 1]),
        ({"category": "care"}, [3, 1]),
        ({"kind": "product", "category": "care"}, [1]),
        ({"category": "unheard of"}, []),
    ],
)
def test_a_filter_lets_through_what_it_names(asked: dict[str, str], shown: list[int]) -> None:
    assert newest(Catalogue(ITEMS, last_change=1), **asked) == shown


def test_counts_are_of_what_a_feed_may_show() -> None:
    catalogue = Catalogue(ITEMS, last_change=1)
    assert (catalogue.shown_count("product"), catalogue.shown_count("content")) == (3, 1)


def test_a_newer_state_leaves_the_older_one_as_it_was() -> None:
    before = Catalogue(ITEMS, last_change=1)
    assert newest(before) == [2, 6, 3, 1]
    after = before.with_changes({2: item("new", published_at=30, available=False)}, last_change=2)
    assert (newest(before), newest(after)) == ([2, 6, 3, 1], [6, 3, 1])
    assert (before.id_of["new"], after.by_id[2].available, before.by_id[2].available) == (2, False, True)


def test_looking_again_brings_in_what_changed(database: Database, writer: Writer) -> None:
    live = LiveCatalogue(database.reader)
    assert not live.refresh()
    writer.run(lambda c: put_items(c, [item("tea", published_at=1), item("cup", published_at=2)], now=5))
    assert live.refresh()
    held = live.current
    assert [held.by_id[id_].external_id for id_ in newest(held)] == ["cup", "tea"]
    assert not live.refresh()
    assert live.current is held, "where nothing changed nothing is made anew"
    writer.run(lambda c: put_items(c, [item("cup", published_at=2, available=False)], now=6))
    assert live.refresh()
    assert [live.current.by_id[id_].external_id for id_ in newest(live.current)] == ["tea"]
    assert len(newest(held)) == 2, "who holds the older state goes on with it"


def test_a_state_cannot_be_changed_by_whoever_holds_or_made_it() -> None:
    source = dict(ITEMS)
    held = Catalogue(source, last_change=1)
    source.clear()
    assert dict(held.by_id) == ITEMS
    with pytest.raises(TypeError):
        held.by_id[9] = ITEMS[1]  # type: ignore[index]


def model_of(item_ids: list[int]) -> Model:
    """A model that two users' purchases have told of these items."""
    n = len(item_ids)
    return train(
        Events(
            user_ids=np.repeat([1, 2], n),
            item_ids=np.tile(item_ids, 2),
            kinds=np.full(2 * n, Kind.PURCHASE, dtype=np.int8),
            at_seconds=np.arange(2 * n),
            quantities=np.ones(2 * n, dtype=np.float32),
            watch_shares=np.full(2 * n, np.nan, dtype=np.float32),
        ),
        Items(np.array(item_ids), np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64)),
        Segments(np.array([1, 2]), np.array(["", ""], dtype=object)),
        TrainingConfig(),
        until_seconds=100,
        seed=1,
        on_step=lambda _doing: None,
    )


def test_what_is_published_later_is_not_shown_before() -> None:
    """Published at 10, 20, 30 and 30: as of 20 the last two are to come, whatever a model knows of them."""
    model = model_of([1, 2, 3])
    catalogue = Catalogue(ITEMS, last_change=1, as_of=20)
    assert newest(catalogue) == [3, 1]
    assert catalogue.allowed(model, ItemFilter()).tolist() == [True, False, True]
    assert catalogue.shown_count("product") == 1
    assert catalogue.next_published_at() == 30
    later = catalogue.with_changes({}, last_change=1, as_of=50)
    assert (newest(later), later.next_published_at()) == ([2, 6, 3, 1], None)


def test_an_item_comes_out_when_its_instant_has_come(database: Database, writer: Writer) -> None:
    clock = iter([10, 19, 20, 21])
    live = LiveCatalogue(database.reader, lambda: next(clock))
    writer.run(lambda c: put_items(c, [item("tea", published_at=5), item("cup", published_at=20)], now=5))

    def shown() -> list[str]:
        return [live.current.by_id[id_].external_id for id_ in newest(live.current)]

    looks = [(live.refresh(), shown()) for _ in range(4)]
    assert looks == [(True, ["tea"]), (False, ["tea"]), (True, ["cup", "tea"]), (False, ["cup", "tea"])]
