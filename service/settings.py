"""Deployment settings: the one place where the environment is read."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

VALUES = "values"
"""Name of the folder of customer values in a home."""

_SHORTEST_SECRET = 32

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_DEFAULT_PORT = re.compile(r"http://[^:]+:80|https://[^:]+:443")

# Kubernetes and Docker set these by themselves in a pod beside a service that is called kembang.
_LINKS = re.compile(r"KEMBANG_(\w+_)?(SERVICE_(HOST|PORT\w*)|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)")


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

    @property
    def values(self) -> Path:
        """Folder of the snapshots of customer values and of the pointer that names the live one."""
        return self.home / VALUES

    @property
    def known_margin_rate(self) -> float | None:
        """The margin rate where it says something: a rate of 1 is one that nobody has told."""
        return None if self.margin_rate == 1 else self.margin_rate

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Settings as the ``KEMBANG_*`` variables say, with defaults that run a shop on one machine.

        An empty variable is one left out, but for ``KEMBANG_CORS_ORIGINS``, which then lets no browser in.

        Raises:
            SettingRefused: If a variable can't be understood, or begins with ``KEMBANG_`` and is none of ours; the
                message names it, its rule and its value.
        """
        heard = _Heard(environment)
        settings = cls._heard(heard)
        _check_names(environment, known=heard.names)
        return settings

    @classmethod
    def _heard(cls, environment: Mapping[str, str]) -> "Settings":
        home = Path(environment.get("KEMBANG_HOME") or ".kembang").resolve()
        return cls(
            home=home,
            database_url=_database_url(environment, home),
            currency=_currency(environment),
            timezone=_timezone(environment),
            margin_rate=_number(environment, "KEMBANG_MARGIN_RATE", default=1.0, low=0.001, high=1.0),
            cors_origins=_cors_origins(environment),
            queue_capacity=_whole_number(environment, "KEMBANG_QUEUE_CAPACITY", default=10_000, low=1, high=10_000_000),
            secret=_secret(environment),
            exposures_kept_days=_days(environment, "KEMBANG_EXPOSURES_KEPT_DAYS"),
            dead_letters_kept_days=_days(environment, "KEMBANG_DEAD_LETTERS_KEPT_DAYS") or 90,
            refresh_seconds=_number(environment, "KEMBANG_REFRESH_SECONDS", default=1.0, low=0.05, high=3600.0),
        )


class _Heard(Mapping[str, str]):
    """The environment, with a note of every name it was asked for: those are the variables there are."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._environment[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


def _check_names(environment: Mapping[str, str], *, known: set[str]) -> None:
    """Refuses a variable that nobody would ever look at: its writer believes it to be in force.

    ``KEMBANG_TEST_…`` are the tests' own.
    """
    for name in sorted(environment):
        if not name.startswith("KEMBANG_") or name in known or name.startswith("KEMBANG_TEST_"):
            continue
        if _LINKS.fullmatch(name):
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.8)
        meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
        raise SettingRefused(f"{name} is no variable of kembang: {meant}")


def _cors_origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    said = environment.get("KEMBANG_CORS_ORIGINS", "*").split(",")
    origins = tuple(origin.strip().lower() for origin in said if origin.strip())
    for origin in origins:
        if origin != "*" and (not _ORIGIN.fullmatch(origin) or _DEFAULT_PORT.fullmatch(origin)):
            raise SettingRefused(
                "KEMBANG_CORS_ORIGINS must be * or origins as browsers send them, like https://shop.example or "
                f"http://localhost:3000, without a path, a final slash or a scheme's own port, got {origin!r}"
            )
    return origins


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
