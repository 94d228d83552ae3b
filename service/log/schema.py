"""The schema of the log: its steps, which of them services of the version before survive, and who may use what."""

import json
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import alembic.command
import alembic.config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from service.log.tables import home

READABLE_BY = "readable_by"
"""Key of the home fact: the ``schema`` the log was brought to, and the ``oldest`` whose versions may go on with it."""

_STEPS = Path(__file__).parent / "migrations"
_SCHEMA_LOCK = int.from_bytes(b"kembang")


class SchemaOutdated(Exception):
    """The log's schema is not one that this version works with."""


class Upgrade(NamedTuple):
    """What became of a log's schema; ``found`` is None for a log that was made just now."""

    found: str | None
    current: str
    keeps_serving: bool
    """Whether services of the version before go on working, and may be started again."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What one version of kembang works with: the steps in a folder, each of which says whether it ``KEEPS_SERVING``.

    A version knows its own steps only. Of a log that has gone further it reads the fact ``readable_by``, which the last
    upgrade recorded: the schema before the first of the latest steps that all keep serving. A version that knows that
    schema goes on with the log, reading and writing; any other refuses it.
    """

    folder: Path = _STEPS

    @property
    def head(self) -> str:
        """The schema after the last step."""
        return self._steps()[0].revision

    def found(self, connection: Connection) -> str | None:
        """The schema of the log, or None if there is no log."""
        return MigrationContext.configure(connection).get_current_revision()

    def check(self, connection: Connection) -> None:
        """Makes sure that this version may read the log as it is.

        Raises:
            SchemaOutdated: If the log's schema is older, or newer in a way that this version does not survive.
        """
        found = self.found(connection)
        if found == self.head or self._may_go_on(connection, found):
            return
        if found in self._revisions():
            raise SchemaOutdated(
                f"the log has schema {found}, this version needs {self.head}: start the service, or run "
                "`kembang database upgrade`"
            )
        raise SchemaOutdated(f"the log has schema {found}, which this version does not know: use the one that wrote it")

    def foreseen(self, connection: Connection) -> Upgrade:
        """What an upgrade of this log would come to.

        Raises:
            SchemaOutdated: If the log is newer than this version survives.
        """
        found = self.found(connection)
        if found is not None and found not in self._revisions():
            self.check(connection)
            return Upgrade(found, found, keeps_serving=True)
        pending = self._pending(found)
        return Upgrade(found, self.head, keeps_serving=found is None or all(map(_keeps_serving, pending)))

    def upgraded(self, connection: Connection) -> Upgrade:
        """The log brought to the last step, in the connection's transaction: all pending steps or none.

        Raises:
            SchemaOutdated: If the log is newer than this version survives.
        """
        if connection.dialect.name == "postgresql":
            # Replicas that start at once take turns, or each would make the tables; held to the transaction's end.
            connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        upgrade = self.foreseen(connection)
        if upgrade.found != upgrade.current:
            alembic.command.upgrade(self._configuration(connection), "head")
            self._record_who_may_go_on(connection)
        return upgrade

    def _may_go_on(self, connection: Connection, found: str | None) -> bool:
        if found is None or found in self._revisions():
            return False
        readable_by = connection.execute(select(home.c.value).where(home.c.key == READABLE_BY)).scalar_one_or_none()
        if readable_by is None:
            return False
        said = json.loads(readable_by)
        return bool(said["schema"] == found and said["oldest"] in self._revisions())

    def _record_who_may_go_on(self, connection: Connection) -> None:
        oldest = self.head
        for step in self._steps():
            if not _keeps_serving(step) or not isinstance(step.down_revision, str):
                break
            oldest = step.down_revision
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        value = json.dumps({"schema": self.head, "oldest": oldest})
        fact = dialect.insert(home).values(key=READABLE_BY, value=value)
        connection.execute(fact.on_conflict_do_update(index_elements=["key"], set_={"value": value}))

    def _pending(self, found: str | None) -> list[Script]:
        return list(takewhile(lambda step: step.revision != found, self._steps()))

    def _steps(self) -> tuple[Script, ...]:
        """Every step, the last one first."""
        return _steps_in(self.folder)

    def _revisions(self) -> set[str]:
        return {step.revision for step in self._steps()}

    def _configuration(self, connection: Connection) -> alembic.config.Config:
        configuration = alembic.config.Config()
        configuration.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        configuration.attributes["connection"] = connection
        return configuration


@cache
def _steps_in(folder: Path) -> tuple[Script, ...]:
    """Every step, the last one first; they are part of the program, and read once."""
    return tuple(ScriptDirectory(str(folder)).walk_revisions())


def _keeps_serving(step: Script) -> bool:
    return bool(getattr(step.module, "KEEPS_SERVING", False))
