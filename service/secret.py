"""The one secret of a deployment, and the keys that are derived from it, one per purpose."""

import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from service.settings import Settings

_SECRET_BYTES = 32


class SecretUnusable(Exception):
    """The secret is missing where it was once made, or is not the one this log was written under."""


class Secret:
    """Derives keys; never shows itself."""

    def __init__(self, value: bytes) -> None:
        self._value = value

    @property
    def erasure_salt(self) -> bytes:
        """32 bytes under which the ids of erased people are hashed."""
        return self._derived(b"erasure")

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell one secret from another, and from which none can be found."""
        return self._derived(b"fingerprint").hex()[:16]

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.digest(self._value, purpose, sha256)


def home_secret(settings: Settings) -> Secret:
    """The secret of ``KEMBANG_SECRET``, or of the file ``secret`` in the home, made there once, for its owner alone.

    Raises:
        SecretUnusable: If the file is there and holds no secret.
    """
    if settings.secret is not None:
        return Secret(settings.secret.encode())
    path = _file_of(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    value = path.read_text(encoding="ascii", errors="replace").strip()
    if len(value) < 2 * _SECRET_BYTES:
        raise SecretUnusable(f"{path} must hold {2 * _SECRET_BYTES} characters, got {len(value)}: restore it")
    return Secret(value.encode())


def has_secret(settings: Settings) -> bool:
    """Whether there is a secret already, so that ``home_secret`` would not make one."""
    return settings.secret is not None or _file_of(settings).exists()


def _file_of(settings: Settings) -> Path:
    return settings.home / "secret"


def _make(path: Path) -> None:
    """Makes the file whole or not at all; of several processes that start at once, the first one's stays."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # made for its owner alone
        file.write(secrets.token_hex(_SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or a power cut could take away the key of a log that is itself on disk
    finally:
        os.close(folder)
