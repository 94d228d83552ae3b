"""Promises of the settings: sensible defaults, and a wrong variable named with its rule and its value."""

from pathlib import Path

import pytest

from service.settings import SettingRefused, Settings


def test_an_empty_environment_runs_a_shop_on_one_machine() -> None:
    settings = Settings.from_environment({})
    home = Path(".kembang").resolve()
    assert (settings.home, settings.models) == (home, home / "models")
    assert settings.database_url == f"sqlite:///{home}/kembang.sqlite3"
    assert (settings.currency, settings.timezone, settings.margin_rate) == ("GBP", "UTC", 1.0)
    assert (settings.cors_origins, settings.queue_capacity, settings.refresh_seconds) == (("*",), 10_000, 1.0)
    assert (settings.exposures_kept_days, settings.dead_letters_kept_days) == (None, 90)


def test_an_empty_variable_is_one_left_out() -> None:
    """Compose files pass what is not set as an empty text."""
    names = ("HOME", "DATABASE_URL", "CURRENCY", "TIMEZONE", "MARGIN_RATE", "QUEUE_CAPACITY", "EXPOSURES_KEPT_DAYS")
    assert Settings.from_environment({f"KEMBANG_{name}": "" for name in names}) == Settings.from_environment({})


def test_every_variable_is_heard() -> None:
    settings = Settings.from_environment(
        {
            "KEMBANG_HOME": "/srv/shop",
            "KEMBANG_CURRENCY": " idr ",
            "KEMBANG_TIMEZONE": "Asia/Jakarta",
            "KEMBANG_MARGIN_RATE": "0.35",
            "KEMBANG_CORS_ORIGINS": "https://shop.example, https://app.shop.example,",
            "KEMBANG_QUEUE_CAPACITY": "50",
            "KEMBANG_EXPOSURES_KEPT_DAYS": "400",
            "KEMBANG_DEAD_LETTERS_KEPT_DAYS": "30",
            "KEMBANG_REFRESH_SECONDS": "0.5",
            "KEMBANG_SECRET": "x" * 32,
        }
    )
    assert settings == Settings(
        home=Path("/srv/shop"),
        database_url="sqlite:////srv/shop/kembang.sqlite3",
        currency="IDR",
        timezone="Asia/Jakarta",
        margin_rate=0.35,
        cors_origins=("https://shop.example", "https://app.shop.example"),
        queue_capacity=50,
        exposures_kept_days=400,
        dead_letters_kept_days=30,
        refresh_seconds=0.5,
        secret="x" * 32,
    )


