from skdiffuasr.cli import main


def test_the_log_is_described(log_file, capsys):
    assert main(["describe", str(log_file)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0].split() == ["users", "60"]
    assert "histories have more than 10 items" in captured.out
