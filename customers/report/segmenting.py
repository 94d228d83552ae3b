"""The segments of the report: how many customers each holds, what they brought, and one of each with the reason."""

from typing import Any

import numpy as np
import numpy.typing as npt

from customers.books.entries import Books, Value
from customers.orders import OrderDays, OrderStatistics
from customers.report.outlook import Outlook
from customers.segments import SEGMENTS, segmented
from customers.silence import comebacks

IntArray = npt.NDArray[np.int64]


def segments_part(
    books: Books,
    orders: OrderDays,
    statistics: OrderStatistics,
    *,
    margin_minor: IntArray,
    value: Value,
    view: Outlook,
) -> list[dict[str, Any]]:
    """Each segment that holds somebody, in the order of ``SEGMENTS``.

    The example is whoever of a segment brought most so far. Words are given in every language, as they hold figures.

    Args:
        books: For the customers' names.
        orders: Order days after refunds.
        statistics: Of the same orders.
        margin_minor: What each customer of the books brought, by row of ``Books.customer_names``.
        value: What that consists of.
        view: The model whose probabilities the segments stand on, if the orders carry one.
    """
    if not len(statistics):
        return []
    record = comebacks(orders, until_day=books.until_day)
    brought = margin_minor[statistics.customer_ids]
    p_alive = view.probability_alive(statistics)
    groups = segmented(
        statistics,
        margins_minor=brought,
        comebacks=record,
        p_alive=p_alive,
        p_order=view.probability_of_order(statistics, horizon_weeks=record.horizon_days / 7),
    )
    part = []
    for code, segment in enumerate(SEGMENTS):
        members = np.flatnonzero(groups.codes == code)
        if members.size:
            example = int(members[np.argmax(brought[members])])
            part.append(
                {
                    "id": segment.id,
                    "name": dict(segment.name),
                    "definition": {
                        language: segment.definition(language, value=value, has_model=view.model is not None)
                        for language in segment.name
                    },
                    "customers": int(members.size),
                    "margin_minor": int(brought[members].sum()),
                    "example": {
                        "customer": str(books.customer_names[statistics.customer_ids[example]]),
                        "reason": {language: groups.reason(example, language=language) for language in segment.name},
                    },
                }
            )
    return part
