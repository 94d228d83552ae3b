"""Promises of ``kembang experiment`` straight on the log: the life of an experiment, and the reading of it."""

import json
from pathlib import Path
from typing import Any

import pytest

DESIGN = """
key = "feed-1"
hypothesis = "People who see what is for them come back."
unit = "user"
control = "popular"
layer = "feed"

[[arms]]
key = "popular"
share = 0.5
policy = { sources = ["popularity"] }

[[arms]]
key = "personal"
share = 0.5

[primary]
outcome = "repeat_in_window"
window_days = 28
"""


@pytest.fixture
def design_file(tmp_path: Path) -> Path:
    file = tmp_path / "feed-1.toml"
    file.write_text(DESIGN)
    return file


def test_an_experiment_lives_from_draft_to_archive(run: Any, design_file: Path) -> None:
    made = run("experiment", "create", design_file, "--json")
    assert (made.status, made.err) == (0, "")
    assert (made.document["key"], made.document["status"]) == ("feed-1", "draft")
    assert made.document["definition"]["salt"] != ""
    for step, status in (("start", "running"), ("freeze", "frozen"), ("stop", "finished"), ("archive", "archived")):
        assert run("experiment", step, "feed-1", "--json").document["status"] == status
        assert run("experiment", "list").out.split() == ["feed-1", status]
    (listed,) = run("experiment", "list", "--json").document["experiments"]
    assert listed["started_at"] < listed["stopped_at"]


def test_a_step_out_of_order_is_refused_and_changes_nothing(run: Any, design_file: Path) -> None:
    run("experiment", "create", design_file)
    for step in ("freeze", "stop"):
        said = run("experiment", step, "feed-1")
        assert said.status == 1
        assert said.explains("experiment 'feed-1' is draft", f"can {step}")
    assert run("experiment", "list").out.split() == ["feed-1", "draft"]


def test_two_experiments_do_not_share_a_layer(run: Any, design_file: Path) -> None:
    run("experiment", "create", design_file)
    run("experiment", "start", "feed-1")
    design_file.write_text(DESIGN.replace("feed-1", "feed-2"))
    run("experiment", "create", design_file)
    said = run("experiment", "start", "feed-2")
    assert said.status == 1
    assert said.explains("'feed-1' is running on layer 'feed'", "stop it, or give 'feed-2' another layer")


def test_the_same_design_in_json_is_the_same_experiment(run: Any, design_file: Path) -> None:
    run("experiment", "create", design_file)
    (from_toml,) = run("experiment", "list", "--json").document["experiments"]
    definition = from_toml["definition"]
    other = design_file.with_suffix(".json")
    other.write_text(json.dumps({**definition, "key": "feed-2"}))
    assert run("experiment", "create", other, "--json").document["definition"] == {**definition, "key": "feed-2"}


def test_results_before_anybody_was_exposed_withhold_a_verdict(run: Any, design_file: Path, write_sales: Any) -> None:
    run("import", write_sales())
    run("experiment", "create", design_file)
    run("experiment", "start", "feed-1")
    said = run("experiment", "results", "feed-1", "--json")
    results = said.document
    assert (said.status, said.err) == (0, "")
    assert set(results["arms"]) == {"popular", "personal"}
    assert {arm[count] for arm in results["arms"].values() for count in ("exposed", "mature")} == {0}
    assert results["verdict"]["kind"] == "too_early"
    text = run("experiment", "results", "feed-1").out
    assert "0 exposed, 0 mature" in text
    assert f"verdict: {results['verdict']['text']}" in text
