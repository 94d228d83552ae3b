import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customers.report.charts import Series, bar_chart, line_chart


def bars(values, **how):
    svg = bar_chart(
        [str(at) for at in range(len(values[0]))],
        [Series(f"s{at}", of, at) for at, of in enumerate(values)],
        title="t",
        description="d",
        tick=lambda value: f"{value:g}",
        **how,
    )
    found = re.findall(r'<rect class="bar s(\d)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/>', svg)
    return svg, [tuple(map(float, bar)) for bar in found]


def test_bars_are_as_high_as_their_values() -> None:
    _, found = bars([[10.0, 20.0, 40.0]])

    heights = [bar[-1] for bar in found]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)
    assert heights[2] == pytest.approx(4 * heights[0], abs=0.2)


def test_losses_hang_below_the_line_on_which_gains_stand() -> None:
    _, ((_, _, gain_top, _, gain_height), (_, _, loss_top, _, _)) = bars([[10.0, -10.0]])

    assert gain_top + gain_height == pytest.approx(loss_top, abs=0.2)


def test_stacked_bars_stand_one_upon_the_other() -> None:
    _, (lower, upper) = bars([[10.0], [5.0]], is_stacked=True)

    assert lower[1] == upper[1]
    assert upper[2] + upper[4] == pytest.approx(lower[2], abs=0.2)


@example([5e-324])
@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=30))
def test_everything_is_drawn_inside_the_drawing(values) -> None:
    _, found = bars([values])

    assert all(bar[2] >= 0 and bar[2] + bar[4] <= 300.5 for bar in found)


def test_ticks_are_round_and_names_are_escaped() -> None:
    svg = line_chart(["<a>"], [Series("<b>", [70.0])], title="<t>", description='"', tick=lambda value: f"{value:g}")

    assert [float(tick) for tick in re.findall(r'text-anchor="end">([^<]*)<', svg)] == [0, 20, 40, 60, 80]
    assert "<b>" not in svg
    assert "<a>" not in svg
    assert "<t>" not in svg


def test_a_line_stops_where_nothing_is_known() -> None:
    svg = line_chart(
        ["a", "b", "c"],
        [Series("seen", [1.0, 2.0, None]), Series("ahead", [None, None, 3.0], 0, [[None, None, (1.0, 4.0)]])],
        title="t",
        description="d",
        tick=str,
        now=1,
    )

    assert len(re.search(r'<polyline class="line s0" points="([^"]*)"', svg).group(1).split()) == 2
    assert svg.count("<circle") == 1
    assert svg.count("<polygon") == 1
