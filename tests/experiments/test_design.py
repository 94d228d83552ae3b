import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.design import DesignRefused, Experiment

DESIGN = {
    "key": "personal-feed",
    "hypothesis": "A personal feed brings customers back",
    "unit": "user",
    "arms": [
        {"key": "popular", "share": 0.5, "policy": {"sources": ["popularity"]}},
        {"key": "personal", "share": 0.5, "parameters": {"banner": "hello"}},
    ],
    "control": "popular",
    "layer": "feeds",
    "eligibility": {},
    "primary": {"outcome": "repeat_in_window", "window_days": 28, "minimal_effect": 0.02},
    "secondary": ["revenue", "projected_clv"],
    "guardrails": [{"outcome": "orders", "margin": 0.05}],
    "planned_units": 4000,
    "salt": "2026-11",
}


def test_a_design_survives_the_way_to_json_and_back() -> None:
    experiment = Experiment.parse(DESIGN)

    assert Experiment.parse(json.loads(json.dumps(experiment.to_mapping()))) == experiment


def test_what_is_left_out_gets_its_stated_value() -> None:
    experiment = Experiment.parse(
        {
            "key": "small",
            "arms": [{"key": "a", "share": 0.25}, {"key": "b", "share": 0.75}],
            "control": "a",
            "primary": {"outcome": "orders", "window_days": 7},
            "planned_units": None,
        }
    )

    assert (experiment.unit, experiment.layer, experiment.salt) == ("user", "small", "small")
    assert (experiment.secondary, experiment.guardrails, experiment.planned_units) == ((), (), None)
    assert experiment.primary.minimal_effect is None
    assert experiment.treatments == ("b",)


def test_null_means_left_out() -> None:
    arms = [
        arm | {"policy": None, "parameters": None} for arm in ({"key": "a", "share": 0.5}, {"key": "b", "share": 0.5})
    ]
    design = {"key": "x", "arms": arms, "control": "a", "primary": DESIGN["primary"] | {"minimal_effect": None}}
    every_field = dict.fromkeys(DESIGN) | design

    assert Experiment.parse(every_field) == Experiment.parse(
        {
            "key": "x",
            "arms": [{"key": "a", "share": 0.5}, {"key": "b", "share": 0.5}],
            "control": "a",
            "primary": {"outcome": "repeat_in_window", "window_days": 28},
        }
    )


def test_a_refused_value_is_repeated_in_no_more_than_a_line() -> None:
    with pytest.raises(DesignRefused) as refused:
        Experiment.parse(DESIGN | {"key": "X" * 10_000, "arms": [list(range(10_000))]})

    assert max(len(problem) for problem in refused.value.problems) < 250


def test_parsing_leaves_the_mapping_as_it_was() -> None:
    before = copy.deepcopy(DESIGN)
    Experiment.parse(DESIGN)

    assert before == DESIGN


ARM = {"key": "x", "share": 0.5}

# Beyond what a float holds (309 digits) and what Python writes (4,300).
endless = st.integers(309, 5000).map(lambda digits: 10**digits)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"key": "Upper Case"}, "key must be 1 to 64 lower-case letters"),
        ({"key": None}, "key must be .* got None"),
        ({"hypothesis": 7}, "hypothesis must be text"),
        ({"unit": "session"}, "unit must be 'user' or 'visitor', got 'session'"),
        ({"arms": [ARM]}, "arms must be a list of at least 2 arms"),
        ({"arms": [ARM, ARM]}, "arms must have different keys, got 'x' more than once"),
        ({"arms": [ARM, {"key": "y", "share": 0.6}]}, "shares must add up to 1, got 1.1"),
        ({"arms": [ARM, {"key": "y", "share": 0}]}, r"arms\[1\].share must be above 0 and below 1, got 0"),
        ({"arms": [ARM, {"key": "y", "share": True}]}, r"arms\[1\].share must be a finite number, got True"),
        ({"arms": [ARM, {"key": "y", "share": 0.5, "polcy": {}}]}, r"arms\[1\] has no field 'polcy'"),
        ({"arms": [ARM, {"key": "y", "share": 0.5, "policy": []}]}, r"arms\[1\].policy must be an object"),
        ({"arms": [ARM, "y"]}, r"arms\[1\] must be an object"),
        ({"control": "nobody"}, "control must be one of the arms, got 'nobody'"),
        ({"layer": ""}, "layer must be 1 to 64"),
        ({"salt": ""}, "salt must be 1 to 64 printable characters"),
        ({"salt": "s" * 65}, "salt must be 1 to 64 printable characters"),
        ({"salt": "a\x1fb"}, "salt must be 1 to 64 printable characters"),
        ({"eligibility": {"country": "ID"}}, "eligibility is not supported yet: leave it out"),
        ({"primary": "orders"}, "primary must be an object"),
        ({"primary": {"outcome": "clicks", "window_days": 7}}, "primary.outcome must be one of repeat_in_window"),
        ({"primary": {"outcome": "projected_clv", "window_days": 7}}, "projection and may only be secondary"),
        ({"primary": {"outcome": "orders", "window_days": 0}}, "primary.window_days must be a whole number from 1"),
        ({"primary": {"outcome": "orders", "window_days": 7.5}}, "primary.window_days must be a whole number"),
        ({"primary": {"outcome": "orders", "window_days": 7, "minimal_effect": 0}}, "minimal_effect must be above 0"),
        ({"secondary": "revenue"}, "secondary must be a list"),
        ({"secondary": ["revenue", "revenue"]}, "secondary must name each outcome once"),
        ({"secondary": ["repeat_in_window"]}, "secondary must not repeat the primary outcome"),
        ({"guardrails": [{"outcome": "orders", "margin": -1}]}, r"guardrails\[0\].margin must be at least 0, got -1"),
        ({"guardrails": [{"outcome": "projected_clv", "margin": 1}]}, "must be something observed"),
        (
            {"guardrails": [{"outcome": "orders", "margin": 1}, {"outcome": "orders", "margin": 2}]},
            "guardrails must name each outcome once, got 'orders' more than once",
        ),
        ({"arms": [ARM, {"key": "y", "share": 10**400}]}, r"arms\[1\].share must be a finite number, got 1000"),
        ({"guardrails": [{"outcome": "orders", "margin": 10**400}]}, r"guardrails\[0\].margin must be a finite number"),
        ({"planned_units": 10**5000}, "planned_units must be a whole number .* got a number too long to write"),
        ({"planned_units": 1}, "planned_units must be a whole number from 2"),
        ({"variants": []}, "the experiment has no field 'variants'"),
    ],
)
def test_a_broken_rule_is_refused_with_subject_rule_and_value(change, problem) -> None:
    with pytest.raises(DesignRefused, match=problem):
        Experiment.parse(DESIGN | change)


def test_every_broken_rule_is_listed_at_once() -> None:
    with pytest.raises(DesignRefused) as refused:
        Experiment.parse(DESIGN | {"unit": "session", "planned_units": -5, "control": "nobody"})

    assert len(refused.value.problems) == 3


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | endless,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    st.sampled_from(sorted(DESIGN)),
)
def test_any_json_in_any_field_is_either_parsed_or_refused(value, field) -> None:
    try:
        experiment = Experiment.parse(DESIGN | {field: value})
    except DesignRefused as refused:
        assert refused.problems  # noqa: PT017 - either outcome is right, and each has its own check
    else:
        assert Experiment.parse(experiment.to_mapping()) == experiment
