"""The failures that a command explains in one line instead of a trace."""

import httpx

from customers.forecasts.lifetime_value import NotEnoughHistory
from customers.published.cdnow import NotTheSample
from customers.snapshots import SnapshotRefused
from experiments.design import DesignRefused
from recommender.artifact import ArtifactRefused
from recommender.training import NothingToTrain
from service.cli.erasing import NotErased
from service.cli.import_end import ImportCutOff
from service.cli.importing import NothingUsable, SimulatedHome
from service.cli.modelling import VersionUnknown
from service.cli.simulating import NoSimulatedShop
from service.cli.writing import ServiceRefused
from service.demo.home import RealHome
from service.demo.storefront import PlayStopped
from service.jobs.attributing import PeriodRefused
from service.jobs.audiences import NoValues
from service.jobs.bookkeeping import BooksEmpty
from service.jobs.campaigns.planning import PlanRefused
from service.jobs.campaigns.records import NoOrders
from service.jobs.engagement import LandmarkRefused
from service.jobs.exporting import ForgottenMeanwhile
from service.jobs.importing.reading import ImportRefused
from service.log.backup import BackupFailed
from service.log.campaigns import CampaignExists, CampaignUnknown, CardRefused
from service.log.database import LogFailure, LogInUse, LogLocked, SchemaOutdated
from service.log.dumps import ToolFailed
from service.log.experiments import ActionRefused, ExperimentExists, ExperimentUnknown
from service.log.imports import ImportClosed, ImportUnknown
from service.log.restoring import RestoreRefused
from service.log.suppressions import StillErasing
from service.money import AmountRefused
from service.secret import SecretUnusable
from service.server import PortTaken
from service.settings import SettingRefused
from service.wiring import RealClockOnly

EXPECTED: tuple[type[Exception], ...] = (
    ActionRefused,
    AmountRefused,
    ArtifactRefused,
    BackupFailed,
    CampaignExists,
    CampaignUnknown,
    CardRefused,
    BooksEmpty,
    DesignRefused,
    ExperimentExists,
    ExperimentUnknown,
    ForgottenMeanwhile,
    ImportClosed,
    ImportCutOff,
    ImportRefused,
    ImportUnknown,
    LandmarkRefused,
    LogFailure,
    LogInUse,
    LogLocked,
    NoOrders,
    NoSimulatedShop,
    NoValues,
    NotEnoughHistory,
    NotErased,
    NotTheSample,
    NothingToTrain,
    NothingUsable,
    OSError,
    PeriodRefused,
    PlanRefused,
    PlayStopped,
    PortTaken,
    RealClockOnly,
    RealHome,
    RestoreRefused,
    SchemaOutdated,
    SecretUnusable,
    ServiceRefused,
    SettingRefused,
    SnapshotRefused,
    SimulatedHome,
    StillErasing,
    ToolFailed,
    VersionUnknown,
    httpx.TransportError,
)


def one_line(error: Exception) -> str:
    """What an expected failure says, on one line; of the database's own words, without its statements and links."""
    if isinstance(error, LogFailure):
        said = getattr(error, "orig", None) or error
        return f"the log can't be used, check KEMBANG_HOME and KEMBANG_DATABASE_URL: {' '.join(str(said).split())}"
    return " ".join(str(error).split())
