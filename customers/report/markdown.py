"""The report as Markdown: headings, tables, and the charts as pictures inside the text."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from customers.report.blocks import Block, Chart, Paragraph, Table, Tiles
from customers.report.charts import STYLE
from customers.report.sections.order import sections
from customers.report.words.speech import speech

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")
"""What Markdown (with tables, and where HTML or mathematics may stand) reads as more than itself."""


def markdown(document: dict[str, Any], language: str) -> str:
    """The report for editors, wikis and messages; each chart is a picture with its figures in a table below.

    Args:
        document: As ``report`` gives it.
        language: ``en`` or ``id``.

    Raises:
        ValueError: If there are no words in that language.
    """
    words = speech(document, language)
    lines: list[str] = []
    for position, section in enumerate(sections(document, words)):
        lines += [f"{'#' if position == 0 else '##'} {_plain(section.title)}", "", f"*{_plain(section.window)}*", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield ("> " if block.kind == "warning" else "") + _plain(block.text)
    elif isinstance(block, Tiles):
        for tile in block.tiles:
            yield f"- **{_plain(tile.label)}: {_plain(tile.value)}** ({_plain(tile.note)})"
    elif isinstance(block, Chart):
        # A picture cannot see the page's colours, and brings its own.
        picture = block.svg.replace("<title>", f"<style>{STYLE}</style><title>", 1).encode()
        yield f"![{_plain(block.title)}](data:image/svg+xml;base64,{base64.b64encode(picture).decode()})"
        yield ""
        yield from _table(block.table)
    else:
        yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    yield f"**{_plain(table.caption)}**"
    yield ""
    yield _row(table.headings)
    yield "|" + "|".join(":--" if column < table.n_texts else "--:" for column in range(len(table.headings))) + "|"
    for row in table.rows:
        yield _row(row)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """The text with everything that Markdown would read as markup escaped, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
