"""Promises of the secret: made once, for its owner alone, and never taken for another."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.metrics import Metrics
from service.secret import SecretUnusable, home_secret
from service.settings import Settings
from service.wiring import open_log


def settings(home: Path, **more: str) -> Settings:
    return Settings.from_environment({"KEMBANG_HOME": str(home), **more})


def test_a_home_makes_its_secret_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = (home_secret(settings(tmp_path / "home")) for _ in range(2))
    assert first.erasure_salt == second.erasure_salt
    assert stat.S_IMODE((tmp_path / "home" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["secret"]


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starting:
        found = list(starting.map(lambda _: home_secret(settings(tmp_path / "home")).erasure_salt, range(8)))
    assert len(set(found)) == 1


def test_homes_have_secrets_of_their_own_unless_they_are_given_one(tmp_path: Path) -> None:
    own = {home_secret(settings(tmp_path / name)).erasure_salt for name in ("a", "b")}
    given = {home_secret(settings(tmp_path / name, KEMBANG_SECRET="x" * 32)).erasure_salt for name in ("c", "d")}
    assert (len(own), len(given)) == (2, 1)
    assert not (tmp_path / "c" / "secret").exists()


def test_keys_of_different_purposes_differ_and_the_fingerprint_gives_none_away(tmp_path: Path) -> None:
    secret = home_secret(settings(tmp_path, KEMBANG_SECRET="x" * 32))
    assert len(secret.erasure_salt) == 32
    assert secret.fingerprint not in secret.erasure_salt.hex()
    assert "x" * 8 not in secret.fingerprint
    assert len(secret.fingerprint) == 16


@pytest.mark.parametrize("text", ["", "short", "\n", "é" * 3])
def test_a_secret_that_was_damaged_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(text, encoding="utf-8")
    with pytest.raises(SecretUnusable, match=r"secret must hold 64 characters, got \d+: restore it"):
        home_secret(settings(tmp_path))


def test_a_log_is_not_opened_under_another_secret_for_the_forgotten_would_come_back(tmp_path: Path) -> None:
    with open_log(settings(tmp_path), Metrics()):
        pass
    with (
        pytest.raises(SecretUnusable, match="under another secret"),
        open_log(settings(tmp_path, KEMBANG_SECRET="y" * 32), Metrics()),
    ):
        pass
