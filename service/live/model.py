"""The live model: loaded when a new version is published, swapped between two requests."""

import logging
from pathlib import Path

from recommender.artifact import ArtifactRefused, live_version, load, read_manifest
from recommender.model import Model
from service.log.home import LOG_ID
from service.metrics import Metrics

_log = logging.getLogger(__name__)


class LiveModel:
    """The model that feeds are made with; None until the first version is published."""

    def __init__(self, models: Path, *, log_id: str, metrics: Metrics) -> None:
        self._models = models
        self._log_id = log_id
        self._metrics = metrics
        self._looked_at: str | None = None
        self.current: Model | None = None

    def refresh(self) -> bool:
        """Brings in the published version if it is another than the one last looked at; whether it did.

        A version that is damaged, or was trained on another log, is refused, counted, and looked at again only once
        another is published; the old one goes on serving.

        Raises:
            OSError: If the folder can't be read just now; the version is tried again at the next look.
        """
        version = live_version(self._models)
        if version is None or version == self._looked_at:
            return False
        try:
            manifest = read_manifest(self._models / version)
            if manifest.get(LOG_ID) != self._log_id:
                return self._refused(version, "it was trained on another log, whose ids name other users and items")
            model = load(self._models / version)
        except ArtifactRefused as error:
            return self._refused(version, error)
        self._looked_at = version
        self.current = model
        self._metrics.model_loads.labels("loaded").inc()
        self._metrics.model_is_live(model.version, trained_at_seconds=manifest.get("trained_at_seconds", 0.0))
        return True

    def _refused(self, version: str, reason: object) -> bool:
        self._looked_at = version
        _log.error("model %s was refused, the old one goes on serving: %s", version, reason)
        self._metrics.model_loads.labels("refused").inc()
        return False
