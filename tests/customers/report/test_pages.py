"""The HTML page and the Markdown, which say the same."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from string import Formatter

import pytest

from customers.report.cash import Liability
from customers.report.document import report
from customers.report.figures import LANGUAGES
from customers.report.markdown import markdown
from customers.report.page import html_page
from customers.report.words.speech import WORDS

HOSTILE = '<script>alert("x")</script>'
HOSTILE_MARKDOWN = "[a](javascript:x) | **b** `c` <img src=x onerror=alert(1)> $d$"


class Elements(HTMLParser):
    """What a browser would find: elements with their attributes, and whether all were closed."""

    VOID = frozenset({"meta", "line", "rect", "circle", "polygon", "polyline"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def document(stall_books):
    owed = [Liability(5_000_000, stall_books.until_day + 28)]
    return report(stall_books, opening_cash_minor=100_000_000, liabilities=owed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_well_formed_and_loads_nothing(document, language) -> None:
    page = html_page(document, language)
    elements = Elements(page)

    assert not elements.open
    names = {name for name, _ in elements.found}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page)
    assert not any(key.startswith("on") for _, attributes in elements.found for key in attributes)
    assert f'<html lang="{language}">' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_has_a_title_a_description_and_its_figures_in_a_table(document, language) -> None:
    page = html_page(document, language)
    figures = re.findall(r"<figure>.*?</figure>", page, flags=re.DOTALL)

    assert len(figures) >= 5
    for figure in figures:
        drawing = ElementTree.fromstring(re.search(r"<svg.*</svg>", figure, flags=re.DOTALL).group())
        space = "{http://www.w3.org/2000/svg}"
        assert drawing.get("role") == "img"
        assert drawing.find(f"{space}title").text
        assert drawing.find(f"{space}desc").text
        assert "<table>" in figure


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_from_the_books_stay_names(books_of, language) -> None:
    books = books_of(
        [(HOSTILE, f"2025-0{month}-01", 1000) for month in range(1, 6)] + [(HOSTILE_MARKDOWN, "2025-02-01", 10)],
        [("2025-02-01", HOSTILE, 100)],
        until="2025-05-31",
    )
    document = report(books)
    page, text = html_page(document, language), markdown(document, language)

    assert not any(name in ("script", "img") for name, _ in Elements(page).found)
    assert "&lt;script&gt;" in page
    assert HOSTILE not in text
    assert r"\[a\]\(javascript:x\) \| \*\*b\*\*" in text
    assert not re.search(r"(?<!\\)<(?!style|/)", re.sub(r"\(data:[^)]*\)", "", text))


def test_tables_in_markdown_have_as_many_cells_in_every_row(document) -> None:
    block: list[int] = []
    n_tables = 0
    for line in [*markdown(document, "en").splitlines(), ""]:
        if line.startswith("|"):
            block.append(len(re.findall(r"(?<!\\)\|", line)))
        elif block:
            assert len(set(block)) == 1
            n_tables += 1
            block = []
    assert n_tables >= 10


def test_charts_in_markdown_are_pictures_inside_the_text(document) -> None:
    assert markdown(document, "en").count("](data:image/svg+xml;base64,") == html_page(document, "en").count("<svg")


def test_sentences_exist_in_every_language_with_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    english, indonesian = WORDS["en"], WORDS["id"]
    assert english.keys() == indonesian.keys()
    for key, text in english.items():
        assert places(text) == places(indonesian[key]), key


def test_an_unknown_language_is_refused(document) -> None:
    for page in (html_page, markdown):
        with pytest.raises(ValueError, match="language must be one of en, id, got 'fr'"):
            page(document, "fr")


def test_each_section_says_which_days_its_figures_are_of(document) -> None:
    page = html_page(document, "en")

    n_sections = page.count("<section")
    assert n_sections == 9
    assert page.count('<p class="window">') == n_sections + 1
    # Cash is told in whole weeks only, and so from a later day on.
    assert document["cash"]["from"] > document["from"]
    windows = re.findall(r'<p class="window">([^<]*)</p>', page)
    assert windows.count("1 Jan 2025 to 31 Dec 2025") == n_sections
    assert all(window.endswith("31 Dec 2025") for window in windows)


def test_nothing_is_recommended_that_was_not_measured(document) -> None:
    text = html_page(document, "en")

    assert "No amount is recommended here" in text
    assert "if trade continues as now" in text.lower()
