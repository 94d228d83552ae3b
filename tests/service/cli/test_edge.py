"""Promises to whoever types something wrong: one line saying what to do, the right exit status, nothing half-done."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.log.database import writer_lock

DESIGN = {
    "key": "feed-1",
    "hypothesis": "People who see what is for them come back.",
    "unit": "user",
    "arms": [{"key": "popular", "share": 0.5}, {"key": "personal", "share": 0.5}],
    "control": "popular",
    "layer": "feed",
    "primary": {"outcome": "repeat_in_window", "window_days": 28},
}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


@pytest.mark.parametrize(
    "command",
    [
        ["train"],
        ["evaluate"],
        ["experiment", "results", "feed-1"],
        ["experiment", "list"],
        ["simulate"],
    ],
)
def test_a_command_that_reads_says_what_to_do_first_in_an_empty_home_and_makes_nothing(
    run: Any, home: Path, command: list[str]
) -> None:
    said = run(*command)
    assert said.status == 1
    assert said.explains("start `kembang demo`") or said.explains("import a sales file or start the service")
    assert not home.exists()


@pytest.mark.parametrize("command", [["train"], ["evaluate"], ["train", "--json"]])
def test_a_log_without_events_is_said_to_hold_none(run: Any, home: Path, write_sales: Any, command: list[str]) -> None:
    anonymous_only = write_sales(["1,tea,Tea,1,2026-03-02,2.50,,"])
    assert run("import", anonymous_only).status == 0
    said = run(*command)
    assert said.status == 1
    assert said.explains("event")
    assert list((home / "models").glob("*")) == []


def test_an_experiment_nobody_made_is_named_with_the_way_to_list_them(run: Any, write_sales: Any) -> None:
    run("import", write_sales())
    for command in ("results", "start", "stop", "freeze", "archive"):
        said = run("experiment", command, "no-such")
        assert said.status == 1
        assert said.explains("there is no experiment 'no-such'", "`kembang experiment list`")


def test_every_broken_rule_of_a_design_is_said_at_once_and_nothing_is_kept(
    run: Any, home: Path, tmp_path: Path
) -> None:
    arms = [{"key": "a", "share": 0.5, "policy": {"sources": ["magic"]}}, {"key": "b", "share": 0.6}]
    file = tmp_path / "design.json"
    file.write_text(json.dumps({**DESIGN, "arms": arms, "control": "c"}))
    said = run("experiment", "create", file)
    assert said.status == 1
    assert said.explains("share", "control", "'c'")
    assert not home.exists()


def test_a_policy_that_names_no_source_of_ours_is_refused_with_its_arm(run: Any, home: Path, tmp_path: Path) -> None:
    arms = [{"key": "a", "share": 0.5, "policy": {"sources": ["magic"]}}, {"key": "b", "share": 0.5}]
    file = tmp_path / "design.json"
    file.write_text(json.dumps({**DESIGN, "arms": arms, "control": "a"}))
    said = run("experiment", "create", file)
    assert said.status == 1
    assert said.explains("policy of arm 'a'", "magic")
    assert not home.exists()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("design.toml", b"key = feed-1", "no valid TOML"),
        ("design.toml", b"\xff\xfe\x00k", "no valid TOML"),
        ("design.json", b"{", "no valid JSON"),
        ("design.yaml", b"key: feed-1", "no valid JSON"),
        ("design.json", b"[]", "must describe one experiment"),
    ],
)
def test_a_design_that_cannot_be_read_is_wrong_usage(
    run: Any, home: Path, tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    said = run("experiment", "create", tmp_path / name)
    assert (said.status, said.out) == (2, "")
    assert f"{tmp_path / name} " in said.err
    assert complaint in said.err
    assert not home.exists()


def test_an_experiment_made_twice_or_started_twice_is_refused(run: Any, tmp_path: Path, count_rows: Any) -> None:
    file = tmp_path / "design.json"
    file.write_text(json.dumps(DESIGN))
    assert run("experiment", "create", file, "--json").document["status"] == "draft"
    again = run("experiment", "create", file)
    assert again.status == 1
    assert again.explains("there is an experiment 'feed-1' already", "another key")
    assert run("experiment", "start", "feed-1").out == "experiment feed-1 is running\n"
    started_again = run("experiment", "start", "feed-1")
    assert started_again.status == 1
    assert started_again.explains("is running", "only one that is draft can start")
    assert (count_rows("experiments"), count_rows("experiment_changes")) == (1, 2)


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_is_said_before_anything_is_opened(run: Any, home: Path, taken_port: int, command: str) -> None:
    said = run(command, "--port", taken_port)
    assert said.status == 1
    assert said.explains(f"port {taken_port} on 127.0.0.1 can't be used", "--port")
    assert not home.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["import", "sales.csv"],
        ["experiment", "start", "feed-1"],
        ["demo", "--port", "{free}"],
        ["serve", "--port", "{free}"],
    ],
)
def test_a_home_that_another_process_writes_is_left_alone(
    run: Any, home: Path, write_sales: Any, unused_port: int, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(write_sales().parent)
    with writer_lock(f"sqlite:///{home / 'kembang.sqlite3'}"):
        said = run(*(argument.format(free=unused_port) for argument in command))
    assert said.status == 1
    assert said.explains(str(home), "is being written by another kembang process", "stop it first")
    assert not (home / "kembang.sqlite3").exists()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_simulated_customers_do_not_act_where_no_demo_runs(run: Any, write_sales: Any) -> None:
    run("import", write_sales())
    said = run("simulate")
    assert said.status == 1
    assert said.explains("no demo is running", "start `kembang demo`")


def test_the_demo_does_not_touch_a_real_shop(run: Any, write_sales: Any, count_rows: Any, unused_port: int) -> None:
    run("import", write_sales())
    said = run("demo", "--port", unused_port)
    assert said.status == 1
    assert said.explains("holds a real shop", "KEMBANG_HOME")
    assert count_rows("events") == 7
    assert count_rows("home") == 3, "what every log says of itself, and no mark of a simulation"


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_real_sales_are_not_mixed_with_simulated_ones(
    run: Any, home: Path, write_sales: Any, count_rows: Any, options: list[str]
) -> None:
    run("import", write_sales(["1,tea,Tea,1,2026-03-02,2.50,anna,"]))
    # What a demo notes of its home, in the transaction that makes its shop.
    with closing(sqlite3.connect(home / "kembang.sqlite3")) as log, log:
        log.execute('INSERT INTO home VALUES (\'simulated\', \'{"parameters": {}, "currency": "IDR"}\')')
    said = run("import", write_sales(), *options)
    assert said.status == 1
    assert said.explains("holds a simulated shop", "KEMBANG_HOME")
    assert (count_rows("events"), count_rows("imports")) == (1, 1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("KEMBANG_CURRENCY", "POUNDS", ["ISO 4217", "'POUNDS'"]),
        ("KEMBANG_TIMEZONE", "Mars/Olympus", ["Asia/Jakarta", "'Mars/Olympus'"]),
        ("KEMBANG_MARGIN_RATE", "1.5", ["0.001 to 1", "'1.5'"]),
        ("KEMBANG_DATABASE_URL", "mysql://root@db/shop", ["sqlite:///", "postgresql://", "'mysql'"]),
    ],
)
def test_an_environment_that_makes_no_sense_stops_every_command(
    run: Any, home: Path, write_sales: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(name, value)
    for command in (["import", write_sales()], ["train"], ["serve"], ["experiment", "list"]):
        said = run(*command)
        assert said.status == 1
        assert said.explains(name, *words)
    assert not home.exists()


def test_a_database_that_does_not_answer_is_one_line_without_the_drivers_links(
    run: Any, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("KEMBANG_DATABASE_URL", f"postgresql://shop:hush@127.0.0.1:{unused_port}/shop")
    said = run("train")
    assert said.status == 1
    assert said.explains("the log can't be used", "KEMBANG_DATABASE_URL", f"port {unused_port}")
    assert "hush" not in said.err
    assert "http" not in said.err


def test_a_file_that_is_no_log_is_one_line_without_its_statements(run: Any, home: Path) -> None:
    home.mkdir()
    (home / "kembang.sqlite3").write_bytes(b"shopping list: tea, milk and a great deal of sugar " * 20)
    said = run("train")
    assert said.status == 1
    assert said.explains("the log can't be used", "file is not a database")


def test_a_home_that_cannot_be_made_is_said(run: Any, home: Path, write_sales: Any) -> None:
    home.write_text("a file where the folder should be")
    said = run("import", write_sales())
    assert said.status == 1
    assert said.explains(str(home))


def test_a_model_version_nobody_trained_cannot_be_promoted(run: Any, home: Path) -> None:
    said = run("models", "promote", "20991231T000000Z-abc")
    assert said.status == 1
    assert said.explains("there is no model version '20991231T000000Z-abc'", "`kembang models list`")
    assert run("models", "list", "--json").document == {"live": None, "versions": []}
    assert not home.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["nonsense"],
        ["import"],
        ["import", "sales.csv", "--map", "item"],
        ["import", "sales.csv", "--map", "=SKU"],
        ["serve", "--port", "70000"],
        ["simulate", "--weeks", "1"],
        ["simulate", "--lift", "2"],
        ["train", "--seed", "-1"],
        ["evaluate", "--split-at", "last Tuesday"],
        ["experiment", "results"],
        ["experiment", "create", "no-such-file.toml"],
    ],
)
def test_wrong_usage_is_status_2_and_shows_the_usage(run: Any, home: Path, arguments: list[str]) -> None:
    said = run(*arguments)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("Usage: kembang")
    assert "Traceback" not in said.err
    assert not home.exists()


def test_help_is_success_and_names_every_command(run: Any) -> None:
    said = run("--help")
    assert said.status == 0
    for command in ("demo", "serve", "simulate", "import", "train", "models", "evaluate", "experiment"):
        assert f"\n  {command}" in said.out
