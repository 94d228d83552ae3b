"""Making sure that what was deleted is gone from the database's files too.

SQLite overwrites what it deletes (``secure_delete``), emptying the write-ahead log takes away the older versions of
pages, and where a copy is left in a page's free space (see ``free_space``) the file is rewritten as a whole.

PostgreSQL keeps deleted rows until a vacuum frees their space, and then until it is used again: what remains there is
for the server's operator to know.
"""

from sqlalchemy import Connection, Engine

from service.log.tables import assignments, campaign_entries, campaign_units, dead_letters, events, exposures, users

CHECKPOINT_MILLISECONDS = 200
"""How long the emptying of the write-ahead log waits for readers; every write waits with it."""


def emptied_wal(connection: Connection) -> bool:
    """Whether SQLite's write-ahead log is empty now; somebody who has been reading for long keeps it from that.

    Args:
        connection: The writing connection, in no transaction.
    """
    driver = connection.connection.cursor()
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {CHECKPOINT_MILLISECONDS}")
    try:
        is_busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience}")
        driver.close()
    return not is_busy


def rewrite_file(connection: Connection) -> None:
    """Writes the whole SQLite file anew, without free space; takes about as long as copying it three times.

    Args:
        connection: The writing connection, in no transaction.
    """
    driver = connection.connection.cursor()
    driver.execute("VACUUM")
    driver.close()


def vacuum_postgres(engine: Engine) -> None:
    """Frees the space of deleted rows in every table that held something on people."""
    held = (events, exposures, assignments, campaign_units, campaign_entries, dead_letters, users)
    tables = ", ".join(table.name for table in held)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"VACUUM {tables}")
