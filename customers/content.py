"""Which content goes with later orders of those who watched it, shrunk and held against chance; never as a cause."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from customers.rates import rate_regression

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_MOST_WEIGHT = 400.0
"""Expected orders that a ratio of 1 is worth at most. At it, items' ratios spread by 1 in 20 (its inverse root): few
items never show that all are quite alike, and an interval of no width would say so."""


@dataclass(frozen=True, slots=True, eq=False)
class ContentAssociations:
    """How often those who watched an item ordered later, against what is usual; shape ``(n_items,)``.

    Always to be shown with ``customers.engagement.CAUTION``.

    Attributes:
        n_customers: Customers who watched it before the landmark.
        orders: Their order days after it.
        expected: What is usual of customers with as many earlier orders who watched as many items.
        ratio: Orders over expected, drawn towards 1 the more, the fewer orders stand behind it.
        low: Lower end of its 95 % interval.
        high: Upper end.
        q_value: Share of false ones to be reckoned with among all items that stand out as much (Benjamini and
            Hochberg 1995); 1 for an item that nobody watched.
    """

    n_customers: IntArray
    orders: IntArray
    expected: FloatArray
    ratio: FloatArray
    low: FloatArray
    high: FloatArray
    q_value: FloatArray

    def standing_out(self, *, false_share: float = 0.1) -> IntArray:
        """Items whose watchers ordered more often or less often than usual, highest ratio first.

        Args:
            false_share: Share of false ones among them that is put up with.
        """
        out = np.flatnonzero(self.q_value <= false_share)
        return out[np.argsort(-self.ratio[out], kind="stable")]


def content_associations(
    customer_rows: IntArray,
    item_rows: IntArray,
    *,
    n_items: int,
    orders_before: IntArray,
    orders_after: IntArray,
) -> ContentAssociations | None:
    """How the later orders of each item's watchers compare with those of customers like them.

    What is usual is ``log E[orders after] = a + b log(1 + orders before) + c log(1 + items watched)`` over all
    customers, with their spread beyond Poisson's. Over items, ratios are Gamma distributed round 1, with the spread
    that the items show (Clayton and Kaldor 1987, Biometrics 43), so that an item of three watchers is not the best one
    by luck. Items are watched by the same customers, so their ratios go together; Benjamini and Hochberg's rate holds
    for such.

    Args:
        customer_rows: Who watched, shape ``(n_watched,)``, rows of the customers; before the landmark.
        item_rows: What, same shape, rows of the items; watching twice counts once.
        n_items: Items in all.
        orders_before: Order days of each customer up to the landmark, shape ``(n_customers,)``.
        orders_after: Order days after it, over the same number of weeks for everybody, same shape.

    Returns:
        None where nothing is usual yet: hardly any customers or orders.

    Raises:
        ValueError: If the pairs or the orders differ in length.
    """
    if customer_rows.shape != item_rows.shape or orders_before.shape != orders_after.shape:
        raise ValueError("customer_rows and item_rows, and orders_before and orders_after, must have equal lengths")
    pairs = np.unique(customer_rows * n_items + item_rows)
    customers, items = pairs // n_items, pairs % n_items
    breadth = np.bincount(customers, minlength=orders_after.size)
    columns = [np.ones(orders_after.size)]
    columns += [np.log1p(values) for values in (orders_before, breadth) if values.size and np.ptp(values)]
    usual = rate_regression(np.column_stack(columns), orders_after)
    if usual is None:
        return None
    n_customers = np.bincount(items, minlength=n_items).astype(np.int64)
    orders = np.bincount(items, weights=orders_after[customers], minlength=n_items).astype(np.float64)
    expected = np.bincount(items, weights=usual.expected[customers], minlength=n_items).astype(np.float64)
    # Orders that come in bunches from the same customers say less than as many that come one by one: bunches count.
    spread = usual.expected * (1 + usual.overdispersion * usual.expected)
    variance = np.bincount(items, weights=spread[customers], minlength=n_items)
    bunch = np.divide(variance, expected, out=np.ones(n_items), where=expected > 0)
    seen, awaited = orders / bunch, expected / bunch
    weight = _prior_weight(seen[n_customers > 0], awaited[n_customers > 0])
    shape, rate = seen + weight, awaited + weight
    return ContentAssociations(
        n_customers,
        orders.astype(np.int64),
        expected,
        ratio=shape / rate,
        low=special.gammaincinv(shape, 0.025) / rate,
        high=special.gammaincinv(shape, 0.975) / rate,
        q_value=_q_values(seen, awaited, known=n_customers > 0),
    )


def _prior_weight(seen: FloatArray, awaited: FloatArray) -> float:
    """How many expected orders an item's ratio of 1 is worth before any is seen, by the likelihood of all items."""

    def loss(log_weight: float) -> float:
        weight = np.exp(log_weight)
        # Negative binomial of mean ``awaited`` and size ``weight``, up to what does not hang on the weight.
        terms = special.gammaln(seen + weight) - special.gammaln(weight) + weight * log_weight
        return -float(np.sum(terms - (seen + weight) * np.log(awaited + weight)))

    if not seen.size:
        return _MOST_WEIGHT
    found = optimize.minimize_scalar(loss, bounds=(-2.0, float(np.log(_MOST_WEIGHT))), method="bounded")
    return float(np.exp(found.x))


def _q_values(seen: FloatArray, awaited: FloatArray, *, known: BoolArray) -> FloatArray:
    """Benjamini and Hochberg's of two-sided Poisson tests of each known item; 1 for the others."""
    q_values = np.ones(seen.size)
    rows = np.flatnonzero(known)
    if not rows.size:
        return q_values
    # Half of the count's own probability on either side (mid-p), continued between whole counts.
    upper, lower = special.gammainc(seen[rows] + 0.5, awaited[rows]), special.gammaincc(seen[rows] + 0.5, awaited[rows])
    q_values[rows] = stats.false_discovery_control(np.minimum(1.0, 2 * np.minimum(upper, lower)))
    return q_values
