"""An experiment's life: made, started, stopped; each step checked here, whoever asks for it."""

import secrets
from collections.abc import Mapping
from typing import Any

from experiments.design import DesignRefused, Experiment
from recommender.ranking import Policy
from service.clock import instant_text
from service.log.database import Connection
from service.log.experiments import StoredExperiment, create_experiment


def checked_design(mapping: Mapping[str, Any]) -> Experiment:
    """The design with a salt of its own, if the mapping names none.

    Raises:
        DesignRefused: If a rule of the design or of one of its policies is broken; all broken ones are listed.
    """
    salted = {"salt": secrets.token_hex(16), **mapping}
    design = Experiment.parse(salted)
    problems = []
    for arm in design.arms:
        try:
            Policy.parse(arm.policy)
        except ValueError as error:
            problems.append(f"policy of arm {arm.key!r}: {error}")
    if problems:
        raise DesignRefused(problems)
    return design


def created(connection: Connection, design: Experiment, *, who: str, now: int) -> StoredExperiment:
    """The experiment as a draft in the log.

    Raises:
        ExperimentExists: If its key is taken.
    """
    return create_experiment(
        connection, key=design.key, definition=design.to_mapping(), salt=design.salt, who=who, now=now
    )


def described(stored: StoredExperiment) -> dict[str, Any]:
    """An experiment as the API and the command line show it."""
    return {
        "key": stored.key,
        "status": stored.status,
        "created_at": instant_text(stored.created_at),
        "started_at": _text_or_none(stored.started_at),
        "stopped_at": _text_or_none(stored.stopped_at),
        "definition": dict(stored.definition),
    }


def _text_or_none(at: int | None) -> str | None:
    return None if at is None else instant_text(at)
