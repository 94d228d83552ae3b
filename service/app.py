"""The ASGI app: routes, problems, documentation and browsers' permissions round the wired services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import License
from litestar.types import ASGIApp

from service.api import events, experiments, feeds, imports, items, operations, users
from service.metrics import RequestMetrics
from service.problems import problem_handlers
from service.wiring import Services

_HANDLERS = [
    events.post_events,
    items.put_catalogue_items,
    users.put_users,
    feeds.get_user_feed,
    feeds.get_visitor_feed,
    feeds.get_related,
    experiments.post_experiment,
    experiments.post_experiment_action,
    experiments.get_experiments,
    experiments.get_experiment,
    experiments.get_results,
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
        async with services.refresher.running():
            yield

    app = Litestar(
        _HANDLERS,
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        lifespan=[lifespan],
        exception_handlers=problem_handlers(),
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
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        logging_config=None,
    )
    return RequestMetrics(app, services.metrics)
