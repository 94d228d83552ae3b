"""What many tests stand on: a log on each kind of database, and real server processes."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy
from sqlalchemy.exc import OperationalError

from service.log.database import Database, open_for_writing
from service.log.writer import Writer

POSTGRES = os.environ.get("KEMBANG_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
DATA = Path(__file__).parents[2] / "shared" / "data"
START_SECONDS = 120.0


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real data sets, which are no part of the project."""
    if not DATA.is_dir():
        pytest.skip("the folder of real data sets is not beside the project")
    return DATA


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A PostgreSQL schema of this test's own, dropped afterwards."""
    base = POSTGRES.replace("postgresql://", "postgresql+psycopg://", 1)
    schema = f"kembang_{uuid.uuid4().hex[:12]}"
    admin = sqlalchemy.create_engine(base, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(sqlalchemy.schema.CreateSchema(schema))
    except OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("no PostgreSQL answers at KEMBANG_TEST_POSTGRES")
    yield f"{base}?options=-csearch_path%3D{schema}"
    with admin.connect() as connection:
        connection.execute(sqlalchemy.schema.DropSchema(schema, cascade=True))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'kembang.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty log on each kind of database in turn."""
    opened = open_for_writing(database_url)
    yield opened
    opened.close()


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    """The log's writer."""
    assert database.writing is not None
    made = Writer(database.writing, capacity=1_000, observe=lambda **_: None)
    yield made
    made.close()


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


@dataclass(frozen=True)
class RunningService:
    """The simulated shop, served."""

    base_url: str
    home: Path
    user_ids: tuple[str, ...]


@pytest.fixture(scope="session")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """One demo for all tests that only need somebody to answer; none may depend on what others did to it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    with served("demo", home=home) as service:
        yield RunningService(service.base_url, home, tuple(f"u{number:04d}" for number in range(1, 3_001)))
