"""``GET /v1/attribution``: which showings stand before which orders."""

import asyncio
from datetime import date
from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from experiments.attribution import Rule
from experiments.outcomes import DAY_MICROSECONDS
from service.api.answers import refusals
from service.api.requests import request_now
from service.jobs.attributing import (
    MOST_ROWS,
    MOST_WINDOW_DAYS,
    ROWS,
    WINDOW_DAYS,
    By,
    Question,
    attributed,
    purchase_period,
)
from service.problems import RequestRefused
from service.wiring import Services

MOST_DAYS = 366
"""Longest period that one request may ask about; the command takes any."""

WindowDays = Annotated[
    int, QueryParameter(ge=1, le=MOST_WINDOW_DAYS, description="How long before a purchase a showing may lie.")
]
RuleName = Annotated[Rule, QueryParameter(description="How the credit of a purchase is given to its touches.")]
Since = Annotated[
    date | None,
    QueryParameter(description="Purchases from this day of the shop's on; by default 30 days before the end."),
]
Until = Annotated[
    date | None, QueryParameter(description="Purchases before this day of the shop's; by default up to now.")
]
Grouping = Annotated[By, QueryParameter(description="What the rows are about.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST_ROWS, description="Most rows of the answer.")]


@get("/v1/attribution", responses=refusals(503), summary="Which showings stand before which orders")
async def get_attribution(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    window_days: WindowDays = WINDOW_DAYS,
    rule: RuleName = "last_touch",
    since: Since = None,
    until: Until = None,
    by: Grouping = "item",
    limit: Limit = ROWS,
) -> dict[str, Any]:
    """Credits the purchases of a period to what had been shown before them, by a stated rule; never called a cause.

    Rows are about items, sources or kinds, those before most purchases first; or about orders, the latest first, each
    with what was bought and what had been shown before. Computed each time; requests take turns.
    """
    now = request_now(request, services)
    period = purchase_period(since, until, timezone=services.settings.timezone, now=now)
    if period.until - period.since > MOST_DAYS * DAY_MICROSECONDS:
        raise RequestRefused(
            f"a request may ask about at most {MOST_DAYS} days: `kembang attribution` takes any period"
        )
    question = Question(period=period, as_of=now, window_days=window_days, rule=rule, by=by, limit=limit)
    async with services.long_reads:
        return await asyncio.to_thread(
            attributed, services.database.reader, question, on_progress=lambda _doing, _share: None
        )
