"""A short run of the load test against a real server, and against one that isn't there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
READER = {"reader: feed", "reader: impressions", "reader: watch and like", "reader: next page"}
BUYER = {
    "buyer: feed",
    "buyer: view",
    "buyer: related",
    "buyer: add to cart",
    "buyer: purchase",
    "buyer: feed after purchase",
}


def run_locust(host, *options, seconds):
    """The finished process and the statistics it printed, by name of request."""
    run = ["--headless", "--users", "8", "--spawn-rate", "8", "--run-time", f"{seconds}s", "--stop-timeout", "5"]
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", host, *run, "--json", *options]
    process = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    stats = {entry["name"]: entry for entry in json.loads(process.stdout or "[]")}
    return process, stats


def test_readers_and_buyers_go_through_their_journeys_without_a_failure(running_service, tmp_path):
    users = tmp_path / "users.txt"
    users.write_text("\n".join(running_service.user_ids))
    options = ("--users-file", str(users), "--think-seconds", "0.1")
    process, stats = run_locust(running_service.base_url, *options, seconds=8)
    assert process.returncode == 0, process.stderr[-2000:]
    assert {name: entry["num_failures"] for name, entry in stats.items() if entry["num_failures"]} == {}
    assert stats.keys() == READER | BUYER


def test_users_the_shop_never_met_are_served_too(running_service):
    options = ("--user-prefix", "stranger", "--user-count", "5", "--think-seconds", "0.1")
    process, stats = run_locust(running_service.base_url, *options, seconds=2)
    assert process.returncode == 0, process.stderr[-2000:]
    assert stats["reader: feed"]["num_requests"] > 0


def test_a_run_against_nobody_fails():
    process, stats = run_locust("http://127.0.0.1:9", "--think-seconds", "0.2", seconds=2)
    assert process.returncode == 1
    assert stats["reader: feed"]["num_failures"] == stats["reader: feed"]["num_requests"] > 0


def test_a_run_that_misses_its_target_rate_fails_without_any_failed_request(running_service):
    process, stats = run_locust(running_service.base_url, "--target-rate", "100000", seconds=2)
    assert process.returncode == 1
    assert sum(entry["num_failures"] for entry in stats.values()) == 0


def test_a_file_that_names_nobody_is_refused(tmp_path):
    users = tmp_path / "users.txt"
    users.write_text("\n  \n")
    process, _ = run_locust("http://127.0.0.1:9", "--users-file", str(users), seconds=1)
    assert process.returncode != 0
    assert "users-file must name at least one user" in process.stderr


@pytest.mark.parametrize("option", ["--think-seconds", "--target-rate", "--user-count"])
def test_options_that_make_no_load_are_wrong_usage(option):
    process, _ = run_locust("http://127.0.0.1:9", option, "0", seconds=1)
    assert process.returncode == 2
    assert option in process.stderr
