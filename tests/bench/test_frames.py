"""What reading the log in bulk costs: a row in arrays against a row that the driver merely fetches."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from recommender.events import Kind
from service.log.catalogue import CatalogueItem, put_items, put_user_attributes
from service.log.database import Database, open_for_writing
from service.log.frames import order_frame, training_frames
from service.log.names import UserKey

pytestmark = pytest.mark.bench

N_ROWS = 300_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Path]]:
    """Purchases of one user, three lines to an order."""
    file = tmp_path_factory.mktemp("log") / "log.sqlite3"
    database = open_for_writing(f"sqlite:///{file}", erasure_salt=b"of the tests")
    assert database.writing is not None
    with database.writing.begin() as connection:
        put_user_attributes(connection, {UserKey(False, "anna"): {}}, now=1)
        put_items(connection, [CatalogueItem(external_id="tea", kind="product", title="Tea", published_at=1)], now=1)
        connection.execute(
            text(
                """
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :n)
                INSERT INTO events (id, payload_hash, kind, user_id, item_id, at, received_at, order_id, quantity,
                                    amount_minor, currency)
                SELECT 'e' || n, :hash, :kind, 1, 1, n, 1, 'order-' || (n / 3), 1, n, 'GBP' FROM numbers
                """
            ),
            {"n": N_ROWS, "hash": b"0" * 16, "kind": int(Kind.PURCHASE)},
        )
    yield database, file
    database.close()


def fetched(file: Path, columns: str) -> None:
    """The columns of all events as the driver's own rows, thrown away piece by piece."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        cursor = connection.execute(f"SELECT {columns} FROM events WHERE kind <> 1")
        while cursor.fetchmany(50_000):
            pass


def test_an_act_in_arrays_costs_a_bounded_multiple_of_fetching_its_row(
    log: tuple[Database, Path], note: Any, best_seconds: Callable[..., float]
) -> None:
    database, file = log
    columns = "user_id, item_id, kind, at, quantity, seconds_watched, seconds_total"
    ratio = note(
        "an act read for training into arrays",
        "its row fetched by sqlite3",
        seconds=best_seconds(lambda: training_frames(database.reader, until_seconds=10**9)) / N_ROWS,
        base_seconds=best_seconds(lambda: fetched(file, columns)) / N_ROWS,
    )
    assert ratio < 4


def test_an_order_line_in_arrays_costs_a_bounded_multiple_of_fetching_its_row(
    log: tuple[Database, Path], note: Any, best_seconds: Callable[..., float]
) -> None:
    database, file = log
    ratio = note(
        "an order line read into arrays",
        "its row fetched by sqlite3",
        seconds=best_seconds(lambda: order_frame(database.reader, timezone="UTC")) / N_ROWS,
        base_seconds=best_seconds(lambda: fetched(file, "user_id, at, amount_minor, kind, order_id")) / N_ROWS,
    )
    assert ratio < 5
