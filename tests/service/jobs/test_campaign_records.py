"""Promises of a campaign's records: one customer however she is spelt, and no spelling lost on the way."""

import numpy as np

from customers.orders import OrderDays
from service.jobs.campaigns.records import records_of_lines


def test_every_spelling_is_kept_and_sent_on_without_changing_what_was_ordered() -> None:
    names = np.array(["ANNA", "Anna", "ben"], dtype=object)
    rows, days = np.array([1, 1, 0, 2]), np.array([10, 20, 20, 30])
    amounts = np.array([100, 200, 50, 700])
    found = records_of_lines(
        names, OrderDays(rows, days, amounts, amounts), currency="GBP", value="revenue", last_day=30
    )
    assert found.names.tolist() == ["Anna", "ben"]
    assert (found.spellings.tolist(), found.spelt.tolist()) == (["ANNA", "Anna", "ben"], [0, 0, 1])
    assert found.other_spellings == 1
    sent = [(entry["user_id"], entry["day"], entry["amount"]) for entry in found.to_entries()]
    # Day 20: 2.00 under one spelling and 0.50 under the other.
    assert sent == [
        ("ANNA", "1970-01-11", "0.00"),
        ("Anna", "1970-01-11", "1.00"),
        ("Anna", "1970-01-21", "2.50"),
        ("ben", "1970-01-31", "7.00"),
    ]
