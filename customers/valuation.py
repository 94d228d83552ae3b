"""What each customer of a shop is worth, all together: segment, expectations with intervals, and what came so far."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from customers.books.accounts import customer_totals
from customers.books.entries import Books, Value
from customers.books.netting import net_sales
from customers.forecasts.backtest import BackTest, backtest
from customers.forecasts.heuristics import heuristic_orders
from customers.forecasts.lifetime_value import LifetimeValueModel, NotEnoughHistory, fit_lifetime_value
from customers.forecasts.predictions import Predictions, Spread, predictions
from customers.forecasts.timing import churn_model
from customers.orders import OrderDays, OrderStatistics, statistics_of
from customers.segments import Segmentation, segmented
from customers.silence import Comebacks, Silences, comebacks
from customers.snapshots import CUSTOMER_IDS, Array, Snapshot

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HORIZON_WEEKS = 52
"""How far ahead customers are valued."""

CHECKED_WEEKS = 13
"""How far the forecasts of the past look by which a model is chosen: a quarter, of which young shops have some."""

CHANCE_DAYS = 90
"""Within how many days somebody buys again or not, in segments and in the shop's record of comebacks."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What to expect of each customer.

    Attributes:
        model: Which models it is of.
        predictions: Orders and margin within ``HORIZON_WEEKS``; where a heuristic did better in the past, its orders
            and their margin stand there, whose intervals are ``nan``: a heuristic knows none.
        chance: Probability of an order within ``CHANCE_DAYS``, shape ``(n_customers,)``.
    """

    model: str
    predictions: Predictions
    chance: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """What the customers of one shop are worth; arrays have shape ``(n_customers,)``.

    Attributes:
        statistics: Of the customers who have ordered; ``customer_ids`` are rows of the books' names.
        last_days: Day of the last order, days since 1970-01-01.
        so_far_minor: What each has brought so far, of the kind ``value``.
        value: What customer value consists of.
        segmentation: The segment of each.
        projection: What to expect of each, or None where the history does not carry one.
        why: How the model was chosen, or why there is none.
    """

    statistics: OrderStatistics
    last_days: IntArray
    so_far_minor: IntArray
    value: Value
    segmentation: Segmentation
    projection: Projection | None
    why: str

    def __len__(self) -> int:
        """Customers."""
        return len(self.statistics)


def valuation(
    books: Books, *, margin_rate: float | None, seed: int, on_progress: Progress = lambda *_: None
) -> Valuation:
    """What each customer of the books who has ordered is worth.

    Args:
        books: In one currency.
        margin_rate: As ``SalesLines.margins_minor`` takes it.
        seed: Of the simulated futures behind the intervals.
        on_progress: Told what is being done and the finished share.

    Raises:
        NotEnoughHistory: If no known customer has ordered.
    """
    on_progress("netting refunds", 0.1)
    days = net_sales(books, margin_rate=margin_rate).days
    statistics = statistics_of(days, until_day=books.until_day)
    if not len(statistics):
        raise NotEnoughHistory("no known customer has ordered: value is of customers with a name")
    on_progress("choosing a model", 0.2)
    choice = backtest(days, until_day=books.until_day, horizon_weeks=CHECKED_WEEKS)
    projection, why = None, choice.reason
    try:
        model = fit_lifetime_value(statistics, choice=choice)
        on_progress("predicting", 0.5)
        projection = _projection(model, choice, days, statistics, until_day=books.until_day, seed=seed)
    except NotEnoughHistory as error:
        why = str(error)
    on_progress("segmenting", 0.9)
    so_far = customer_totals(books, margin_rate=margin_rate).margin_minor[statistics.customer_ids]
    record = comebacks(days, until_day=books.until_day, horizon_days=CHANCE_DAYS)
    segmentation = segmented(
        statistics,
        margins_minor=so_far,
        comebacks=record,
        p_alive=None if projection is None else projection.predictions.alive,
        p_order=None if projection is None else projection.chance,
    )
    silent_days = np.rint((statistics.age_weeks - statistics.recency_weeks) * 7).astype(np.int64)
    value = books.sales.value(margin_rate=margin_rate)
    return Valuation(statistics, books.until_day - silent_days, so_far, value, segmentation, projection, why)


def _projection(
    model: LifetimeValueModel,
    choice: BackTest,
    days: OrderDays,
    statistics: OrderStatistics,
    *,
    until_day: int,
    seed: int,
) -> Projection:
    histories = statistics.histories
    revenue = int(days.values_minor.sum())
    kept = int(days.margins_minor.sum()) / revenue if revenue else 1.0
    found = predictions(
        model,
        statistics,
        horizon_weeks=HORIZON_WEEKS,
        rng=np.random.default_rng(seed),
        churn=churn_model(model.timing, histories),
        margin_rate=kept,
    )
    name = model.name
    if choice.fallback is not None:
        orders = heuristic_orders(days, choice.fallback, until_day=until_day, horizon_weeks=HORIZON_WEEKS)
        found = _with_orders(found, orders, margin=orders * found.spend_minor.expected * kept)
        name = f"{choice.fallback} x {name.rpartition(' x ')[2]}"
    return Projection(name, found, model.chance_of_order(histories, horizon_weeks=CHANCE_DAYS / 7))


def _with_orders(found: Predictions, orders: FloatArray, *, margin: FloatArray) -> Predictions:
    """The predictions with a heuristic's orders, and nothing that only a model could know of them."""
    unknown = np.full(orders.size, np.nan)
    return replace(
        found,
        orders=Spread(orders, unknown, unknown, unknown, unknown),
        margin_minor=Spread(margin, unknown, unknown, unknown, unknown),
        residual_minor=unknown,
    )


