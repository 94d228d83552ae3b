"""``/v1/experiments``: an experiment's life, and what it has shown so far."""

import asyncio
from typing import Annotated, Any, Literal

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter

from service.api.requests import request_now
from service.jobs.analysing import experiment_results
from service.jobs.experimenting import changed, checked_design, created, described
from service.log.experiments import StoredExperiment, all_experiments, experiment, experiment_history
from service.wiring import Services

_WHO = "http"

Action = Annotated[
    Literal["start", "freeze", "stop", "archive"], PathParameter(description="The next step of its life.")
]


@post("/v1/experiments", summary="Make an experiment")
async def post_experiment(
    data: JSONBody[dict[str, Any]], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """Checks a design and keeps it as a draft; it meets nobody until it is started."""
    now = request_now(request, services)
    design = checked_design(data)
    stored = await asyncio.wrap_future(
        services.writer.submit(lambda connection: created(connection, design, who=_WHO, now=now))
    )
    return described(stored)


@post("/v1/experiments/{key:str}/{action:str}", status_code=200, summary="Start, freeze, stop or archive an experiment")
async def post_experiment_action(
    key: FromPath[str], action: Action, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """Takes one step of an experiment's life; feeds follow at once."""
    now = request_now(request, services)
    stored = await asyncio.wrap_future(
        services.writer.submit(lambda connection: changed(connection, key, action, who=_WHO, now=now))
    )
    await asyncio.to_thread(services.experiments.refresh)
    return described(stored)


@get("/v1/experiments", sync_to_thread=True, summary="All experiments")
def get_experiments(services: NamedDependency[Services]) -> dict[str, list[dict[str, Any]]]:
    """Every experiment and where it stands, oldest first."""
    with services.database.reader.connect() as connection:
        return {"experiments": [described(stored) for stored in all_experiments(connection)]}


@get("/v1/experiments/{key:str}", sync_to_thread=True, summary="One experiment and its changes")
def get_experiment(key: FromPath[str], services: NamedDependency[Services]) -> dict[str, Any]:
    """One experiment, with every change of it: who, when, before and after."""
    with services.database.reader.connect() as connection:
        stored: StoredExperiment = experiment(connection, key)
        return {**described(stored), "changes": experiment_history(connection, stored.id)}


@get("/v1/experiments/{key:str}/results", sync_to_thread=True, summary="What an experiment has shown so far")
def get_results(
    key: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> dict[str, Any]:
    """Counts, balance, effects with intervals, and the verdict, up to the data cut-off that it states."""
    return experiment_results(
        services.database.reader, services.settings, key=key, as_of=request_now(request, services)
    )
