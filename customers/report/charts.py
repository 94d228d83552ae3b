"""Charts as SVG: bars and lines with axes, ticks, legend, title and description. Colours come from the page's style."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 14, 40, 44
_LETTER = 7
"""Width of a letter of the labels, rather too much than too little: labels must not touch."""

_TICKS = 5
_LEAST_REACH = 1e-12
"""What an axis must span to be divided; whatever is smaller is drawn as nothing."""

_WIDEST_BAR = 70
FAINT = 3
"""The colour of series that only show how far others spread."""

STYLE = (
    "text{font:12px system-ui,sans-serif;fill:var(--muted,#5b6673)}.grid{stroke:var(--line,#dfe3e8)}"
    ".zero{stroke:var(--muted,#5b6673)}.s0{fill:var(--s0,#0f766e);stroke:var(--s0,#0f766e)}"
    ".s1{fill:var(--s1,#c2703d);stroke:var(--s1,#c2703d)}.s2{fill:var(--s2,#5b5fc7);stroke:var(--s2,#5b5fc7)}"
    ".s3{fill:var(--muted,#5b6673);stroke:var(--muted,#5b6673);opacity:.4}"
    ".bar{stroke:none}.line{fill:none;stroke-width:2.2;stroke-linejoin:round}.ahead{stroke-dasharray:5 4}"
    ".band{stroke:none;opacity:.16}.inner{opacity:.26}.now{stroke:var(--muted,#5b6673);stroke-dasharray:2 3}"
)
"""What the drawing's classes look like: with the page's colours where it names some, else in its own light ones."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values over the chart's places, None where there is none.

    Attributes:
        name: For the legend; without one the series is not in it.
        values: One per place.
        colour: 0, 1, 2 or ``FAINT``.
        bands: Lower and upper limits, widest first, each with one pair (or None) per place; only of lines.
        is_ahead: Whether the values are forecast, not seen.
    """

    name: str
    values: Sequence[float | None]
    colour: int = 0
    bands: Sequence[Sequence[tuple[float, float] | None]] = ()
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to heights on the drawing."""

    low: float
    high: float
    step: float

    def y(self, value: float) -> float:
        inner = _HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (self.high - value) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        return [self.low + self.step * at for at in range(round((self.high - self.low) / self.step) + 1)]


def bar_chart(
    places: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    description: str,
    tick: Callable[[float], str],
    is_stacked: bool = False,
) -> str:
    """Bars side by side at each place, or one upon the other.

    Args:
        places: Names along the horizontal axis, of one line or two.
        series: Of values above or below 0; stacked ones must not be below.
        title: What is shown, for screen readers too.
        description: What can be seen in it, in a sentence.
        tick: Text of a value on the vertical axis.
        is_stacked: Whether bars stand one upon the other.
    """
    columns = list(zip(*([value or 0.0 for value in of.values] for of in series), strict=True))
    reach = [sum(column) for column in columns] if is_stacked else [value for column in columns for value in column]
    scale = _scale([0.0, *reach])
    pitch = _pitch(places)
    group = min(0.72 * pitch, _WIDEST_BAR * (1 if is_stacked else len(series)))
    width = group if is_stacked else group / len(series)
    bars = []
    for place, column in enumerate(columns):
        left, base = _LEFT + pitch * (place + 0.5) - group / 2, 0.0
        for of, value in zip(series, column, strict=True):
            top, bottom = scale.y(max(base, base + value)), scale.y(min(base, base + value))
            bars.append(
                f'<rect class="bar s{of.colour}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{max(bottom - top, 0.6 if value else 0):.1f}"/>'
            )
            left, base = (left, base + value) if is_stacked else (left + width, 0.0)
    legend = series if len(series) > 1 else ()
    return _drawing(title, description, [*_axes(places, scale, tick), *bars], legend)


