from html.parser import HTMLParser

import pytest

from skdiffuasr.study.blocks import Items, Table
from skdiffuasr.study.html_report import html_report
from tests.study.synthetic_results import make_results, sections_of

SECTIONS = sections_of(make_results(with_failure=True))
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Elements and texts of a page; every element must be closed in its place."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture(scope="module")
def page():
    return Page(html_report("Log <1>", SECTIONS, {}))


def test_the_page_has_what_the_sections_have(page):
    assert page.texts["h1"] == ["Log <1>"]
    assert page.texts["h2"] == [section.title for section in SECTIONS]
    blocks = [block for section in SECTIONS for block in section.blocks]
    cells = [
        cell
        for block in blocks
        if isinstance(block, Table)
        for row in (block.header, *block.rows)
        for cell in row
    ]
    found = [text for tag in ("th", "td", "strong") for text in page.texts[tag]]
    assert sorted(found) == sorted(cells)
    assert page.texts["p"] == [block for block in blocks if isinstance(block, str)]
    items = [
        item for block in blocks if isinstance(block, Items) for item in block.items
    ]
    assert [text for text in page.texts["li"] if text.strip()] == items


def test_the_best_is_stressed(page):
    n_bold = sum(
        len(block.bold)
        for section in SECTIONS
        for block in section.blocks
        if isinstance(block, Table)
    )
    assert len(page.texts["strong"]) == n_bold > 0


def test_the_page_links_to_nothing_outside(page):
    assert not {"script", "link", "iframe", "object", "b"} & set(page.tags)
    links = [value for _, name, value in page.attributes if name == "href"]
    identifiers = [value for _, name, value in page.attributes if name == "id"]
    assert links == [f"#{identifier}" for identifier in identifiers]
    assert len(links) == len(page.texts["h2"])
    (style,) = page.texts["style"]
    assert "url(" not in style
    assert "@import" not in style


def test_figures_that_are_missing_are_left_out(page):
    assert "figure" not in page.tags


def test_figures_are_inside_the_page():
    figures = {name: b"\x89PNG" for name in ("gain", "length", "cost")}
    page = Page(html_report("Log", SECTIONS, figures))
    sources = [value for _, name, value in page.attributes if name == "src"]
    assert len(sources) == page.tags.count("img") == 3
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in sources)
    assert all(value for _, name, value in page.attributes if name == "alt")


def test_names_cannot_break_the_page():
    evil = '<script>alert("x")</script>&amp;'
    results = make_results(
        n_users=20, n_seeds=1, shrink={"none": 1.0, evil: 0.5}, recommenders=(evil,)
    )
    page = Page(html_report(evil, sections_of(results), {}))
    assert "script" not in page.tags
    assert evil in page.texts["th"]
    assert evil in page.texts["h3"]
