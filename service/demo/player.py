"""Plays an experiment against a running service: customers of known taste act over HTTP for simulated weeks.

Every customer is played twice. She herself sees the arm that the service assigned; a twin, with the same taste, history
and random numbers, is shown the other arm as a preview, which counts in no experiment. What both bought is the truth;
what the service says of the customers alone is the reading.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypedDict

import httpx

from recommender.events import Kind
from service.demo.assortment import CURRENCY, Assortment
from service.demo.customers import (
    BASE_RATE,
    DEFAULT_LIFT,
    FEED_ITEMS,
    VISIT_SECONDS,
    Cast,
    Customer,
    VisitAct,
    cast_for,
    visit_decisions,
    visit_instants,
)
from service.demo.histories import US_PER_SECOND, Acts
from service.demo.plans import CONTROL, TREATMENT, Plan
from service.demo.shop import ShopParameters, assortment_of, attributes_of
from service.demo.storefront import PlayStopped, ShownFeed, Storefront, wire_event
from service.demo.truths import Effect, Purchase, Window, covered, true_effects

NOTE = "A simulation checks the instrument; it says nothing about a shop's customers."
"""Goes with every reading."""

_TIMEOUT_SECONDS = 30.0

Progress = Callable[[str, int, int], None]
"""Told what is going on, how many of it are done, and of how many."""


class Reading(TypedDict):
    """What the experiment read, beside the truth; ready for JSON."""

    experiment: str
    weeks: int
    window_days: int
    customers: int
    lift: float
    base_rate: float
    seed: int
    feeds: int
    events: int
    relevance: dict[str, float]
    """Mean relevance of the feeds seen under each arm, 0 to 1: what the lift acts on."""
    truth: dict[str, Effect]
    reading: dict[str, Any]
    """The results as the service gave them."""
    covered: dict[str, bool | None]
    """Whether the interval of each outcome holds the true difference; None where there are too few to read one."""
    errors: int
    """Requests that the service was too busy for, all sent again with success; any other error stops a play."""
    note: str


@dataclass(slots=True)
class _Record:
    """What has happened so far."""

    first_feeds_us: dict[int, int] = field(default_factory=dict)
    purchases: dict[str, list[Purchase]] = field(default_factory=lambda: {CONTROL: [], TREATMENT: []})
    relevance: dict[str, list[float]] = field(default_factory=lambda: {CONTROL: [], TREATMENT: []})
    n_feeds: int = 0
    n_events: int = 0


@dataclass(frozen=True, slots=True)
class _Stage:
    """What every customer needs to act."""

    plan: Plan
    storefront: Storefront
    assortment: Assortment
    rows_by_id: dict[str, int]
    record: _Record


async def play(
    base_url: str,
    *,
    parameters: ShopParameters,
    run: str,
    start_us: int,
    on_progress: Progress,
    weeks: int = 6,
    customers: int = 600,
    lift: float = DEFAULT_LIFT,
    seed: int = 1,
    timezone: str = "UTC",
    concurrency: int = 24,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Reading:
    """The reading of an experiment that is played against the service at ``base_url``, beside its truth.

    The service must hold the shop of ``parameters`` and follow the clock of its requests.

    Args:
        base_url: Address of the service.
        parameters: Of the simulated shop that the service serves.
        run: Names this play; another play of the same seed needs another name.
        start_us: Start of the simulated weeks, microseconds UTC, not before the shop's history ends.
        on_progress: Told what is going on.
        weeks: Simulated weeks, at least 2.
        customers: New customers to act, at least 4; as many twins act beside them.
        lift: What a perfectly relevant feed adds to a visit's chance to end in a purchase; 0 plays an A/A comparison.
        seed: Decides the customers and all their chances.
        timezone: IANA zone in which the service counts days.
        concurrency: Customers who act at the same time.
        transport: Carries the requests in place of the network.

    Raises:
        ValueError: If one of the values makes no play.
        PlayStopped: If the service refuses something or can't be reached.
    """
    plan = Plan(run=run, start_us=start_us, weeks=weeks, n_customers=customers, lift=lift, seed=seed, timezone=timezone)
    if start_us < parameters.until_us:
        raise ValueError(
            f"start_us must not lie before the shop's history ends ({parameters.until_us}), got {start_us}"
        )
    assortment = assortment_of(parameters)
    cast = cast_for(assortment, customers, seed=seed, start_us=start_us)
    rows_by_id = {item: row for row, item in enumerate(assortment.item_ids.tolist())}
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(
        base_url=base_url, timeout=_TIMEOUT_SECONDS, limits=limits, transport=transport
    ) as client:
        stage = _Stage(plan, Storefront(client), assortment, rows_by_id, _Record())
        async with _running_experiment(stage):
            await _bring_along(stage, cast, on_progress)
            await _act_all(stage, cast, on_progress, concurrency=concurrency)
        results = await stage.storefront.results(plan.experiment, now_us=plan.end_us)
    return _reading(stage, results)


def burn_in_events(acts: Acts, assortment: Assortment, plan: Plan) -> Iterator[dict[str, Any]]:
    """The customers' histories as events, each act once for the customer and once for her twin."""
    for at in range(len(acts)):
        kind, row = Kind(int(acts.kinds[at])), int(acts.items[at])
        pieces = int(acts.quantities[at])
        watched = kind is Kind.WATCH
        length = float(assortment.lengths_seconds[row])
        act = VisitAct(
            kind,
            str(assortment.item_ids[row]),
            after_seconds=0,
            from_feed=False,
            seconds_watched=round(length * float(acts.watched_shares[at]), 1) if watched else None,
            seconds_total=length if watched else None,
            amount_minor=pieces * int(assortment.prices_minor[row]) if pieces else None,
            quantity=max(pieces, 1),
        )
        for user in plan.user_ids(int(acts.customers[at])):
            yield wire_event(
                act,
                id_=f"{user}-b{at}",
                user=user,
                order_id=f"{user}-b{acts.orders[at]}",
                feed_id=None,
                shown_at_us=int(acts.at_us[at]),
            )


