"""Promises of experiments in the log: one life, one direction, every step on record."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from service.log.database import Database, LogFailure, open_for_writing
from service.log.experiments import (
    ActionRefused,
    ExperimentExists,
    ExperimentUnknown,
    LayerTaken,
    StoredExperiment,
    all_experiments,
    change_experiment,
    create_experiment,
    experiment,
    experiment_history,
)
from service.log.writer import Writer

DEFINITION = {"key": "feed-1", "arms": [{"key": "a", "share": 0.5}, {"key": "b", "share": 0.5}]}
STEPS = ("start", "freeze", "stop", "archive")

# The life of an experiment, written out: where each step may begin, and what it leads to.
LIFE = {
    ("draft", "start"): "running",
    ("draft", "archive"): "archived",
    ("running", "freeze"): "frozen",
    ("running", "stop"): "finished",
    ("frozen", "stop"): "finished",
    ("finished", "archive"): "archived",
}
PATHS = {
    "draft": (),
    "running": ("start",),
    "frozen": ("start", "freeze"),
    "finished": ("start", "stop"),
    "archived": ("archive",),
}


def create(writer: Writer, key: str = "feed-1") -> StoredExperiment:
    return writer.run(lambda c: create_experiment(c, key=key, definition=DEFINITION, salt="s", who="anna", now=10))


def take(writer: Writer, *steps: str, key: str = "feed-1") -> None:
    for now, step in enumerate(steps, start=11):
        writer.run(lambda c, now=now, step=step: change_experiment(c, key=key, action=step, who="ben", now=now))


def found(database: Database, key: str = "feed-1") -> StoredExperiment:
    with database.reader.connect() as connection:
        return experiment(connection, key)


def test_an_experiment_comes_back_as_it_was_made(database: Database, writer: Writer) -> None:
    made = create(writer)
    assert found(database) == made
    assert (made.status, made.salt, made.definition) == ("draft", "s", DEFINITION)
    assert (made.created_at, made.started_at, made.stopped_at) == (10, None, None)


@pytest.mark.parametrize(("status", "step"), [*itertools.product(PATHS, STEPS)])
def test_each_step_is_taken_from_where_it_may_begin_and_from_nowhere_else(
    database: Database, writer: Writer, status: str, step: str
) -> None:
    create(writer)
    take(writer, *PATHS[status])
    if (status, step) in LIFE:
        take(writer, step)
        assert found(database).status == LIFE[status, step]
    else:
        with pytest.raises(ActionRefused, match=f"'feed-1' is {status}: only one that is .* can {step}"):
            take(writer, step)
        assert found(database).status == status


def test_every_step_is_on_record_with_who_when_before_and_after(database: Database, writer: Writer) -> None:
    made = create(writer)
    take(writer, "start", "stop")
    with database.reader.connect() as connection:
        history = experiment_history(connection, made.id)
    assert [(change["at"], change["who"], change["action"]) for change in history] == [
        (10, "anna", "create"),
        (11, "ben", "start"),
        (12, "ben", "stop"),
    ]
    assert history[0]["before"] is None
    for earlier, later in itertools.pairwise(history):
        assert later["before"] == earlier["after"]
    assert history[-1]["after"] == {"status": "finished", "definition": DEFINITION}
    assert (found(database).started_at, found(database).stopped_at) == (11, 12)


def test_a_refused_step_leaves_no_record(database: Database, writer: Writer) -> None:
    made = create(writer)
    with pytest.raises(ActionRefused):
        take(writer, "stop")
    with database.reader.connect() as connection:
        assert len(experiment_history(connection, made.id)) == 1


def test_a_key_belongs_to_one_experiment(database: Database, writer: Writer) -> None:
    create(writer)
    with pytest.raises(ExperimentExists, match="'feed-1' already: choose another key"):
        create(writer)
    create(writer, "feed-2")
    with database.reader.connect() as connection:
        assert [entry.key for entry in all_experiments(connection)] == ["feed-1", "feed-2"]


def test_an_unknown_key_is_said_with_the_way_to_list_the_known(database: Database, writer: Writer) -> None:
    with pytest.raises(ExperimentUnknown, match=r"no experiment 'feed-9'.*kembang experiment list"):
        found(database, "feed-9")
    with pytest.raises(ExperimentUnknown):
        take(writer, "start", key="feed-9")


def create_on_layer(writer: Writer, key: str, layer: str) -> None:
    on_layer = {**DEFINITION, "layer": layer}
    writer.run(lambda c: create_experiment(c, key=key, definition=on_layer, salt="s", who="anna", now=10))


@pytest.mark.parametrize("living", [("start",), ("start", "freeze")])
def test_one_experiment_at_a_time_lives_on_a_layer(database: Database, writer: Writer, living: tuple[str, ...]) -> None:
    for key, layer in (("one", "page"), ("two", "page"), ("three", "basket")):
        create_on_layer(writer, key, layer)
    take(writer, *living, key="one")
    with pytest.raises(LayerTaken, match=r"'one' is (running|frozen) on layer 'page': stop it, or give 'two' another"):
        take(writer, "start", key="two")
    assert found(database, "two").status == "draft"
    take(writer, "start", key="three")
    take(writer, "stop", key="one")
    take(writer, "start", key="two")
    assert found(database, "two").status == "running"


@contextmanager
def impatient(connection: Connection) -> Iterator[None]:
    """A transaction that fails rather than wait, and is rolled back."""
    with connection.begin() as transaction:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
        yield
        transaction.rollback()


def step(connection: Connection, key: str, action: str) -> StoredExperiment:
    return change_experiment(connection, key=key, action=action, who="ben", now=20)


def make(connection: Connection, key: str) -> StoredExperiment:
    return create_experiment(connection, key=key, definition=DEFINITION, salt="s", who="ben", now=20)


@pytest.fixture
def replicas(postgres_url: str) -> Iterator[tuple[Connection, Connection]]:
    """The writing connections of two replicas on one log."""
    database = open_for_writing(postgres_url, erasure_salt=b"of the tests")
    assert database.writing is not None
    with database.writing.connect() as one, database.writing.connect() as two:
        yield one, two
    database.close()


def test_two_replicas_cannot_start_two_experiments_on_one_layer(replicas: tuple[Connection, Connection]) -> None:
    """The second start waits for the first one's commit, longer than it is allowed to here, and then sees it."""
    one, two = replicas
    with one.begin():
        for key in ("one", "two"):
            on_layer = {**DEFINITION, "layer": "page"}
            create_experiment(one, key=key, definition=on_layer, salt="s", who="anna", now=10)
    with one.begin():
        step(one, "one", "start")
        with impatient(two), pytest.raises(LogFailure, match="lock timeout"):
            step(two, "two", "start")
    with pytest.raises(LayerTaken), two.begin():
        step(two, "two", "start")


def test_of_two_replicas_that_make_the_same_key_the_second_hears_that_it_is_taken(
    replicas: tuple[Connection, Connection],
) -> None:
    one, two = replicas
    with one.begin():
        make(one, "feed-1")
        with impatient(two), pytest.raises(LogFailure, match="lock timeout"):
            make(two, "feed-1")
    with pytest.raises(ExperimentExists), two.begin():
        make(two, "feed-1")
