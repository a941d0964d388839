from skdiffuasr.cli import main


def demo(*options):
    return main(["demo", "--max-epochs", "1", "--n-pseudo-items", "2", *options])


def test_demo_prints_and_writes_the_report(log_file, tmp_path, capsys):
    report = tmp_path / "report.md"
    assert demo("--data", str(log_file), "--report", str(report)) == 0
    assert report.read_text() in capsys.readouterr().out
    assert "### SASRec\n\n- diffusion " in report.read_text()


def test_columns_of_the_log_are_named(log_file, tmp_path):
    named, report = tmp_path / "named.csv", tmp_path / "report.md"
    rows = [line.replace(" ", ",") for line in log_file.read_text().splitlines()]
    named.write_text("\n".join(["customer,product", *rows]) + "\n")
    columns = ["--user=customer", "--item=product"]
    assert demo("--data", str(named), "--report", str(report), *columns) == 0
    assert "named.csv: 60 users" in report.read_text()


def test_a_missing_folder_is_told_before_the_work(tmp_path, capsys):
    report = tmp_path / "missing" / "report.md"
    assert demo("--data", "no.csv", "--report", str(report)) == 1
    assert "There is no folder" in capsys.readouterr().err


def test_bad_input_is_one_line(tmp_path, capsys):
    assert demo("--data", str(tmp_path / "missing.csv")) == 1
    error = capsys.readouterr().err
    assert error.startswith("skdiffuasr: error:")
    assert error.count("\n") == 1
