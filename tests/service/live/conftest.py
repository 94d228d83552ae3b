"""A way to train and publish on the small shop, as a job beside the running service does."""

from collections.abc import Callable
from typing import Any

import pytest

from service.jobs.training import Trained, train_and_publish

Train = Callable[[], Trained]


@pytest.fixture
def train(shop: Any) -> Train:
    """Trains on whatever the shop's log holds now, and publishes."""

    def now() -> Trained:
        return train_and_publish(
            shop.services.database.reader,
            shop.services.settings.models,
            seed=1,
            on_progress=lambda _doing, _share: None,
        )

    return now


@pytest.fixture
def bought(shop: Any) -> None:
    """Anna, Ben and Citra buy p0 to p2 over a week; nobody ever buys p3."""
    shop.tell(
        *(
            {
                "id": f"{user}-{item}",
                "kind": "purchase",
                "user_id": user,
                "item_id": f"p{item}",
                "at": f"2026-11-{10 + item:02d}T12:00:00Z",
                "amount": "2.50",
            }
            for user in ("anna", "ben", "citra")
            for item in range(3)
        )
    )
