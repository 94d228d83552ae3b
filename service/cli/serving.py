"""``kembang serve`` and ``kembang demo``."""

import logging
import sys

import click

from service.cli.output import progress
from service.demo.home import prepare_demo_home, requests_to_try
from service.server import check_port, service_url
from service.server import serve as serve_until_stopped
from service.settings import Settings
from service.wiring import build

_port_option = click.option("--port", type=click.IntRange(1, 65_535), default=8000, show_default=True)


@click.command()
@_port_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--simulated-clock", is_flag=True, help="Let requests say what time it is (X-Kembang-Now).")
def serve(*, port: int, host: str, simulated_clock: bool) -> None:
    """Run the service.

    There are no API keys yet: whoever reaches the port may use it. Listen on loopback, or behind a proxy that decides
    who comes through.
    """
    settings = Settings.from_environment()
    _log_to_standard_error()
    check_port(host, port)
    url = service_url(host, port)
    with build(settings, simulated_clock=simulated_clock, url=url) as services:
        click.echo(f"serving {url} from {settings.home}", err=True)
        serve_until_stopped(services, host=host, port=port)


@click.command()
@_port_option
def demo(*, port: int) -> None:
    """Run a simulated shop: made, trained and served, on loopback only.

    The second time, the same shop is served again. A home that holds real rows is refused.
    """
    settings = Settings.from_environment()
    _log_to_standard_error()
    host = "127.0.0.1"
    check_port(host, port)
    url = service_url(host, port)
    with progress("simulated shop") as tell:
        shown = prepare_demo_home(settings, on_progress=tell)
    with build(settings, simulated_clock=True, url=url) as services:
        click.echo(requests_to_try(url, shown, command=sys.argv[0], now=services.clock.now()))
        serve_until_stopped(services, host=host, port=port)


def _log_to_standard_error() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
