"""What a log says of itself: its id, whether its rows are simulated, and with which parameters."""

import json
import secrets
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from service.log.dictionaries import insert_new
from service.log.tables import events, home, items

SIMULATED = "simulated"
"""Key of the fact that all rows are simulated: the shop's parameters and its currency."""

SIMULATED_CLOCK = "simulated_clock"
"""Key of the fact that requests may say what time it is, and could from the first row on."""

LOG_ID = "log_id"
"""Key of the log's id, here and in the manifest of every model trained on it."""

SECRET_FINGERPRINT = "secret_fingerprint"  # noqa: S105  the name of a fact, not the secret
"""Key of what tells the secret that the log was written under from others."""


def home_fact(reader: Engine, key: str) -> Any:
    """What was recorded under ``key``, or None."""
    with reader.connect() as connection:
        return fact_in(connection, key)


def fact_in(connection: Connection, key: str) -> Any:
    """The same on a connection, with what its transaction has recorded."""
    value = connection.execute(select(home.c.value).where(home.c.key == key)).scalar_one_or_none()
    return None if value is None else json.loads(value)


def record_home_fact(connection: Connection, key: str, value: Any) -> None:
    """Records a fact once; what was recorded before stays."""
    insert_new(connection, home, [{"key": key, "value": json.dumps(value)}])


def ensure_log_id(connection: Connection) -> None:
    """Gives the log a random id of its own, once; what had one keeps it.

    The integer ids of users and items mean something in their own log only, so whatever is computed from them says
    which log that was.
    """
    record_home_fact(connection, LOG_ID, secrets.token_hex(16))


def renew_log_id(connection: Connection) -> None:
    """Gives the log another id: from now on its integers may mean something else than they did under the old one."""
    connection.execute(delete(home).where(home.c.key == LOG_ID))
    ensure_log_id(connection)


def log_id(reader: Engine) -> str:
    """The id of this log.

    Raises:
        LookupError: If it was never given one, that is, never opened by a service or command that writes.
    """
    given = home_fact(reader, LOG_ID)
    if given is None:
        raise LookupError("the log has no id yet: import a sales file or start the service")
    return str(given)


def holds_rows(reader: Engine) -> bool:
    """Whether the log holds any event or item."""
    with reader.connect() as connection:
        return any(connection.execute(select(table.c.id).limit(1)).first() is not None for table in (events, items))
