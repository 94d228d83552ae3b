"""Numbers given in the order of commits: whoever takes one holds its counter until the transaction ends."""

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from service.log.tables import counters


def next_number(connection: Connection, counter: str) -> int:
    """The next number of a counter, from 1 on.

    Concurrent takers wait here for each other's transactions, so that numbers appear in the order of commits, and what
    is read afterwards is what the one before has committed.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(counters).values(name=counter, value=1)
    numbered = insert.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return int(connection.execute(numbered.returning(counters.c.value)).scalar_one())
