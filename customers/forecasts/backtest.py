"""Forecasts of the past: by how much models would have missed, which served best, whether a formula does better.

From several days of the shop's own past (*origins*) every model forecasts the same number of weeks ahead, fitted to
what was known on that day and nothing else; then what really happened is looked up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from customers.forecasts.chances import OWN, Chances, learnt_chances
from customers.forecasts.heuristics import HEURISTICS, LABELS, Heuristic, heuristic_orders
from customers.forecasts.priors import SHOPS
from customers.forecasts.timing import CANDIDATES, UNTESTED, fitted_timing
from customers.forecasts.trade import Trade, believed_trade
from customers.models.histories import Histories, TimingModel
from customers.orders import OrderDays, OrderStatistics, run_starts, statistics_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_ORIGINS = 4
FEWEST_CUSTOMERS = 20
"""Customers that an origin must know."""

FEWEST_REPEAT_ORDERS = 10
"""Repeat orders that must be known at an origin, and must follow it: fewer say nothing about a forecast."""

MOST_CUSTOMERS = 50_000
"""Customers on whose past models are compared: of so many an AUC is known to .003, and more would only take longer."""

FEWEST_RETURNS = 50
"""Customers who came back within the horizons of all origins together, below which ranking them is mostly luck (the
AUC's standard error is then about .04): models are not chosen by it, nor their chances corrected."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One method's forecasts from one origin beside what happened; arrays have shape ``(n_customers,)``.

    Attributes:
        method: A model of ``CANDIDATES`` or a heuristic.
        origin_day: Last day known to it, days since 1970-01-01.
        expected: Orders expected of each customer.
        chance: Probability of at least one order; None of heuristics, which know none.
        actual: Orders that came.
        log_score: Logarithm of the probability density that a model gave to what came, summed; None of heuristics.
    """

    method: str
    origin_day: int
    expected: FloatArray
    chance: FloatArray | None
    actual: IntArray
    log_score: float | None

    @property
    def total_error(self) -> float:
        """By what share of the actual total the expected one is too high."""
        return float(self.expected.sum() / self.actual.sum() - 1)

    @property
    def mean_absolute_error(self) -> float:
        """Mean distance between expected and actual orders of a customer."""
        return float(np.abs(self.expected - self.actual).mean())

    @property
    def correlation(self) -> float | None:
        """Between expected and actual orders; None where either is the same for all."""
        if not self.expected.std() > 1e-12 or not self.actual.std() > 0:
            return None
        return float(np.corrcoef(self.expected, self.actual)[0, 1])

    @property
    def auc(self) -> float | None:
        """Probability that somebody who ordered had been given the higher chance than somebody who did not.

        None where everybody ordered, nobody did, or the method knows no chances.
        """
        return None if self.chance is None else ranking_quality(self.chance, self.actual > 0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Customers sorted by the chance given to them, in groups: what was said and what came, each ``(n_groups,)``."""

    customers: list[int]
    said: list[float]
    came: list[float]


@dataclass(frozen=True, slots=True, eq=False)
class BackTest:
    """All checks of one shop, and what follows from them.

    Attributes:
        horizon_weeks: How far every forecast looks.
        checks: One for each origin and method; empty where the history carries no origin.
        timing: The model of ``CANDIDATES`` to forecast with.
        fallback: The heuristic that beat it, or None.
        reason: Why, in words.
        trade: How far trade moves totals beyond customers' own chance, by other shops and this one's misses.
        every: 1 if all customers were looked at, 20 if every 20th was.
    """

    horizon_weeks: float
    checks: tuple[Check, ...]
    timing: str
    fallback: Heuristic | None
    reason: str
    trade: Trade
    every: int = 1

    def of(self, method: str) -> list[Check]:
        """The checks of one method, latest origin first."""
        return [check for check in self.checks if check.method == method]

    def chances_of(self, method: str) -> Chances:
        """How a model's chances of an order are to be corrected, by all its checks; not at all where too few came."""
        checks = [(check.chance, check) for check in self.of(method) if check.chance is not None]
        if sum(int((check.actual > 0).sum()) for _, check in checks) < FEWEST_RETURNS:
            return OWN
        return learnt_chances(
            np.concatenate([chance for chance, _ in checks]),
            np.concatenate([check.expected for _, check in checks]),
            np.concatenate([check.actual for _, check in checks]) > 0,
        )

    @property
    def mean_miss(self) -> float | None:
        """Mean share by which totals of the chosen method missed, either way; None if nothing could be checked."""
        checks = self.of(self.fallback or self.timing)
        return float(np.mean([abs(check.total_error) for check in checks])) if checks else None


def ranking_quality(scores: FloatArray, happened: npt.NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve, ties counted half (Mann and Whitney); None where all or none happened."""
    yes = int(happened.sum())
    no = happened.size - yes
    if not yes or not no:
        return None
    ranks = stats.rankdata(scores)
    return float((ranks[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def calibration(chance: FloatArray, happened: npt.NDArray[np.bool_], *, groups: int = 10) -> Calibration:
    """Chances given beside shares that came true, in groups of about equal size; equal chances are never split."""
    order = np.argsort(chance, kind="stable")
    rank = stats.rankdata(chance, method="max")[order]
    group = np.minimum(((rank - 1) * groups) // max(chance.size, 1), groups - 1).astype(np.int64)
    customers = np.bincount(group, minlength=groups)
    said = np.bincount(group, weights=chance[order], minlength=groups)
    came = np.bincount(group, weights=happened[order].astype(np.float64), minlength=groups)
    filled = customers > 0
    n = customers[filled]
    return Calibration(n.tolist(), (said[filled] / n).tolist(), (came[filled] / n).tolist())


def backtest(
    orders: OrderDays,
    *,
    until_day: int,
    horizon_weeks: float,
    candidates: tuple[str, ...] = CANDIDATES,
    shops: tuple[str, ...] = tuple(SHOPS),
    most_customers: int = MOST_CUSTOMERS,
) -> BackTest:
    """Forecasts of the shop's own past from up to ``MOST_ORIGINS`` origins, a horizon apart, and what they choose.

    An origin needs a history at least half as long as the horizon, ``FEWEST_CUSTOMERS``, and enough repeat orders
    before and after it. The model is the one whose chance of an order tells best who came back (mean AUC over the
    origins). Of five criteria tried this one was taken after seeing how CDNOW went on, so what it is worth there is
    flattered: over nine disjoint tenths of CDNOW it picks the model with the smallest error per customer from October
    1997 on in six, the density that models gave to what came (``log_score``) in two. A heuristic takes over where, over
    all origins, it missed less than that model both in total and customer by customer.

    Args:
        orders: As ``order_days`` gives them; later ones are left out.
        until_day: Last day of the history.
        horizon_weeks: How far to look, above 0.
        candidates: Names of ``CANDIDATES``.
        shops: Whom the weak prior is centred on.
        most_customers: Of a larger shop every n-th customer is looked at, as ``every_nth_customer`` takes them.

    Raises:
        ValueError: If the horizon is not above 0 or there is no candidate.
    """
    if not horizon_weeks > 0:
        raise ValueError(f"horizon_weeks must be above 0, got {horizon_weeks}")
    if not candidates:
        raise ValueError("candidates must name at least 1 model, got 0")
    known, every = every_nth_customer(orders.until(until_day), most=most_customers)
    checks: list[Check] = []
    for back in range(1, MOST_ORIGINS + 1):
        checks += _checks_from(known, until_day - round(7 * horizon_weeks * back), horizon_weeks, candidates, shops)
    if not checks:
        timing = UNTESTED if UNTESTED in candidates else candidates[0]
        reason = (
            f"The history is too short to check a forecast of {horizon_weeks:g} weeks, so no model was chosen by it."
        )
        return BackTest(horizon_weeks, (), timing, None, reason, believed_trade(shops))
    return _choice(horizon_weeks, tuple(checks), candidates, believed=believed_trade(shops), every=every)


def every_nth_customer(orders: OrderDays, *, most: int) -> tuple[OrderDays, int]:
    """The orders of every n-th customer by id, and n, the least that leaves at most ``most``: 1 in a smaller shop.

    Raises:
        ValueError: If ``most`` is below 1.
    """
    if most < 1:
        raise ValueError(f"most must be at least 1 customer, got {most}")
    starts = run_starts(orders.customer_ids)
    every = -(-int(starts.sum()) // most)
    if every <= 1:
        return orders, 1
    kept = (np.cumsum(starts) - 1) % every == 0
    ids, days = orders.customer_ids[kept], orders.days[kept]
    return OrderDays(ids, days, orders.values_minor[kept], orders.margins_minor[kept]), every


def _checks_from(
    orders: OrderDays, origin_day: int, horizon_weeks: float, candidates: tuple[str, ...], shops: tuple[str, ...]
) -> list[Check]:
    before = statistics_of(orders, until_day=origin_day)
    if len(before) < FEWEST_CUSTOMERS or before.age_weeks.max() < horizon_weeks / 2:
        return []
    after = _same_customers(statistics_of(orders, until_day=origin_day + round(7 * horizon_weeks)), before)
    actual = after.frequency - before.frequency
    if min(before.frequency.sum(), actual.sum()) < FEWEST_REPEAT_ORDERS:
        return []
    checks = []
    for name in candidates:
        model = fitted_timing(before.histories, name, shops=shops)
        if model.fit is not None and model.fit.converged:
            checks.append(_check(model, name, origin_day, before.histories, after, horizon_weeks))
    for heuristic in HEURISTICS:
        expected = heuristic_orders(orders, heuristic, until_day=origin_day, horizon_weeks=horizon_weeks)
        checks.append(Check(heuristic, origin_day, expected, None, actual, None))
    return checks


def _same_customers(later: OrderStatistics, earlier: OrderStatistics) -> Histories:
    """Histories at the later time of those known at the earlier one, in the order of the earlier one."""
    return later.histories.of(np.searchsorted(later.customer_ids, earlier.customer_ids).astype(np.int64))


def _check(
    model: TimingModel, name: str, origin_day: int, before: Histories, after: Histories, horizon_weeks: float
) -> Check:
    # What the whole history has over its beginning is how probable the continuation was, given the beginning.
    return Check(
        method=name,
        origin_day=origin_day,
        expected=model.expected_orders(before, horizon_weeks=horizon_weeks),
        chance=model.probability_of_order(before, horizon_weeks=horizon_weeks),
        actual=after.frequency - before.frequency,
        log_score=model.log_likelihood(after) - model.log_likelihood(before),
    )


def _choice(
    horizon_weeks: float, checks: tuple[Check, ...], candidates: tuple[str, ...], *, believed: Trade, every: int
) -> BackTest:
    by_method: dict[str, list[Check]] = {}
    for check in checks:
        by_method.setdefault(check.method, []).append(check)
    timing, reason = _chosen_model(by_method, candidates)
    rival = _better_heuristic(by_method, timing)
    if rival is not None:
        reason = f"{reason} But {LABELS[rival]} missed by less, in total and customer by customer, and is used instead."
    if every > 1:
        reason += f" Forecasts were checked on every n-th customer only, n being {every}."
    trade = believed.informed(_squared_misses(by_method.get(rival or timing, [])))
    return BackTest(horizon_weeks, checks, timing, rival, reason, trade, every)


def _chosen_model(by_method: dict[str, list[Check]], candidates: tuple[str, ...]) -> tuple[str, str]:
    """The name of the model that ranked customers best, or the untested choice, and the reason in words."""
    of_formula = by_method[HEURISTICS[0]]
    origins = len(of_formula)
    # A model that did not converge at some origin is no candidate: its mean would lack that origin.
    complete = [name for name in candidates if len(by_method.get(name, ())) == origins]
    if not complete:
        return UNTESTED, "No model of when customers order converges on this history."
    returns = sum(int((check.actual > 0).sum()) for check in of_formula)
    default = UNTESTED if UNTESTED in complete else complete[0]
    if returns < FEWEST_RETURNS:
        return default, f"Only {returns} customers came back in the weeks foretold, too few to choose a model by."
    quality = {name: [check.auc for check in by_method[name] if check.auc is not None] for name in complete}
    if not all(quality.values()):
        return default, "In the weeks foretold everybody came back or nobody, so no model could be chosen by it."
    means = {name: float(np.mean(values)) for name, values in quality.items()}
    best = max(means, key=lambda name: means[name])
    days = "day" if origins == 1 else "days"
    return best, (
        f"Of {len(means)} models {best} told best who would come back, forecasting from {origins} earlier {days} "
        f"(AUC {means[best]:.2f})."
    )


def _misses(checks: list[Check]) -> tuple[float, float]:
    total = float(np.mean([abs(check.total_error) for check in checks]))
    return total, float(np.mean([check.mean_absolute_error for check in checks]))


def _better_heuristic(by_method: dict[str, list[Check]], timing: str) -> Heuristic | None:
    if timing not in by_method:
        return min(HEURISTICS, key=lambda name: _misses(by_method[name]))
    of_model = _misses(by_method[timing])
    better = [name for name in HEURISTICS if all(np.less(_misses(by_method[name]), of_model))]
    return min(better, key=lambda name: _misses(by_method[name]), default=None)


def _squared_misses(checks: list[Check]) -> FloatArray:
    """Squared logarithms of by how much totals missed, less what customers' own chance explains of them."""
    squares = []
    for check in checks:
        missed = np.log(max(float(check.expected.sum()), 0.5) / float(check.actual.sum()))
        chance = float(np.sum((check.actual - check.expected) ** 2)) / float(check.actual.sum()) ** 2
        squares.append(max(float(missed**2) - chance, 0.0))
    return np.array(squares)
