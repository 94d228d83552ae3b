"""Real processes: the console script as a user runs it, and servers that can be stopped or killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

START_SECONDS = 120.0
"""When to give up on a server that does not come up."""


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kembang(*arguments: str, home: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the console script as a user would, to its end."""
    command = [str(Path(sys.executable).parent / "kembang"), *arguments]
    environment = {**os.environ, "KEMBANG_HOME": str(home), **(env or {})}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@dataclass
class ServiceProcess:
    """A real server process on loopback."""

    process: subprocess.Popen[str]
    base_url: str
    home: Path

    def kill(self) -> None:
        """What the kernel does when memory runs out: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """What a deploy does."""
        self.process.terminate()
        return self.process.wait(timeout=30)


@contextmanager
def served(
    command: str, *, home: Path, env: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
) -> Iterator[ServiceProcess]:
    """``kembang serve`` or ``kembang demo`` as a process of its own, ready."""
    port = free_port()
    environment = {**os.environ, "KEMBANG_HOME": str(home), "KEMBANG_REFRESH_SECONDS": "0.1", **(env or {})}
    arguments = [str(Path(sys.executable).parent / "kembang"), command, "--port", str(port), *options]
    log = (home.parent / f"{command}-{port}.log").open("w")
    process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True)
    service = ServiceProcess(process, f"http://127.0.0.1:{port}", home)
    try:
        _await_ready(service, Path(log.name))
        yield service
    finally:
        if process.poll() is None:
            service.stop()
        log.close()


def _await_ready(service: ServiceProcess, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            break
        try:
            if httpx.get(f"{service.base_url}/health/ready", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)  # another process starts at its own pace; there is nothing to be told by
    pytest.fail(f"the service did not come up:\n{log.read_text()[-3000:]}")
