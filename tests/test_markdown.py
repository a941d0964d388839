from skdiffuasr._markdown import markdown_table


def test_cells_are_aligned():
    table = markdown_table(["a", "number"], [["long name", "1"], ["b", "1000000"]])
    assert table.splitlines() == [
        "| a         |  number |",
        "|:----------|--------:|",
        "| long name |       1 |",
        "| b         | 1000000 |",
    ]
