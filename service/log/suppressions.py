"""Who asked to be forgotten: known again by a hash under the deployment's secret, and by nothing else."""

import hmac
from collections.abc import Collection
from hashlib import sha256

from sqlalchemy import Connection, Engine, delete, select

from service.log.names import UserKey, chunks
from service.log.tables import suppressions, users

ERASURE_SALT = "kembang_erasure_salt"
"""Name of the execution option in which every connection carries the key of the hashes."""


class StillErasing(Exception):
    """An erasure was cut off: what is left of the person has to go before she can be new."""


def subject_hash(connection: Connection, key: UserKey) -> bytes:
    """32 bytes that stand for a user or visitor: HMAC-SHA256 under the secret that the connection carries."""
    salt: bytes = connection.get_execution_options()[ERASURE_SALT]
    return hmac.digest(salt, f"{'visitor' if key.is_visitor else 'user'}:{key.external_id}".encode(), sha256)


def suppressed(connection: Connection, keys: Collection[UserKey]) -> set[UserKey]:
    """Those of the users and visitors who asked to be forgotten."""
    key_of = {subject_hash(connection, key): key for key in keys}
    found: set[UserKey] = set()
    for chunk in chunks(list(key_of)):
        query = select(suppressions.c.subject_hash).where(suppressions.c.subject_hash.in_(chunk))
        found.update(key_of[bytes(hash_)] for hash_ in connection.execute(query).scalars())
    return found


def anybody_suppressed(connection: Connection) -> bool:
    """Whether anybody at all asked to be forgotten."""
    return connection.execute(select(suppressions.c.subject_hash).limit(1)).first() is not None


def is_forgotten(reader: Engine, key: UserKey) -> bool:
    """Whether a user or visitor asked to be forgotten."""
    with reader.connect() as connection:
        return bool(suppressed(connection, [key]))


def lift_suppression(connection: Connection, key: UserKey) -> bool:
    """Takes somebody off the list of the forgotten; whether she was on it. From then on she is new.

    Visitors who had been merged into a user stay forgotten: a browser gets a new id.

    Raises:
        StillErasing: If her erasure was cut off and has not been finished.
    """
    named = (users.c.is_visitor == key.is_visitor) & (users.c.external_id == key.external_id)
    if connection.execute(select(users.c.id).where(named & users.c.is_erasing)).first() is not None:
        raise StillErasing("the erasure of this person was cut off: erase once more, then lift")
    whose = suppressions.c.subject_hash == subject_hash(connection, key)
    return connection.execute(delete(suppressions).where(whose)).rowcount > 0
