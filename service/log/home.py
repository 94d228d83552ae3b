"""What a log says of itself: whether its rows are simulated, and with which parameters."""

import json
from typing import Any

from sqlalchemy import Connection, Engine, select

from service.log.dictionaries import insert_new
from service.log.tables import events, home

SIMULATED = "simulated"
"""Key of the fact that all rows are simulated: the shop's parameters and its currency."""


def home_fact(reader: Engine, key: str) -> Any:
    """What was recorded under ``key``, or None."""
    with reader.connect() as connection:
        value = connection.execute(select(home.c.value).where(home.c.key == key)).scalar_one_or_none()
    return None if value is None else json.loads(value)


def record_home_fact(connection: Connection, key: str, value: Any) -> None:
    """Records a fact once; what was recorded before stays."""
    insert_new(connection, home, [{"key": key, "value": json.dumps(value)}])


def holds_events(reader: Engine) -> bool:
    """Whether the log holds any event."""
    with reader.connect() as connection:
        return connection.execute(select(events.c.seq).limit(1)).first() is not None
