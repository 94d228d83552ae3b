"""``/v1/experiments``: an experiment's life, and what it has shown so far."""

import asyncio
from typing import Annotated, Any, Literal

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RawBody

from service.api.answers import body_refusals, refusals
from service.api.batches import operation_with
from service.api.designs import DESIGN_SCHEMA
from service.api.requests import PathName, request_now
from service.api.text import checked_id, storable
from service.jobs.analysing import experiment_results
from service.jobs.experimenting import checked_design, created, described
from service.log.experiments import (
    StoredExperiment,
    all_experiments,
    change_experiment,
    experiment,
    experiment_history,
)
from service.problems import RequestRefused
from service.wiring import Services

MOST_BYTES = 100_000
MOST_LEVELS = 32
"""How deeply a design may be nested: one that only just can be read would break every reader with a fuller stack."""

_WHO = "http"

Action = Annotated[
    Literal["start", "freeze", "stop", "archive"], PathParameter(description="The next step of its life.")
]


@post(
    "/v1/experiments",
    request_max_body_size=MOST_BYTES,
    operation_class=operation_with(DESIGN_SCHEMA),
    responses=body_refusals(409),
    summary="Make an experiment",
)
async def post_experiment(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """Checks a design and keeps it as a draft; it meets nobody until it is started."""
    now = request_now(request, services)
    design = checked_design(_mapping(body))
    stored = await asyncio.wrap_future(
        services.writer.submit(lambda connection: created(connection, design, who=_WHO, now=now))
    )
    return described(stored)


@post(
    "/v1/experiments/{key:str}/{action:str}",
    status_code=200,
    responses=refusals(404, 409, 503),
    summary="Start, freeze, stop or archive an experiment",
)
async def post_experiment_action(
    key: PathName, action: Action, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """Takes one step of an experiment's life; feeds follow at once."""
    checked_id(key, "key")
    now = request_now(request, services)
    stored = await asyncio.wrap_future(
        services.writer.submit(
            lambda connection: change_experiment(connection, key=key, action=action, who=_WHO, now=now)
        )
    )
    await asyncio.to_thread(services.experiments.refresh)
    return described(stored)


@get("/v1/experiments", responses=refusals(503), sync_to_thread=True, summary="All experiments")
def get_experiments(services: NamedDependency[Services]) -> dict[str, list[dict[str, Any]]]:
    """Every experiment and where it stands, oldest first."""
    with services.database.reader.connect() as connection:
        return {"experiments": [described(stored) for stored in all_experiments(connection)]}


@get(
    "/v1/experiments/{key:str}",
    responses=refusals(404, 503),
    sync_to_thread=True,
    summary="One experiment and its changes",
)
def get_experiment(key: PathName, services: NamedDependency[Services]) -> dict[str, Any]:
    """One experiment, with every change of it: who, when, before and after."""
    checked_id(key, "key")
    with services.database.reader.connect() as connection:
        stored: StoredExperiment = experiment(connection, key)
        return {**described(stored), "changes": experiment_history(connection, stored.id)}


@get(
    "/v1/experiments/{key:str}/results",
    responses=refusals(404, 503),
    sync_to_thread=True,
    summary="What an experiment has shown so far",
)
def get_results(key: PathName, request: Request[Any, Any, Any], services: NamedDependency[Services]) -> dict[str, Any]:
    """Counts, balance, effects with intervals, and the verdict, up to the data cut-off that it states."""
    checked_id(key, "key")
    return experiment_results(
        services.database.reader, services.settings, key=key, as_of=request_now(request, services)
    )


def _mapping(body: bytes) -> dict[str, Any]:
    """The design as sent.

    Raises:
        RequestRefused: If the body is no JSON object, or one that can't be kept.
    """
    try:
        mapping = storable(body, dict[str, Any])
    except RequestRefused as error:
        raise RequestRefused(f'the body must be JSON like {{"key": "feed-1", "arms": [...], ...}}: {error}') from error
    level: list[Any] = [mapping]
    for _ in range(MOST_LEVELS):
        inner = [child for value in level for child in (value.values() if isinstance(value, dict) else value)]
        level = [child for child in inner if isinstance(child, dict | list)]
    if level:
        raise RequestRefused(f"an experiment may be nested at most {MOST_LEVELS} levels deep")
    return mapping