LIMITS = ("low_90", "low_50", "high_50", "high_90")
"""Endings of the columns that hold the limits of a spread."""

SPREADS = ("orders", "next_order_weeks", "spend_minor", "margin_minor")
"""Columns that have limits beside them; nan where something is not to be had."""


def columns_of(valuation: Valuation) -> dict[str, Array]:
    """The valuation as columns to be kept or written down, ``CUSTOMER_IDS`` being rows of the books' names.

    Columns: ``order_days`` so far, ``first_day`` and ``last_day`` of them, ``so_far_minor``, ``segment`` (its place in
    ``SEGMENTS``), what the segment's reason is made of, and with a projection ``alive``, ``chance``, ``SPREADS`` each
    with its ``LIMITS``, and ``residual_minor``.
    """
    statistics, silences = valuation.statistics, valuation.segmentation.silences
    columns: dict[str, Array] = {
        CUSTOMER_IDS: statistics.customer_ids,
        "order_days": statistics.frequency + 1,
        "first_day": valuation.last_days - np.rint(statistics.recency_weeks * 7).astype(np.int64),
        "last_day": valuation.last_days,
        "so_far_minor": valuation.so_far_minor,
        "segment": valuation.segmentation.codes,
        "silent_days": silences.days,
        "usual_gap_days": silences.usual_gap_days,
        "has_own_gap": silences.has_own_gap,
        "situation": silences.situations,
    }
    if valuation.projection is None:
        return columns
    found = valuation.projection.predictions
    for name in SPREADS:
        spread: Spread = getattr(found, name)
        columns[name] = spread.expected
        columns |= {f"{name}_{limit}": getattr(spread, limit) for limit in LIMITS}
    return columns | {
        "alive": found.alive,
        "chance": valuation.projection.chance,
        "residual_minor": found.residual_minor,
    }


def shop_of(valuation: Valuation) -> tuple[dict[str, Any], dict[str, Array]]:
    """What the columns need to be understood: plain values, and arrays about the shop as a whole."""
    record = valuation.segmentation.comebacks
    gap = valuation.segmentation.silences.shop_gap_days
    about = {
        "value": valuation.value,
        "model": None if valuation.projection is None else valuation.projection.model,
        "why": valuation.why,
        "horizon_weeks": HORIZON_WEEKS,
        "chance_days": record.horizon_days,
        "shop_gap_days": None if np.isnan(gap) else gap,
        "landmark_days": list(record.landmark_days),
    }
    return about, {"n_cases": record.n_cases, "n_came_back": record.n_came_back}


def segmentation_in(kept: Snapshot, rows: IntArray) -> Segmentation:
    """The segments of some rows of a snapshot, with all that their reasons are made of."""
    about, columns = kept.about, {name: np.asarray(column[rows]) for name, column in kept.columns.items()}
    gap = about["shop_gap_days"]
    return Segmentation(
        customer_ids=columns[CUSTOMER_IDS],
        codes=columns["segment"],
        silences=Silences(
            days=columns["silent_days"],
            usual_gap_days=columns["usual_gap_days"],
            has_own_gap=columns["has_own_gap"],
            shop_gap_days=float("nan") if gap is None else gap,
            situations=columns["situation"],
        ),
        comebacks=Comebacks(
            horizon_days=about["chance_days"],
            landmark_days=tuple(about["landmark_days"]),
            n_cases=kept.shop["n_cases"],
            n_came_back=kept.shop["n_came_back"],
        ),
        p_order=columns.get("chance"),
    )
