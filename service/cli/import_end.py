"""Storing an import through the running service that holds the log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from service.cli.writing import ServiceBusy, asked
from service.log.import_pieces import Piece

_TRIES, _PAUSE_SECONDS = 30, 1.0
_ANSWER_SECONDS = 60.0


class ImportCutOff(Exception):
    """An import ended before its time; what it stored stays, and importing the file again stores the rest."""


@dataclass(frozen=True, slots=True)
class ServiceEnd:
    """The running service.

    A request whose answer was lost, or that the service could not take just now, is sent again for half a minute; every
    request but the first may be, for the service knows the rows by their ids.

    Args:
        url: Where it answers.
        client: Keeps the connection open.
        on_wait: Told why the next try has to wait.
    """

    url: str
    client: httpx.Client
    on_wait: Callable[[str], None]
    is_alone: bool = False

    def begin(self, file_name: str, *, kind: str) -> int:
        """The number of a new import."""
        body = {"file_name": file_name, "kind": kind}
        # Not after a lost answer, which may have begun it.
        begun = self._patiently(
            lambda: asked(self.url, "POST", "/v1/imports", body=body, client=self.client), on=(ServiceBusy,)
        )
        return int(begun["import_id"])

    def store(self, import_id: int, piece: Piece) -> str:
        """What became of the piece's rows, once they are committed."""
        return str(self._asked(import_id, "rows", content=msgspec.msgpack.encode(piece))["results"])

    def finish(self, import_id: int, report: dict[str, Any]) -> None:
        """Keeps the import's account."""
        self._asked(import_id, "finish", content=msgspec.json.encode({"report": report}))

    def _asked(self, import_id: int, step: str, *, content: bytes) -> dict[str, Any]:
        path = f"/v1/imports/{import_id}/{step}"

        def ask() -> dict[str, Any]:
            return asked(self.url, "POST", path, content=content, client=self.client, answer_seconds=_ANSWER_SECONDS)

        try:
            return self._patiently(ask, on=(ServiceBusy, httpx.TransportError))
        except (ServiceBusy, httpx.TransportError) as error:
            raise ImportCutOff(
                f"import {import_id} was cut off, {self.url} does not take its rows ({error}): "
                "import the file again, it adds only what is missing"
            ) from error

    def _patiently(self, ask: Callable[[], dict[str, Any]], *, on: tuple[type[Exception], ...]) -> dict[str, Any]:
        """The answer; a failure of the given kinds is waited out for half a minute."""
        for _ in range(_TRIES - 1):
            try:
                return ask()
            except on as error:
                self.on_wait(f"waiting for {self.url}: {error}")
                time.sleep(_PAUSE_SECONDS)
        return ask()


@contextmanager
def service_end(url: str, *, on_wait: Callable[[str], None]) -> Iterator[ServiceEnd]:
    """The running service at ``url``, spoken to over one connection."""
    with httpx.Client() as client:
        yield ServiceEnd(url, client, on_wait)
