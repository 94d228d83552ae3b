"""An experiment's results: from the log's exposures and orders to what can honestly be said."""

from typing import Any

import numpy as np
import pandas as pd

from customers.forecasts.lifetime_value import NotEnoughHistory
from experiments.analysis import analyse
from experiments.design import Experiment
from experiments.outcomes import lines_before, unit_outcomes
from experiments.projection import Projection, frozen_model, projected_clv, withheld_projection
from service.clock import instant_text
from service.log.database import Reader
from service.log.experiments import StoredExperiment, erased_unit_counts, experiment
from service.log.frames import exposure_frame, order_frame
from service.money import currency_exponent
from service.settings import Settings

HORIZON_WEEKS = 52.0
"""How far ahead projected CLV looks: a year, over which shops plan."""


def experiment_results(reader: Reader, settings: Settings, *, key: str, as_of: int) -> dict[str, Any]:
    """What an experiment has shown by ``as_of`` (microseconds UTC), in the shape of the API.

    Money is in the shop's currency. Orders in other currencies count in no outcome; ``other_currencies`` says how many
    there were, of exposed units and up to the end of their windows.

    Raises:
        ExperimentUnknown: If no experiment has the key.
    """
    with reader.connect() as connection:
        stored = experiment(connection, key)
        erased = erased_unit_counts(connection, stored.id)
    design = Experiment.parse(stored.definition)
    exposures = exposure_frame(reader, stored.id)
    exposures = exposures.loc[exposures["first_exposed_at"] < as_of]
    all_orders = order_frame(reader, timezone=settings.timezone)
    # A line without an amount is an order worth nothing, in whatever currency.
    is_counted = all_orders["currency"].isin([settings.currency, ""])
    orders = all_orders.loc[is_counted]
    window_days = design.primary.window_days
    units = unit_outcomes(exposures, orders, window_days=window_days, as_of_us=as_of, served_until_us=stored.stopped_at)
    counts = exposures["arm"].value_counts()
    results = analyse(
        design,
        units,
        {arm.key: int(counts.get(arm.key, 0)) for arm in design.arms},
        erased=erased,
        as_of_us=as_of,
        currency=settings.currency,
        currency_exponent=currency_exponent(settings.currency),
        status=stored.status,
        margin_rate=settings.margin_rate,
        projected=_projection(stored, units, orders, window_days=window_days, margin_rate=settings.margin_rate),
    )
    return {
        **results,
        "started_at": None if stored.started_at is None else instant_text(stored.started_at),
        "other_currencies": _other_currencies(all_orders.loc[~is_counted], units, as_of=as_of),
    }


def _other_currencies(orders: pd.DataFrame, units: pd.DataFrame, *, as_of: int) -> dict[str, dict[str, int]]:
    """How many orders of each currency the outcomes would have looked at, had they been in the shop's."""
    until = np.minimum(units["matures_at"].to_numpy(dtype=np.int64), as_of)
    lines = lines_before(orders, units["unit"].to_numpy(), until_us=until)
    placed = lines.loc[~lines["is_refund"]].drop_duplicates(["unit", "order", "currency"])
    counts = placed["currency"].astype(str).value_counts().sort_index()
    return {str(currency): {"orders": int(count)} for currency, count in counts.items()}


def _projection(
    stored: StoredExperiment, units: pd.DataFrame, orders: pd.DataFrame, *, window_days: int, margin_rate: float
) -> Projection:
    if stored.started_at is None:
        return withheld_projection("the experiment has not been started", horizon_weeks=HORIZON_WEEKS)
    try:
        model = frozen_model(orders, started_at_us=stored.started_at)
    except NotEnoughHistory as reason:
        return withheld_projection(str(reason), horizon_weeks=HORIZON_WEEKS)
    return projected_clv(
        units, orders, model, window_days=window_days, horizon_weeks=HORIZON_WEEKS, margin_rate=margin_rate
    )
