"""Promises of assignment: the same unit, the same experiment, the same arm, whatever happens in between."""

from typing import Any

import pytest

from experiments.assignment import assign
from service.jobs.experimenting import checked_design, created
from service.live.experiments import LiveExperiments, PreviewRefused
from service.log.append import NewExposure, append_exposure
from service.log.database import Database
from service.log.experiments import change_experiment
from service.log.history import user_history
from service.log.names import UserKey
from service.log.writer import Writer

USERS = [UserKey(False, f"u{number}") for number in range(200)]


def run_experiment(writer: Writer, key: str = "x", *steps: str, layer: str = "feed", **said: Any) -> None:
    design = {
        "key": key,
        "hypothesis": "It helps.",
        "unit": "user",
        "control": "a",
        "layer": layer,
        "arms": [{"key": "a", "share": 0.5}, {"key": "b", "share": 0.5}],
        "primary": {"outcome": "repeat_in_window", "window_days": 7},
        **said,
    }
    writer.run(lambda c: created(c, checked_design(design), who="test", now=1))
    take(writer, key, *steps)


def take(writer: Writer, key: str, *steps: str) -> None:
    for step in steps:
        writer.run(lambda c, step=step: change_experiment(c, key=key, action=step, who="test", now=2))


def arms(live: LiveExperiments, users: list[UserKey]) -> list[str | None]:
    live.refresh()
    found = [live.arms(user, {}, preview=None) for user in users]
    return [assigned[0].arm.key if assigned else None for assigned in found]


def test_only_a_running_experiment_meets_users(database: Database, writer: Writer) -> None:
    live = LiveExperiments(database.reader)
    run_experiment(writer)
    assert set(arms(live, USERS)) == {None}
    for step, met in (("start", {"a", "b"}), ("freeze", {None}), ("stop", {None})):
        take(writer, "x", step)
        assert set(arms(live, USERS)) == met


def test_every_replica_gives_a_user_the_same_arm(database: Database, writer: Writer) -> None:
    run_experiment(writer, "x", "start")
    one, other = LiveExperiments(database.reader), LiveExperiments(database.reader)
    served = arms(one, USERS)
    assert served == arms(other, USERS)
    design = one.current[0].design
    by_the_book = [assign(design.salt, design.layer, design.shares, user.external_id) for user in USERS]
    assert served == [("a", "b")[place] for place in by_the_book]


def test_an_arm_made_lasting_by_an_exposure_outlives_a_freeze_and_a_restart(database: Database, writer: Writer) -> None:
    run_experiment(writer, "x", "start")
    live = LiveExperiments(database.reader)
    live.refresh()
    anna = UserKey(False, "anna")
    (assigned,) = live.arms(anna, {}, preview=None)
    other = next(arm.key for arm in live.current[0].design.arms if arm.key != assigned.arm.key)
    # The log is what counts, not the hash: say that an earlier version put her into the other arm.
    exposure = NewExposure(
        feed_id="f",
        first_feed_id="f",
        user=anna,
        at=5,
        surface="feed",
        items=[],
        model_version=None,
        fallback=None,
        arms={"x": other},
        assigned={assigned.experiment_id: other},
        is_preview=False,
    )
    writer.run(lambda c: append_exposure(c, exposure))
    take(writer, "x", "freeze")
    after_a_restart = LiveExperiments(database.reader)
    after_a_restart.refresh()
    known = user_history(database.reader, anna)
    assert known is not None
    (still,) = after_a_restart.arms(anna, known.arms, preview=None)
    assert (still.arm.key, still.counts) == (other, True)
    assert after_a_restart.arms(UserKey(False, "new"), {}, preview=None) == []


def test_experiments_on_two_layers_meet_the_same_user_independently(database: Database, writer: Writer) -> None:
    """Of 200 users about 50 fall in each of the four pairs of arms; 20 is five standard deviations (6.1) below."""
    run_experiment(writer, "x", "start")
    run_experiment(writer, "y", "start", layer="other")
    live = LiveExperiments(database.reader)
    live.refresh()
    pairs = [tuple(one.arm.key for one in live.arms(user, {}, preview=None)) for user in USERS]
    assert min(pairs.count(pair) for pair in (("a", "a"), ("a", "b"), ("b", "a"), ("b", "b"))) > 20


def test_users_and_visitors_are_met_by_experiments_of_their_own(database: Database, writer: Writer) -> None:
    run_experiment(writer, "on-users", "start")
    run_experiment(writer, "on-visitors", "start", layer="other", unit="visitor")
    live = LiveExperiments(database.reader)
    live.refresh()
    for is_visitor, key in ((False, "on-users"), (True, "on-visitors")):
        found = live.arms(UserKey(is_visitor, "anna"), {}, preview=None)
        assert [assigned.experiment for assigned in found] == [key]


def test_a_preview_shows_one_arm_in_place_of_all_experiments_and_counts_in_none(
    database: Database, writer: Writer
) -> None:
    run_experiment(writer, "x", "start")
    run_experiment(writer, "y", "start", layer="other")
    live = LiveExperiments(database.reader)
    live.refresh()
    (previewed,) = live.arms(USERS[0], {}, preview="x:b")
    assert (previewed.experiment, previewed.arm.key, previewed.counts) == ("x", "b", False)


@pytest.mark.parametrize("preview", ["", "x", "x:", "x:c", "z:a", "x:a:b"])
def test_a_preview_of_nothing_is_refused(database: Database, writer: Writer, preview: str) -> None:
    run_experiment(writer, "x", "start")
    live = LiveExperiments(database.reader)
    live.refresh()
    with pytest.raises(PreviewRefused, match="EXPERIMENT:ARM of a running experiment"):
        live.arms(USERS[0], {}, preview=preview)
