"""Deployment settings: the one place where the environment is read."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SHORTEST_SECRET = 32


class SettingRefused(ValueError):
    """An environment variable holds a value that kembang can't run with."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs from one deployment to the next. Hyper-parameters and experiments live elsewhere."""

    home: Path
    """Folder that holds all state: the SQLite file, model versions, locks (``KEMBANG_HOME``)."""
    database_url: str
    """SQLAlchemy address of the log; SQLite inside ``home`` unless ``KEMBANG_DATABASE_URL`` says otherwise."""
    currency: str
    """ISO 4217 code of amounts that come without one (``KEMBANG_CURRENCY``)."""
    timezone: str
    """IANA zone in which a day is a day for this shop (``KEMBANG_TIMEZONE``)."""
    margin_rate: float
    """Share of revenue that is margin, above 0 and at most 1, for all items alike (``KEMBANG_MARGIN_RATE``)."""
    cors_origins: tuple[str, ...]
    """Origins whose browsers may call the service (``KEMBANG_CORS_ORIGINS``, comma-separated; ``*`` for any)."""
    queue_capacity: int
    """Writes that may wait for the log before callers are told 503 (``KEMBANG_QUEUE_CAPACITY``)."""
    secret: str | None
    """Key of all keys, at least 32 characters (``KEMBANG_SECRET``); None takes the one kept in ``home``. Processes that
    share a log share it."""
    exposures_kept_days: int | None
    """Days after which exposures are removed (``KEMBANG_EXPOSURES_KEPT_DAYS``); None keeps them for ever. Those that an
    experiment may still need stay whatever their age."""
    dead_letters_kept_days: int
    """Days after which dead letters are removed (``KEMBANG_DEAD_LETTERS_KEPT_DAYS``): they hold what was sent, people
    and all, and whoever has not mended one within a quarter won't."""
    refresh_seconds: float
    """How often the live model, catalogue and experiments are looked at again (``KEMBANG_REFRESH_SECONDS``)."""

    @property
    def models(self) -> Path:
        """Folder of model versions and of the pointer that names the live one."""
        return self.home / "models"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Settings as the ``KEMBANG_*`` variables say, with defaults that run a shop on one machine.

        An empty variable is one left out, but for ``KEMBANG_CORS_ORIGINS``, which then lets no browser in.

        Raises:
            SettingRefused: If a variable can't be understood; the message names it, its rule and its value.
        """
        home = Path(environment.get("KEMBANG_HOME") or ".kembang").resolve()
        return cls(
            home=home,
            database_url=_database_url(environment, home),
            currency=_currency(environment),
            timezone=_timezone(environment),
            margin_rate=_number(environment, "KEMBANG_MARGIN_RATE", default=1.0, low=0.001, high=1.0),
            cors_origins=tuple(
                origin.strip() for origin in environment.get("KEMBANG_CORS_ORIGINS", "*").split(",") if origin.strip()
            ),
            queue_capacity=_whole_number(environment, "KEMBANG_QUEUE_CAPACITY", default=10_000, low=1, high=10_000_000),
            secret=_secret(environment),
            exposures_kept_days=_days(environment, "KEMBANG_EXPOSURES_KEPT_DAYS"),
            dead_letters_kept_days=_days(environment, "KEMBANG_DEAD_LETTERS_KEPT_DAYS") or 90,
            refresh_seconds=_number(environment, "KEMBANG_REFRESH_SECONDS", default=1.0, low=0.05, high=3600.0),
        )


def _database_url(environment: Mapping[str, str], home: Path) -> str:
    url = environment.get("KEMBANG_DATABASE_URL", "")
    if not url:
        return f"sqlite:///{quote(str(home / 'kembang.sqlite3'))}"
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
        raise SettingRefused(
            f"KEMBANG_DATABASE_URL must start with sqlite:/// or postgresql://, got {scheme!r}; "
            "leave it out to keep the log in KEMBANG_HOME"
        )
    if scheme.startswith("sqlite"):
        # Three slashes begin a path; fewer name no file, and a log in memory would be gone with its first reader.
        if not rest.startswith("/") or rest in ("/", "/:memory:"):
            raise SettingRefused(f"KEMBANG_DATABASE_URL must name a file like sqlite:///kembang.sqlite3, got {url!r}")
        return f"sqlite://{rest}"
    if not _names_a_database(url):
        raise SettingRefused(
            f"KEMBANG_DATABASE_URL must be like postgresql://user@host:5432/database, got {scheme}://…"
        )
    return f"postgresql+psycopg://{rest}"


def _names_a_database(url: str) -> bool:
    """Whether a PostgreSQL address can be read and says which database; the default one is somebody else's."""
    parts = urlsplit(url)
    try:
        _ = parts.port
    except ValueError:
        return False
    return len(parts.path) > 1


def _secret(environment: Mapping[str, str]) -> str | None:
    secret = environment.get("KEMBANG_SECRET") or None
    if secret is not None and len(secret) < _SHORTEST_SECRET:
        raise SettingRefused(f"KEMBANG_SECRET must have at least {_SHORTEST_SECRET} characters, got {len(secret)}")
    return secret


def _currency(environment: Mapping[str, str]) -> str:
    code = (environment.get("KEMBANG_CURRENCY") or "GBP").strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise SettingRefused(f"KEMBANG_CURRENCY must be an ISO 4217 code of three letters, got {code!r}")
    return code


def _timezone(environment: Mapping[str, str]) -> str:
    name = (environment.get("KEMBANG_TIMEZONE") or "UTC").strip()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, such as Europe
        raise SettingRefused(f"KEMBANG_TIMEZONE must be an IANA zone such as Asia/Jakarta, got {name!r}") from error
    return name


def _number(environment: Mapping[str, str], name: str, *, default: float, low: float, high: float) -> float:
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError as error:
        raise SettingRefused(f"{name} must be a number from {low:g} to {high:g}, got {text!r}") from error
    if not low <= value <= high:
        raise SettingRefused(f"{name} must be a number from {low:g} to {high:g}, got {text!r}")
    return value


def _whole_number(environment: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    value = _number(environment, name, default=default, low=low, high=high)
    if value % 1:
        raise SettingRefused(f"{name} must be a whole number, got {environment[name]!r}")
    return int(value)


def _days(environment: Mapping[str, str], name: str) -> int | None:
    """A number of days, or None where it is left out."""
    return _whole_number(environment, name, default=1, low=1, high=36_500) if environment.get(name) else None
