"""The ASGI app: routes, problems, documentation and browsers' permissions round the wired services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import License
from litestar.types import ASGIApp

from service.api import (
    attribution,
    campaigns,
    events,
    experiments,
    feeds,
    imports,
    items,
    operations,
    people,
    users,
    values,
)
from service.api.answers import DocumentPlugin
from service.api.parameters import before_handler, parameter_problem
from service.metrics import RequestMetrics
from service.problems import problem_handlers
from service.wiring import Services

_HANDLERS = [
    events.post_events,
    items.put_catalogue_items,
    users.put_users,
    people.post_merge,
    people.get_user_data,
    people.get_visitor_data,
    people.delete_user,
    people.delete_visitor,
    people.delete_user_suppression,
    people.delete_visitor_suppression,
    feeds.get_user_feed,
    feeds.get_visitor_feed,
    feeds.get_related,
    experiments.post_experiment,
    experiments.post_experiment_action,
    experiments.get_experiments,
    experiments.get_experiment,
    experiments.get_results,
    campaigns.post_campaign,
    campaigns.get_campaigns,
    campaigns.get_campaign,
    campaigns.get_audience,
    campaigns.get_reading,
    campaigns.post_cards,
    campaigns.get_account,
    attribution.get_attribution,
    values.get_value,
    values.get_segments,
    imports.post_import,
    imports.post_import_rows,
    imports.post_import_finish,
    imports.post_import_undo,
    operations.get_live,
    operations.get_ready,
    operations.get_metrics,
]


def create_app(services: Services) -> ASGIApp:
    """The whole service as one ASGI app, counted and timed from outside."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with services.refresher.running(), services.pruner.running():
            yield

    app = Litestar(
        _HANDLERS,
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        lifespan=[lifespan],
        before_request=before_handler,
        exception_handlers={**problem_handlers(), ValidationException: parameter_problem},
        cors_config=CORSConfig(
            allow_origins=list(services.settings.cors_origins), allow_methods=["GET", "POST", "PUT"], max_age=86_400
        ),
        openapi_config=OpenAPIConfig(
            title="kembang",
            version="1",
            description="Feeds that know the last event, and experiments that measure what they did.",
            license=License(name="MIT", identifier="MIT"),
            path="/schema",
            use_handler_docstrings=True,
            # The page readers of other plugins come from content networks; a shop's network may not reach them.
            render_plugins=[DocumentPlugin(path="/openapi.json")],
        ),
        logging_config=None,
    )
    return RequestMetrics(app, services.metrics)
