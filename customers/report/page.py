"""The report as one HTML file that needs nothing else: style and charts are inside it."""

from collections.abc import Iterator
from html import escape
from typing import Any

from customers.report.blocks import Block, Chart, Paragraph, Section, Table, Tiles
from customers.report.sections.order import sections
from customers.report.style import STYLE
from customers.report.words.speech import Speech, speech

_STRONGEST_TINT = 0.5
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing. Names come from the books, and one may be meant to run."""


def html_page(document: dict[str, Any], language: str) -> str:
    """The page, self-contained: no network, no script; light and dark, for phones, desks and A4 paper.

    Args:
        document: As ``report`` gives it.
        language: ``en`` or ``id``.

    Raises:
        ValueError: If there are no words in that language.
    """
    words = speech(document, language)
    parts = sections(document, words)
    title = escape(words.say("title"))
    links = "".join(f'<a href="#{part.key}">{escape(part.title)}</a>' for part in parts[1:])
    body = "\n".join([_header(parts[0], links, words), *(_section(part, words) for part in parts[1:])])
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _header(overview: Section, links: str, words: Speech) -> str:
    title = escape(overview.title)
    return f"<header><h1>{title}</h1>\n{_window(overview)}{_blocks(overview, words)}\n<nav>{links}</nav></header>"


def _section(section: Section, words: Speech) -> str:
    inside = f"<h2>{escape(section.title)}</h2>\n{_window(section)}{_blocks(section, words)}"
    return f'<section id="{section.key}">\n{inside}\n</section>'


def _window(section: Section) -> str:
    return f'<p class="window">{escape(section.window)}</p>\n'


def _blocks(section: Section, words: Speech) -> str:
    return "\n".join(_block(block, words) for block in section.blocks)


def _block(block: Block, words: Speech) -> str:
    if isinstance(block, Paragraph):
        kind = "" if block.kind == "plain" else f' class="{block.kind}"'
        return f"<p{kind}>{escape(block.text)}</p>"
    if isinstance(block, Tiles):
        tiles = "".join(
            f'<div class="tile"><span>{escape(tile.label)}</span><b>{escape(tile.value)}</b>'
            f"<span>{escape(tile.note)}</span></div>"
            for tile in block.tiles
        )
        return f'<div class="tiles">{tiles}</div>'
    if isinstance(block, Chart):
        behind = escape(words.say("table_behind"))
        return (
            f'<figure><figcaption>{escape(block.title)}</figcaption><div class="wide">{block.svg}</div>'
            f"<details><summary>{behind}</summary>{_table(block.table)}</details></figure>"
        )
    return _table(block)


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{_side(column, table)}>{escape(heading)}</th>' for column, heading in enumerate(table.headings)
    )
    return (
        f'<div class="wide"><table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(_rows(table))}</tbody></table></div>"
    )


def _rows(table: Table) -> Iterator[str]:
    last = len(table.rows) - 1
    for at, row in enumerate(table.rows):
        shades = table.shades[at] if table.shades else (None,) * len(row)
        cells = [f'<th scope="row"{_side(0, table)}>{escape(row[0])}</th>']
        for column, (text, shade) in enumerate(zip(row[1:], shades[1:], strict=True), start=1):
            tint = "" if shade is None else f' style="background:rgba(var(--tint),{shade * _STRONGEST_TINT:.2f})"'
            cells.append(f"<td{_side(column, table)}{tint}>{escape(text)}</td>")
        kind = ' class="total"' if table.has_total and at == last else ""
        yield f"<tr{kind}>{''.join(cells)}</tr>"


def _side(column: int, table: Table) -> str:
    return ' class="t"' if column < table.n_texts else ""
