"""The server process: granian inside our own event loop, so that one process is the whole service."""

import asyncio
import logging
import signal
import socket

from granian.constants import Interfaces
from granian.server.embed import Server

from recommender.threads import one_blas_thread
from service.app import create_app
from service.wiring import Services

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
"""How long open requests may take after a stop was asked for; idle keep-alive connections are then cut."""


class PortTaken(Exception):
    """Another process answers on the port."""


def service_url(host: str, port: int) -> str:
    """The address of a service; an IPv6 host stands in brackets there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_port(host: str, port: int) -> None:
    """Makes sure that the port is free; granian would share it with another server in silence.

    Raises:
        PortTaken: If something listens there.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"port {port} on {host} can't be used ({error.strerror}): choose another with --port"
            ) from error


def serve(services: Services, *, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT, then finishes the requests that are open."""
    with one_blas_thread():
        asyncio.run(_serve(services, host=host, port=port))


async def _serve(services: Services, *, host: str, port: int) -> None:
    server = Server(
        create_app(services), address=host, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        server.stop()  # type: ignore[no-untyped-call]  # granian's own signature
        _, unfinished = await asyncio.wait({serving}, timeout=DRAIN_SECONDS)
        if unfinished:
            _log.warning("some connections were still open %g s after the stop and were cut", DRAIN_SECONDS)
            return
    asked.cancel()
    await serving
