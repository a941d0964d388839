import re

from skdiffuasr.study.blocks import Items, Table
from skdiffuasr.study.markdown_report import markdown_report
from tests.study.synthetic_results import make_results, sections_of

SECTIONS = sections_of(make_results(with_failure=True))
REPORT = markdown_report("Log <1>", SECTIONS)


def test_every_section_is_there_in_order():
    titles = [section.title for section in SECTIONS]
    assert re.findall(r"^## (.*)$", REPORT, re.MULTILINE) == titles


def test_every_cell_and_item_is_there():
    plain = re.sub(r"\\(?=[\\`*|_<])|\*\*", "", REPORT)
    for section in SECTIONS:
        for block in section.blocks:
            if isinstance(block, Table):
                texts = [cell for row in block.rows for cell in row]
            else:
                texts = block.items if isinstance(block, Items) else []
            for text in texts:
                assert text in plain


def test_rows_have_as_many_cells_as_their_header():
    for table in re.findall(r"(?:^\|.*\n)+", REPORT, re.MULTILINE):
        n_bars = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(n_bars) == 1


def test_the_best_is_bold():
    lines = [line for line in REPORT.splitlines() if line.startswith("| own items")]
    assert lines[0].count("**") == 6
    worse = [line for line in REPORT.splitlines() if line.startswith("| worse")]
    assert not any("**" in line for line in worse)


def test_text_from_outside_is_escaped():
    assert r"\<b>Foo\</b>.\_\_init\_\_() got a \| b" in REPORT


def test_figures_are_shown_where_they_lie():
    assert "![" not in REPORT
    names = re.findall(
        r"!\[.+\]\(figures/(.+)\.png\)", markdown_report("Log", SECTIONS, "figures")
    )
    assert names == ["gain", "length", "cost"]


def test_the_same_results_give_the_same_report():
    sections = sections_of(make_results(with_failure=True))
    assert markdown_report("Log <1>", sections) == REPORT
