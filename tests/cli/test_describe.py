import pytest

from skdiffuasr.cli import main


def test_a_first_line_without_numbers_may_be_an_interaction(tmp_path, capsys):
    path = tmp_path / "names.csv"
    path.write_text("alice,milk\nbob,7\ncarol,8\n")
    assert main(["describe", str(path), "--no-header"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["users", "3"]


def test_the_log_is_described(log_file, capsys):
    assert main(["describe", str(log_file)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].split() == ["users", "60"]
    assert "histories have more than 10 items" in captured.out


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            "1,5,2020-01-01T00:00Z\n1,6,2020-01-02\n",
            "a time zone (1) and without one (1)",
        ),
        ("1,5,1600000000\n1,6,1600000001000\n", "1 seconds, 1 milliseconds"),
        ("1,5,3\n1,5,3\n", "for 1 user. Held out"),
    ],
)
def test_traps_are_part_of_the_description_once(tmp_path, capsys, rows, text):
    path = tmp_path / "log.csv"
    path.write_text(f"user,item,time\n{rows}")
    assert main(["describe", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.count(text) == 1
    assert captured.err == ""
