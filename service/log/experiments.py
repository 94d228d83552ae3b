"""Experiments as the log keeps them: the definition, the status, and every change with who, when, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.log.counters import next_number
from service.log.tables import erased_units, experiment_changes, experiments

STATUS_AFTER = {
    "create": "draft",
    "start": "running",
    "freeze": "frozen",
    "stop": "finished",
    "archive": "archived",
}
"""Status that each action leads to."""

LIVING = ("running", "frozen")
"""Statuses in which an experiment's arms are served."""

_ALLOWED_FROM = {
    "start": ("draft",),
    "freeze": ("running",),
    "stop": ("running", "frozen"),
    "archive": ("draft", "finished"),
}


class ExperimentUnknown(Exception):
    """No experiment has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"there is no experiment {key!r}: list them with `kembang experiment list` or GET /v1/experiments"
        )


class ExperimentExists(Exception):
    """Another experiment has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is an experiment {key!r} already: choose another key")


class ActionRefused(Exception):
    """The experiment's status does not allow the action."""


class LayerTaken(ActionRefused):
    """Another experiment lives on the same layer, so units would get two policies at once."""

    def __init__(self, key: str, other: "StoredExperiment", layer: str) -> None:
        super().__init__(
            f"experiment {other.key!r} is {other.status} on layer {layer!r}: stop it, or give {key!r} another layer"
        )


@dataclass(frozen=True, slots=True)
class StoredExperiment:
    """One experiment and where it stands. Instants in microseconds UTC."""

    id: int
    key: str
    status: str
    salt: str
    definition: Mapping[str, Any]
    created_at: int
    started_at: int | None
    stopped_at: int | None


def create_experiment(
    connection: Connection, *, key: str, definition: Mapping[str, Any], salt: str, who: str, now: int
) -> StoredExperiment:
    """The experiment as kept, a draft.

    Raises:
        ExperimentExists: If the key is taken.
    """
    made = {
        "key": key,
        "status": STATUS_AFTER["create"],
        "salt": salt,
        "definition": dict(definition),
        "created_at": now,
        "updated_at": now,
    }
    # The insert waits for another replica that is making the same key just now; a look beforehand would not see it.
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    inserted = dialect.insert(experiments).values(made).on_conflict_do_nothing(index_elements=["key"])
    if connection.execute(inserted.returning(experiments.c.id)).one_or_none() is None:
        raise ExperimentExists(key)
    kept = experiment(connection, key)
    _record(connection, kept, who=who, now=now, action="create", before=None)
    return kept


def change_experiment(connection: Connection, *, key: str, action: str, who: str, now: int) -> StoredExperiment:
    """The experiment after one step of its life: start, freeze, stop or archive.

    Steps are taken one after another, whichever replica takes them, so what a step depends on holds until its commit.

    Raises:
        ExperimentUnknown: If no experiment has the key.
        ActionRefused: If the experiment's status does not allow the action.
        LayerTaken: If it is to start on a layer where another one lives.
    """
    next_number(connection, "experiments")
    before = experiment(connection, key)
    if before.status not in _ALLOWED_FROM[action]:
        allowed = " or ".join(_ALLOWED_FROM[action])
        raise ActionRefused(f"experiment {key!r} is {before.status}: only one that is {allowed} can {action}")
    if action == "start":
        _check_layer(connection, before)
    stamp = {"start": {"started_at": now}, "stop": {"stopped_at": now}}.get(action, {})
    connection.execute(
        update(experiments)
        .where(experiments.c.id == before.id)
        .values(status=STATUS_AFTER[action], updated_at=now, **stamp)
    )
    after = experiment(connection, key)
    _record(connection, after, who=who, now=now, action=action, before=before)
    return after


def experiment(connection: Connection, key: str) -> StoredExperiment:
    """The experiment with this key.

    Raises:
        ExperimentUnknown: If there is none.
    """
    found = _found(connection, key)
    if found is None:
        raise ExperimentUnknown(key)
    return found


def all_experiments(connection: Connection) -> list[StoredExperiment]:
    """Every experiment, oldest first."""
    return [_stored(row) for row in connection.execute(_query().order_by(experiments.c.id))]


def experiment_history(connection: Connection, experiment_id: int) -> list[dict[str, Any]]:
    """Every change of an experiment, oldest first: at, who, action, before and after."""
    columns = experiment_changes.c
    query = select(columns.at, columns.who, columns.action, columns.before, columns.after)
    rows = connection.execute(query.where(columns.experiment_id == experiment_id).order_by(columns.id))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name for a row as a mapping


def _check_layer(connection: Connection, starting: StoredExperiment) -> None:
    """A definition that names no layer has one to itself, called like its key."""
    layer = starting.definition.get("layer", starting.key)
    for other in all_experiments(connection):
        if other.status in LIVING and other.definition.get("layer", other.key) == layer:
            raise LayerTaken(starting.key, other, layer)


def _query() -> Any:
    return select(*(experiments.c[field.name] for field in fields(StoredExperiment)))


def _found(connection: Connection, key: str) -> StoredExperiment | None:
    row = connection.execute(_query().where(experiments.c.key == key)).one_or_none()
    return None if row is None else _stored(row)


def _stored(row: Row[Any]) -> StoredExperiment:
    return StoredExperiment(**row._mapping)  # noqa: SLF001  SQLAlchemy's public name for a row as a mapping


def _record(
    connection: Connection,
    after: StoredExperiment,
    *,
    who: str,
    now: int,
    action: str,
    before: StoredExperiment | None,
) -> None:
    connection.execute(
        insert(experiment_changes).values(
            experiment_id=after.id,
            at=now,
            who=who,
            action=action,
            before=None if before is None else {"status": before.status, "definition": dict(before.definition)},
            after={"status": after.status, "definition": dict(after.definition)},
        )
    )


def erased_unit_counts(connection: Connection, experiment_id: int) -> dict[str, int]:
    """Per arm, how many units asked to be forgotten after they had been exposed; arms without any are left out."""
    query = select(erased_units.c.arm, erased_units.c.units).where(erased_units.c.experiment_id == experiment_id)
    return {row.arm: row.units for row in connection.execute(query)}