@asynccontextmanager
async def _running_experiment(stage: _Stage) -> AsyncIterator[None]:
    """Runs the experiment, and stops it whatever happens, so that it doesn't meet the next play's customers."""
    plan, storefront = stage.plan, stage.storefront
    await storefront.start_experiment(plan.design(), now_us=plan.start_us)
    try:
        yield
    except BaseException:
        with suppress(PlayStopped):  # what went wrong first is what the caller must hear
            await storefront.stop_experiment(plan.experiment, now_us=plan.end_us)
        raise
    await storefront.stop_experiment(plan.experiment, now_us=plan.end_us)


async def _bring_along(stage: _Stage, cast: Cast, on_progress: Progress) -> None:
    """Tells the service who the customers are, and what they did before the play."""
    plan = stage.plan
    said = attributes_of(cast.tastes)
    attributes = {user: said[customer.number] for customer in cast.customers for user in plan.user_ids(customer.number)}
    await stage.storefront.put_users(attributes, now_us=plan.start_us)
    events = list(burn_in_events(cast.burn_in, stage.assortment, plan))
    for start in range(0, len(events), 500):
        await stage.storefront.post_events(events[start : start + 500], now_us=plan.start_us)
        on_progress("past events", min(start + 500, len(events)), len(events))
    stage.record.n_events += len(events)


