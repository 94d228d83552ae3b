"""The failures that a command explains in one line instead of a trace."""

import httpx

from experiments.design import DesignRefused
from recommender.artifact import ArtifactRefused
from recommender.training import NothingToTrain
from service.cli.experimenting import ServiceRefused
from service.cli.importing import NothingUsable, SimulatedHome
from service.cli.simulating import NoSimulatedShop
from service.demo.home import RealHome
from service.demo.storefront import PlayStopped
from service.jobs.importing.tables import ImportRefused
from service.log.database import LogFailure, LogLocked, SchemaOutdated
from service.log.experiments import ActionRefused, ExperimentExists, ExperimentUnknown
from service.server import PortTaken
from service.settings import SettingRefused

EXPECTED: tuple[type[Exception], ...] = (
    ActionRefused,
    ArtifactRefused,
    DesignRefused,
    ExperimentExists,
    ExperimentUnknown,
    FileNotFoundError,
    ImportRefused,
    LogFailure,
    LogLocked,
    NoSimulatedShop,
    NothingToTrain,
    NothingUsable,
    PermissionError,
    PlayStopped,
    PortTaken,
    RealHome,
    SchemaOutdated,
    ServiceRefused,
    SettingRefused,
    SimulatedHome,
    httpx.TransportError,
)
