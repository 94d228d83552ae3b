"""The failures that a command explains in one line instead of a trace."""

from experiments.design import DesignRefused
from recommender.artifact import ArtifactRefused
from recommender.training import NothingToTrain
from service.log.database import LogLocked, SchemaOutdated
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
    LogLocked,
    NothingToTrain,
    PortTaken,
    SchemaOutdated,
    SettingRefused,
)
