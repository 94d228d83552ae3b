"""What a page consists of, whatever it is written in: sections of paragraphs, tables, tiles and charts; plain text."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a ``note`` says how to read a figure, a ``warning`` what the books lack or what threatens."""

    text: str
    kind: Literal["plain", "note", "warning"] = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings, as many cells each.

    Attributes:
        caption: What the table shows.
        headings: Of the columns.
        rows: Cells; the first column names the row.
        n_texts: Leading columns that hold words; the others hold figures, which stand right.
        shades: How strongly each cell is tinted, from 0 to 1, None for not at all; of the shape of ``rows``, or empty.
        has_total: Whether the last row sums up the others.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_texts: int = 1
    shades: tuple[tuple[float | None, ...], ...] = ()
    has_total: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that a reader looks for first."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """Such figures side by side."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its title, and the table of everything that is drawn.

    Attributes:
        title: What is shown.
        svg: A whole ``<svg>`` element whose classes the page (or the drawing's own style) colours.
        table: For who cannot see it, or wants the figures.
    """

    title: str
    svg: str
    table: Table


Block = Paragraph | Table | Tiles | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        key: Short and unique on the page, for links.
        title: Heading.
        window: Which days its figures are of.
        blocks: In reading order.
    """

    key: str
    title: str
    window: str
    blocks: tuple[Block, ...]