async def _act_all(stage: _Stage, cast: Cast, on_progress: Progress, *, concurrency: int) -> None:
    """Lets all customers and their twins act, ``concurrency`` of them at a time."""
    waiting = iter(cast.customers)
    done = 0

    async def act_some() -> None:
        nonlocal done
        for customer in waiting:
            await _act(stage, customer)
            done += 1
            on_progress("customers", done, len(cast.customers))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(cast.customers))):
                group.create_task(act_some())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _act(stage: _Stage, customer: Customer) -> None:
    """All visits of one customer, then the same visits of her twin under the other arm."""
    plan = stage.plan
    user, twin = plan.user_ids(customer.number)
    instants = visit_instants(customer, start_us=plan.start_us, weeks=plan.weeks)
    stage.record.first_feeds_us[customer.number] = instants[0]
    assigned = ""
    for visit, at_us in enumerate(instants):
        feed = await stage.storefront.feed(user, limit=FEED_ITEMS, now_us=at_us)
        arm = _own_arm(feed, plan)
        if visit > 0 and arm != assigned:
            raise PlayStopped(f"{user} was moved from arm {assigned} to arm {arm}: an assignment must last")
        assigned = arm
        await _react(stage, customer, user=user, arm=arm, feed=feed, visit=visit, at_us=at_us)
    other = CONTROL if assigned == TREATMENT else TREATMENT
    for visit, at_us in enumerate(instants):
        preview = f"{plan.experiment}:{other}"
        feed = await stage.storefront.feed(twin, limit=FEED_ITEMS, now_us=at_us, preview_arm=preview)
        await _react(stage, customer, user=twin, arm=other, feed=feed, visit=visit, at_us=at_us)


async def _react(
    stage: _Stage, customer: Customer, *, user: str, arm: str, feed: ShownFeed, visit: int, at_us: int
) -> None:
    """One visit: decides, tells the service, and keeps the truth."""
    record = stage.record
    decided = visit_decisions(
        customer, feed.items, stage.assortment, rows_by_id=stage.rows_by_id, visit=visit, lift=stage.plan.lift
    )
    visit_id = f"{user}-v{visit}"
    events = [
        wire_event(act, id_=f"{visit_id}-{n}", user=user, order_id=visit_id, feed_id=feed.feed_id, shown_at_us=at_us)
        for n, act in enumerate(decided.acts)
    ]
    await stage.storefront.post_events(events, now_us=at_us + VISIT_SECONDS * US_PER_SECOND)
    record.purchases[arm] += [
        Purchase(customer.number, at_us + act.after_seconds * US_PER_SECOND, act.amount_minor or 0)
        for act in decided.acts
        if act.kind is Kind.PURCHASE
    ]
    record.relevance[arm].append(decided.relevance)
    record.n_feeds += 1
    record.n_events += len(events)


def _own_arm(feed: ShownFeed, plan: Plan) -> str:
    """The arm a customer's feed was made for.

    Raises:
        PlayStopped: If the feed is not of this experiment, or of others too: then the twin would see another feed.
    """
    if set(feed.arms) != {plan.experiment}:
        others = ", ".join(sorted(set(feed.arms) - {plan.experiment}))
        raise PlayStopped(
            f"feeds must follow {plan.experiment} alone, "
            + (f"but {others} is running too: stop it first" if others else "but they follow no experiment")
        )
    return feed.arms[plan.experiment]


def _reading(stage: _Stage, results: dict[str, Any]) -> Reading:
    plan, record = stage.plan, stage.record
    if results.get("currency", CURRENCY) != CURRENCY:
        raise PlayStopped(f"the service counts money in {results['currency']}, the simulated shop sells in {CURRENCY}")
    starts_us = [record.first_feeds_us[number] for number in range(plan.n_customers)]
    window = Window(starts_us, plan.window_days, plan.timezone)
    truth = true_effects(record.purchases[CONTROL], record.purchases[TREATMENT], window)
    return Reading(
        experiment=plan.experiment,
        weeks=plan.weeks,
        window_days=plan.window_days,
        customers=plan.n_customers,
        lift=plan.lift,
        base_rate=BASE_RATE,
        seed=plan.seed,
        feeds=record.n_feeds,
        events=record.n_events,
        relevance={arm: sum(seen) / len(seen) for arm, seen in record.relevance.items()},
        truth=truth,
        reading=results,
        covered=covered(truth, results, arm=TREATMENT),
        errors=stage.storefront.tally.unavailable,
        note=NOTE,
    )
