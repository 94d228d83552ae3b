"""The instrument, checked against a truth it does not know: simulated weeks over HTTP on a real server."""

import json

import pytest
from processes import kembang

WIDE = 2.5
"""Half-widths of the 95 % interval between reading and truth that would mean a broken instrument.

That is 4.9 standard errors: a sound one strays so far about once in a million plays, so the test does not fail by
chance, as one that asked each 95 % interval to cover would every few runs.
"""


@pytest.mark.parametrize("lift", [0.0, 0.3])
def test_what_the_experiment_reads_agrees_with_the_truth(running_service, lift: float) -> None:  # type: ignore[no-untyped-def]
    played = kembang(
        *("simulate", "--weeks", "2", "--customers", "80", "--lift", str(lift), "--json"), home=running_service.home
    )
    assert played.returncode == 0, played.stderr
    reading = json.loads(played.stdout)
    assert reading["errors"] == 0
    assert sum(arm["mature"] for arm in reading["reading"]["arms"].values()) == 80
    assert reading["reading"]["balance"]["ok"]
    for outcome, truth in reading["truth"].items():
        said = reading["reading"]["outcomes"][outcome]["personal"]
        low, high = said["interval"]
        assert abs(said["difference"] - truth["difference"]) <= WIDE * (high - low) / 2, outcome
        if lift == 0:
            assert truth["difference"] == 0, "without a lift both arms buy the same, to the last order"
        else:
            assert truth["difference"] > 0, "the personal feed is the more relevant one"
