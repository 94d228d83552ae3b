"""Orders of files that have no order numbers: what one customer buys on one day."""

from hashlib import blake2b
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.cells import Texts
from service.jobs.importing.dates import Instants


def with_day_orders(order_ids: Texts, users: Texts, instants: Instants, *, zone: ZoneInfo) -> Texts:
    """The order of each line: its own number, else one made of the day and the customer; empty for anonymous lines.

    Args:
        order_ids: As the file gives them.
        users: The customers.
        instants: When each line was sold; a line without a valid instant gets no order.
        zone: The shop's: a day is a day there.
    """
    lacks = order_ids.is_empty & ~users.is_empty & instants.is_valid
    if not lacks.any():
        return order_ids
    clock = pd.DatetimeIndex(instants.utc[lacks].astype("datetime64[us]"), tz="UTC").tz_convert(zone)
    days = clock.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    n_users = len(users.distinct)
    pairs, distinct = pd.factorize(days * n_users + users.codes[lacks])
    named = zip((distinct // n_users).tolist(), (distinct % n_users).tolist(), strict=True)
    made: NDArray[np.object_] = np.array(
        ["", *(_order_id(day, users.distinct[user]) for day, user in named)], dtype=object
    )
    codes = np.zeros(len(lacks), dtype=np.int64)
    codes[lacks] = pairs + 1
    return order_ids.filled(Texts.of(codes, made))


def _order_id(day: int, user: str) -> str:
    """Made of a hash, since an order number is seen by many who need not know a customer's phone number."""
    return f"day-{np.datetime64(day, 'D')}-{blake2b(user.encode(), digest_size=8).hexdigest()}"
