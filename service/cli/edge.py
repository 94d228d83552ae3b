"""The failures that a command explains in one line instead of a trace."""

import httpx

from experiments.design import DesignRefused
from recommender.artifact import ArtifactRefused
from recommender.training import NothingToTrain
from service.cli.import_end import ImportCutOff
from service.cli.importing import NothingUsable, SimulatedHome
from service.cli.modelling import VersionUnknown
from service.cli.simulating import NoSimulatedShop
from service.cli.writing import ServiceRefused
from service.demo.home import RealHome
from service.demo.storefront import PlayStopped
from service.jobs.importing.reading import ImportRefused
from service.log.database import LogFailure, LogLocked, SchemaOutdated
from service.log.experiments import ActionRefused, ExperimentExists, ExperimentUnknown
from service.log.imports import ImportClosed, ImportUnknown
from service.secret import SecretUnusable
from service.server import PortTaken
from service.settings import SettingRefused
from service.wiring import RealClockOnly

EXPECTED: tuple[type[Exception], ...] = (
    ActionRefused,
    ArtifactRefused,
    DesignRefused,
    ExperimentExists,
    ExperimentUnknown,
    ImportClosed,
    ImportCutOff,
    ImportRefused,
    ImportUnknown,
    LogFailure,
    LogLocked,
    NoSimulatedShop,
    NothingToTrain,
    NothingUsable,
    OSError,
    PlayStopped,
    PortTaken,
    RealClockOnly,
    RealHome,
    SchemaOutdated,
    SecretUnusable,
    ServiceRefused,
    SettingRefused,
    SimulatedHome,
    VersionUnknown,
    httpx.TransportError,
)


def one_line(error: Exception) -> str:
    """What an expected failure says, on one line; of the database's own words, without its statements and links."""
    if isinstance(error, LogFailure):
        said = getattr(error, "orig", None) or error
        return f"the log can't be used, check KEMBANG_HOME and KEMBANG_DATABASE_URL: {' '.join(str(said).split())}"
    return " ".join(str(error).split())