def test_no_origin_lets_no_browser_in() -> None:
    assert Settings.from_environment({"KEMBANG_CORS_ORIGINS": ""}).cors_origins == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("postgresql://shop@db/kembang", "postgresql+psycopg://shop@db/kembang"),
        ("postgres://shop@db/kembang", "postgresql+psycopg://shop@db/kembang"),
        (
            "postgresql+psycopg2://shop@db:5433/kembang?sslmode=require",
            "postgresql+psycopg://shop@db:5433/kembang?sslmode=require",
        ),
        ("sqlite:////srv/log.sqlite3", "sqlite:////srv/log.sqlite3"),
        ("sqlite+pysqlite:///log.sqlite3", "sqlite:///log.sqlite3"),
    ],
)
def test_any_spelling_of_a_database_is_opened_with_the_driver_we_ship(said: str, meant: str) -> None:
    assert Settings.from_environment({"KEMBANG_DATABASE_URL": said}).database_url == meant


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("KEMBANG_DATABASE_URL", "mysql://root@db/shop", "must start with sqlite:/// or postgresql://"),
        ("KEMBANG_DATABASE_URL", "postgresql://", "must be like postgresql://user@host:5432/database"),
        ("KEMBANG_DATABASE_URL", "postgresql://bad host:port/x", "must be like postgresql://user@host:5432/database"),
        ("KEMBANG_DATABASE_URL", "shop.sqlite3", "must start with sqlite:/// or postgresql://"),
        ("KEMBANG_DATABASE_URL", "sqlite://", "must name a file"),
        ("KEMBANG_DATABASE_URL", "sqlite:///:memory:", "must name a file"),
        ("KEMBANG_CURRENCY", "RP", "must be an ISO 4217 code of three letters, got 'RP'"),
        ("KEMBANG_CURRENCY", "12£", "must be an ISO 4217 code of three letters"),
        ("KEMBANG_TIMEZONE", "Jakarta", "must be an IANA zone such as Asia/Jakarta, got 'Jakarta'"),
        ("KEMBANG_TIMEZONE", "Europe", "must be an IANA zone"),
        ("KEMBANG_TIMEZONE", "../etc/passwd", "must be an IANA zone"),
        ("KEMBANG_MARGIN_RATE", "0", "must be a number from 0.001 to 1, got '0'"),
        ("KEMBANG_MARGIN_RATE", "nan", "must be a number from 0.001 to 1, got 'nan'"),
        ("KEMBANG_MARGIN_RATE", "a third", "must be a number from 0.001 to 1, got 'a third'"),
        ("KEMBANG_QUEUE_CAPACITY", "0", "must be a number from 1 to 1e+07, got '0'"),
        ("KEMBANG_QUEUE_CAPACITY", "2.5", "must be a whole number, got '2.5'"),
        ("KEMBANG_EXPOSURES_KEPT_DAYS", "0", "must be a number from 1 to 36500, got '0'"),
        ("KEMBANG_DEAD_LETTERS_KEPT_DAYS", "1.5", "must be a whole number"),
        ("KEMBANG_SECRET", "x" * 31, "must have at least 32 characters, got 31"),
        ("KEMBANG_CORS_ORIGINS", "shop.example", "must be * or origins as browsers send them"),
        ("KEMBANG_CORS_ORIGINS", "https://shop.example/", "got 'https://shop.example/'"),
        ("KEMBANG_CORS_ORIGINS", "https://shop.example/basket", "got 'https://shop.example/basket'"),
        ("KEMBANG_CORS_ORIGINS", "https://shop.example:443", "without a path, a final slash or a scheme's own port"),
        ("KEMBANG_CORS_ORIGINS", "https://*.shop.example", "got 'https://*.shop.example'"),
        ("KEMBANG_CORS_ORIGINS", "https://a.example https://b.example", "got 'https://a.example https://b.example'"),
        ("KEMBANG_CORS_ORIGINS", "https://", "got 'https://'"),
        ("KEMBANG_CORS_ORIGINS", "null", "got 'null'"),
        ("KEMBANG_CURENCY", "IDR", "is no variable of kembang: did you mean KEMBANG_CURRENCY?"),
        ("KEMBANG_TIME_ZONE", "Asia/Jakarta", "did you mean KEMBANG_TIMEZONE?"),
        ("KEMBANG_CORS_ORIGIN", "*", "did you mean KEMBANG_CORS_ORIGINS?"),
        ("KEMBANG_COLOUR", "", "is no variable of kembang: known are KEMBANG_CORS_ORIGINS, KEMBANG_CURRENCY,"),
        ("KEMBANG_REFRESH_SECONDS", "0", "must be a number from 0.05 to 3600, got '0'"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named_with_its_rule(name: str, value: str, rule: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        Settings.from_environment({name: value})
    assert str(refused.value).startswith(name)
    assert rule in str(refused.value)


def test_what_a_cluster_sets_beside_a_service_of_our_name_is_let_be() -> None:
    link = "tcp://10.0.0.7:8000"
    beside = {
        "KEMBANG_SERVICE_HOST": "10.0.0.7",
        "KEMBANG_SERVICE_PORT": "8000",
        "KEMBANG_SERVICE_PORT_HTTP": "8000",
        "KEMBANG_PORT": link,
        "KEMBANG_PORT_8000_TCP": link,
        "KEMBANG_PORT_8000_TCP_ADDR": "10.0.0.7",
        "KEMBANG_BLUE_SERVICE_HOST": "10.0.0.8",
        "KEMBANG_TEST_POSTGRES": "postgresql://postgres@127.0.0.1:5432/test",
    }
    assert Settings.from_environment(beside) == Settings.from_environment({})


@pytest.mark.parametrize(
    "origin",
    ["https://shop.example", "http://localhost:3000", "http://[::1]:8080", "capacitor://localhost", "http://127.0.0.1"],
)
def test_an_origin_is_taken_as_browsers_send_it(origin: str) -> None:
    assert Settings.from_environment({"KEMBANG_CORS_ORIGINS": origin}).cors_origins == (origin,)
    assert Settings.from_environment({"KEMBANG_CORS_ORIGINS": origin.upper()}).cors_origins == (origin,)
