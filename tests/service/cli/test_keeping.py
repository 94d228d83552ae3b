"""Promises of ``kembang database``: copies, schema and rows past their time, on a home with or without a service."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import served

from service.log.database import writer_lock
from service.log.schema import Schema

DAY = 86_400_000_000


def rows(file: Path, table: str = "events") -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as log:
        return int(log.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_backup_is_counted_and_says_that_the_secret_is_not_in_it(
    run: Any, write_sales: Any, home: Path, tmp_path: Path
) -> None:
    run("import", write_sales())
    secret = (home / "secret").read_text()
    said = run("database", "backup", tmp_path / "copy", "--json")
    assert said.status == 0
    assert said.document["rows"]["events"] == rows(home / "kembang.sqlite3") == rows(tmp_path / "copy")
    assert said.document["bytes"] == (tmp_path / "copy").stat().st_size
    assert (said.document["schema"], said.document["secret_included"]) == (Schema().head, False)
    assert secret.encode() not in (tmp_path / "copy").read_bytes()
    assert f"keep a copy of {home / 'secret'} elsewhere" in run("database", "backup", tmp_path / "other").out


def test_a_backup_made_in_one_home_is_restored_in_another_that_has_the_secret(
    run: Any, write_sales: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("import", write_sales())
    stored = rows(home / "kembang.sqlite3")
    run("database", "backup", tmp_path / "copy")
    other = tmp_path / "other"
    monkeypatch.setenv("KEMBANG_HOME", str(other))
    said = run("database", "restore", tmp_path / "copy")
    assert said.status == 1
    assert said.explains("there is no secret here", f"{other / 'secret'}")
    assert not other.exists(), "a home that can't be restored to is not begun"
    other.mkdir()
    (other / "secret").write_text((home / "secret").read_text())
    said = run("database", "restore", tmp_path / "copy", "--json")
    assert said.document == {
        "events": stored,
        "exposures": 0,
        "schema": Schema().head,
        "erased_again": 0,
        "moved_aside": None,
    }
    assert rows(other / "kembang.sqlite3") == stored


def test_a_restore_says_where_the_log_of_before_is_and_what_to_do_next(
    run: Any, write_sales: Any, home: Path, tmp_path: Path
) -> None:
    run("import", write_sales())
    run("database", "backup", tmp_path / "copy")
    said = run("database", "restore", tmp_path / "copy")
    assert said.status == 0
    (aside,) = home.glob("kembang.sqlite3.before_restore_*")
    assert str(aside) in said.out
    assert "delete it once you trust the restored one" in said.out
    assert "kembang train" in said.out


def test_a_log_that_is_written_is_not_restored_nor_upgraded(
    run: Any, write_sales: Any, home: Path, tmp_path: Path
) -> None:
    run("import", write_sales())
    run("database", "backup", tmp_path / "copy")
    with writer_lock(f"sqlite:///{home / 'kembang.sqlite3'}", served_at="http://127.0.0.1:9"):
        assert run("database", "restore", tmp_path / "copy").explains("http://127.0.0.1:9", "stop it first")
        assert "which is what this version needs" in run("database", "upgrade").out
        with closing(sqlite3.connect(home / "kembang.sqlite3")) as log:
            log.execute("UPDATE alembic_version SET version_num = '0001'")
            log.commit()
        assert run("database", "upgrade").explains("http://127.0.0.1:9", "stop it first")


def test_what_is_refused_is_said_in_one_line(run: Any, write_sales: Any, tmp_path: Path) -> None:
    file = write_sales()
    assert run("database", "backup", tmp_path / "copy").explains("no log", "import a sales file")
    assert run("database", "upgrade").explains("no log")
    assert run("database", "prune").explains("no log")
    run("import", file)
    assert run("database", "backup", file).explains("is there already")
    assert run("database", "restore", file).explains("is no backup of this log")
    assert run("database", "restore", tmp_path / "none").explains("none")


def test_an_upgrade_says_from_where_to_where(run: Any, write_sales: Any) -> None:
    run("import", write_sales())
    head = Schema().head
    assert run("database", "upgrade", "--json").document == {"from": head, "to": head, "keeps_serving": True}


def test_pruning_a_home_without_a_service_removes_what_a_dry_run_names(run: Any, write_sales: Any, home: Path) -> None:
    run("import", write_sales())
    with closing(sqlite3.connect(home / "kembang.sqlite3")) as log:
        log.execute("UPDATE dead_letters SET received_at = received_at - ?", (91 * DAY,))
        log.commit()
    letters = rows(home / "kembang.sqlite3", "dead_letters")
    assert letters > 0
    counted = {"exposures": 0, "dead_letters": letters}
    said = run("database", "prune", "--dry-run", "--json").document
    assert said == {"dry_run": True, "by_service": None, "rows": counted}
    assert rows(home / "kembang.sqlite3", "dead_letters") == letters
    assert run("database", "prune", "--json").document == {"dry_run": False, "by_service": None, "rows": counted}
    assert rows(home / "kembang.sqlite3", "dead_letters") == 0
    assert "removed 0 exposures, 0 dead letters" in run("database", "prune").out


def test_a_running_service_is_backed_up_prunes_by_itself_and_is_restored_once_stopped(
    run: Any, home: Path, tmp_path: Path
) -> None:
    """The whole way: what was answered 202 before the backup is in it, what came later is not."""
    copy = tmp_path / "copy"
    with served("serve", home=home) as service:

        def send(*ids: str) -> None:
            events = [
                {"id": id_, "kind": "view", "user_id": "anna", "item_id": "tea", "at": "2026-01-01T00:00:00Z"}
                for id_ in ids
            ]
            answer = httpx.post(f"{service.base_url}/v1/events", json={"events": events})
            assert {result["result"] for result in answer.json()["results"]} == {"accepted"}

        send("a", "b")
        assert run("database", "backup", copy, "--json").document["rows"]["events"] == 2
        send("c")
        assert (
            f"the service at {service.base_url} removes what is past its time by itself" in run("database", "prune").out
        )
        assert "kembang_log_pruned_timestamp_seconds" in httpx.get(f"{service.base_url}/metrics").text
        assert run("database", "restore", copy).explains(service.base_url, "stop it first")
        assert service.stop() == 0
    assert run("database", "restore", copy).status == 0
    assert rows(home / "kembang.sqlite3") == 2
