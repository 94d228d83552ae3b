import pytest

from experiments.design import Experiment
from service.demo.customers import BASE_RATE
from service.demo.histories import US_PER_DAY
from service.demo.plans import Plan

GOOD = {
    "run": "first",
    "start_us": 1_760_000_000_000_000,
    "weeks": 6,
    "n_customers": 100,
    "lift": 0.3,
    "seed": 1,
    "timezone": "UTC",
}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("run", "First Run", "run must be 1 to 32 of a-z, 0-9 and '-', got 'First Run'"),
        ("weeks", 1, "weeks must be at least 2, .*, got 1"),
        ("n_customers", 3, "customers must be at least 4, .*, got 3"),
        ("lift", -0.1, "lift must be 0 to 0.92, .*, got -0.1"),
        ("lift", 0.95, "lift must be 0 to 0.92, .*, got 0.95"),
        ("lift", float("nan"), "lift must be 0 to 0.92, .*, got nan"),
        ("seed", -1, "seed must be at least 0, got -1"),
        ("timezone", "Mars/Olympus", "timezone must be an IANA zone .*, got 'Mars/Olympus'"),
    ],
)
def test_a_play_that_cannot_be_is_refused_by_name(field, value, said):
    with pytest.raises(ValueError, match=said):
        Plan(**GOOD | {field: value})


def test_the_largest_lift_makes_a_purchase_certain_and_no_more():
    assert Plan(**GOOD | {"lift": 1.0 - BASE_RATE}).lift + BASE_RATE == 1.0


def test_every_window_that_begins_in_the_first_week_ends_in_time():
    plan = Plan(**GOOD)
    latest_start = plan.start_us + 7 * US_PER_DAY - 1
    assert latest_start + plan.window_days * US_PER_DAY < plan.end_us


def test_the_design_is_one_that_experiments_accept():
    plan = Plan(**GOOD)
    design = Experiment.parse(plan.design())
    assert design.key == plan.experiment
    assert design.control == "popular"
    assert design.primary.window_days == 35


def test_two_runs_of_one_seed_share_neither_experiment_nor_customers():
    first, second = Plan(**GOOD), Plan(**GOOD | {"run": "second"})
    assert first.experiment != second.experiment
    assert set(first.user_ids(0)).isdisjoint(second.user_ids(0))
    assert len(set(first.user_ids(0) + first.user_ids(1))) == 4
