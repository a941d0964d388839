from skdiffuasr.cli import main


def test_a_first_line_without_numbers_may_be_an_interaction(tmp_path, capsys):
    path = tmp_path / "names.csv"
    path.write_text("alice,milk\nbob,7\ncarol,8\n")
    assert main(["describe", str(path), "--no-header"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["users", "3"]


def test_the_log_is_described(log_file, capsys):
    assert main(["describe", str(log_file)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].split() == ["users", "60"]
    assert "histories have more than 10 items" in captured.out