def line_chart(
    places: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    description: str,
    tick: Callable[[float], str],
    now: int | None = None,
) -> str:
    """Lines with their bands.

    Args:
        places: Names along the horizontal axis, of one line or two.
        series: Each a line.
        title: What is shown, for screen readers too.
        description: What can be seen in it, in a sentence.
        tick: Text of a value on the vertical axis.
        now: Place after which values are forecast, marked by a vertical line.
    """
    reach = [value for of in series for value in of.values if value is not None]
    reach += [limit for of in series for band in of.bands for pair in band if pair for limit in pair]
    scale = _scale([0.0, *reach])
    pitch = _pitch(places)
    across = [_LEFT + pitch * (place + 0.5) for place in range(len(places))]
    drawn = [part for of in series for part in _bands(of, across, scale)]
    if now is not None:
        x = across[now] + pitch / 2
        drawn.append(f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
    drawn += [part for of in series for part in _line(of, across, scale)]
    return _drawing(title, description, [*_axes(places, scale, tick), *drawn], series)


def _bands(series: Series, across: Sequence[float], scale: _Scale) -> Iterator[str]:
    for depth, band in enumerate(series.bands):
        seen = [(x, pair) for x, pair in zip(across, band, strict=True) if pair]
        there = [f"{x:.1f},{scale.y(pair[1]):.1f}" for x, pair in seen]
        back = [f"{x:.1f},{scale.y(pair[0]):.1f}" for x, pair in reversed(seen)]
        yield f'<polygon class="band s{series.colour}{" inner" if depth else ""}" points="{" ".join(there + back)}"/>'


def _line(series: Series, across: Sequence[float], scale: _Scale) -> Iterator[str]:
    points = [(x, scale.y(value)) for x, value in zip(across, series.values, strict=True) if value is not None]
    if len(points) == 1:
        yield f'<circle class="s{series.colour}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="4"/>'
    elif points:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline class="line s{series.colour}{" ahead" if series.is_ahead else ""}" points="{path}"/>'


def _scale(values: Sequence[float]) -> _Scale:
    """An axis over the values whose ticks are 1, 2, 2.5 or 5 times a power of ten apart."""
    low, high = min(values), max(values)
    if high - low < _LEAST_REACH:
        high = low + 1.0
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(lead * power for lead in (1, 2, 2.5, 5, 10) if lead * power >= rough * 0.999)
    return _Scale(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step)


def _pitch(places: Sequence[str]) -> float:
    return (_WIDTH - _LEFT - _RIGHT) / max(len(places), 1)


def _axes(places: Sequence[str], scale: _Scale, tick: Callable[[float], str]) -> Iterator[str]:
    for value in scale.ticks:
        y = scale.y(value)
        kind = "zero" if abs(value) < scale.step / 2 else "grid"
        yield f'<line class="{kind}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(tick(value))}</text>'
    longest = max((len(line) for name in places for line in name.split("\n")), default=0)
    every = max(1, math.ceil(_LETTER * (longest + 1) / _pitch(places)))
    for place in range(0, len(places), every):
        x = _LEFT + _pitch(places) * (place + 0.5)
        for depth, line in enumerate(places[place].split("\n")):
            y = _HEIGHT - _BOTTOM + 20 + 15 * depth
            yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{escape(line)}</text>'


def _legend(series: Sequence[Series]) -> Iterator[str]:
    x = float(_LEFT)
    for of in series:
        if not of.name:
            continue
        yield f'<rect class="bar s{of.colour}" x="{x:.0f}" y="10" width="12" height="12" rx="3"/>'
        yield f'<text x="{x + 18:.0f}" y="20">{escape(of.name)}</text>'
        x += 40 + _LETTER * len(of.name)


def _drawing(title: str, description: str, parts: Sequence[str], legend: Sequence[Series]) -> str:
    top = 0 if any(series.name for series in legend) else _TOP - 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {top} {_WIDTH} {_HEIGHT - top}" role="img" '
        f'aria-label="{escape(f"{title}. {description}")}"><title>{escape(title)}</title>'
        f"<desc>{escape(description)}</desc>{''.join([*parts, *_legend(legend)])}</svg>"
    )
