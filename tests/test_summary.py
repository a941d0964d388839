"""The tables of the results are those of the files, and say what is in them."""

import pytest

pd = pytest.importorskip("pandas")

from benchmarks import summary  # noqa: E402

HEADER = (
    "recommender,reference,group_by,group,n_users,n_seeds,value,reference_value,"
    "difference,relative,low,high,low_seeds,high_seeds,p_seeds"
)
TOYS = """
ensemble,plain,all,all,1200,3,0.11,0.1,0.01,0.1,0.005,0.02,-0.002,0.03,0.0004
ensemble,plain,length,<=5,700,3,0.08,0.07,0.01,0.14,0.004,0.02,nan,nan,nan
ensemble,distilled,all,all,1200,3,0.11,0.12,-0.01,-0.1,-0.02,-0.005,-0.03,0.1,0.5
mine,plain,all,all,1200,2,0.08,0.09,-0.01,-0.1,-0.02,-0.00001,-0.03,0.1,0.5
"""
TOYS_SMALL = """
co-occurrence,plain,all,all,90,2,0.3,0.2,0.1,0.5,0.05,0.2,0.02,0.3,0.0123
"""


@pytest.fixture
def rows(tmp_path):
    for name, text in {"toys_small": TOYS_SMALL, "toys": TOYS}.items():
        (tmp_path / f"{name}.csv").write_text(HEADER + text)
    return summary.read(tmp_path)


def cells(table):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if not line.startswith("|:")
    ]


@pytest.mark.parametrize("page", [summary.RESULTS, summary.README])
def test_pages_have_what_the_command_writes(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- summary: ") == text.count("<!-- end of summary -->") >= 2
    assert summary.replaced(text, summary.blocks(summary.read())) == text


def test_a_row_for_each_model_and_a_column_for_each_dataset(rows):
    assert cells(summary.blocks(rows)["all"]) == [
        ["NDCG@10", "Toys, 1,200 users, 3 seeds", "toys_small, 90 users, 2 seeds"],
        ["SASRec alone", "0.1000", "0.2000"],
        ["neighbours alone", "", "0.3000, +0.1000 [+0.0500, +0.2000]"],
        ["four averaged", "0.1100, +0.0100 [+0.0050, +0.0200]", ""],
        ["mine", "0.0800, -0.0100 [-0.0200, +0.0000] (2 seeds)", ""],
    ]


def test_other_tables(rows):
    blocks = summary.blocks(rows)
    assert cells(blocks["seeds"])[1:3] == [
        ["neighbours alone", "", "[+0.0200, +0.3000], p 0.012"],
        ["four averaged", "[-0.0020, +0.0300], p <0.001", ""],
    ]
    assert cells(blocks["short"]) == [
        ["at most 5 items", "Toys, 700 users, 3 seeds"],
        ["SASRec alone", "0.0700"],
        ["four averaged", "0.0800, +0.0100 [+0.0040, +0.0200]"],
    ]
    assert cells(blocks["gains"])[1] == ["four averaged", "+10.0 % [+5.0, +20.0]", ""]
    assert cells(blocks["first"]) == [
        ["SASRec on Toys, 1,200 users", "NDCG@10", "gain [95 %]"],
        ["SASRec alone", "0.1000", ""],
        ["four averaged", "0.1100", "+10.0 % [+5.0, +20.0]"],
    ]


def test_text_outside_of_the_marks_stays():
    text = "a\n<!-- summary: all -->\nold\n<!-- end of summary -->\nb\n"
    new = "a\n<!-- summary: all -->\n\nnew\n\n<!-- end of summary -->\nb\n"
    assert summary.replaced(text, {"all": "new"}) == new
    assert summary.replaced(new, {"all": "new"}) == new


def test_chart_has_a_panel_for_each_dataset(rows):
    pytest.importorskip("matplotlib")
    toys, small = summary.draw(rows).axes
    assert [panel.get_title() for panel in (toys, small)] == ["Toys", "toys_small"]
    names = [label.get_text() for label in toys.get_yticklabels()]
    assert names == ["neighbours alone", "four averaged", "mine"]
    over_seeds, over_users, point = toys.lines[:3]
    assert over_seeds.get_xdata() == pytest.approx([-2, 30])
    assert over_users.get_xdata() == pytest.approx([5, 20])
    assert point.get_xydata().tolist() == [[pytest.approx(10), 1]]
