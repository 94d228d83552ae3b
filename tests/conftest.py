"""What many tests stand on: a log on each kind of database, and the simulated shop as a real server process."""

import os
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
import sqlalchemy
from processes import served
from sqlalchemy.exc import OperationalError

from service.log.database import Database, open_for_writing
from service.log.writer import Writer

# CI judges the change at hand, with the same examples each time; every run at a desk goes on exploring.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    hypothesis.settings.load_profile("ci")

POSTGRES = os.environ.get("KEMBANG_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real data sets, which are no part of the project."""
    if not DATA.is_dir():
        pytest.skip("the folder of real data sets is not beside the project")
    return DATA


@pytest.fixture(scope="session")
def lifetimes() -> ModuleType:
    """The archived package that shops know, as an oracle: other people's formulas for the same models."""
    with warnings.catch_warnings():
        # It greets today's pandas and scipy with warnings of its own.
        warnings.simplefilter("ignore")
        module: ModuleType = pytest.importorskip("lifetimes")
    return module


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
        # A test that failed may have left a transaction open; better a failed clean-up than one that waits for ever.
        connection.exec_driver_sql("SET lock_timeout = '5s'")
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
    opened = open_for_writing(database_url, erasure_salt=b"of the tests")
    yield opened
    opened.close()


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    """The log's writer."""
    assert database.writing is not None
    made = Writer(database.writing, capacity=1_000, observe=lambda **_: None)
    yield made
    made.close()


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
