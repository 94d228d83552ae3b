"""Who asked to be forgotten: known again by a hash under the deployment's secret, and by nothing else."""

import hmac
from collections.abc import Collection
from hashlib import sha256

from sqlalchemy import Connection, select

from service.log.names import UserKey, chunks
from service.log.tables import suppressions

ERASURE_SALT = "kembang_erasure_salt"
"""Name of the execution option in which every connection carries the key of the hashes."""


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
