import subprocess
import sys
import warnings

import pytest

from skdiffuasr.cli import main, make_parser, options
from skdiffuasr.cli.main import COMMANDS


def test_the_module_runs():
    command = [sys.executable, "-m", "skdiffuasr", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        make_parser().parse_args([name, "--help"])
    assert "--debug" in capsys.readouterr().out


def test_wrong_arguments_have_an_exit_code_of_their_own(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["augment", "--no-such-option"])


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (ValueError("bad\nrow 3"), 1, "skdiffuasr: error: bad row 3\n"),
        (KeyError("x"), 1, "skdiffuasr: error: KeyError: 'x' (--debug shows where)\n"),
        (KeyboardInterrupt(), 130, "skdiffuasr: interrupted\n"),
    ],
)
def test_errors_are_one_line(monkeypatch, capsys, log_file, error, exit_code, message):
    def run(options):
        raise error

    monkeypatch.setattr("skdiffuasr.cli.describe.run", run)
    assert main(["describe", str(log_file)]) == exit_code
    assert capsys.readouterr().err == message


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(FileNotFoundError):
        main(["describe", str(tmp_path / "missing.csv"), "--debug"])


def test_warnings_are_one_line(monkeypatch, capsys, log_file):
    def run(options):
        warnings.warn("look out", stacklevel=1)
        return 0

    monkeypatch.setattr("skdiffuasr.cli.describe.run", run)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["describe", str(log_file)]) == 0
    assert capsys.readouterr().err == "skdiffuasr: warning: look out\n"


@pytest.mark.parametrize("ending", [".st", ".parquet"])
def test_a_missing_library_is_told_before_the_work(
    monkeypatch, log_file, tmp_path, capsys, ending
):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(options, "read_interactions", None)  # not reached
    command = "fit" if ending == ".st" else "augment"
    assert main([command, str(log_file), "-o", str(tmp_path / f"out{ending}")]) == 1
    assert "This needs" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["fit", "evaluate", "augment", "study"])
def test_parameters_without_effect_are_refused(log_file, tmp_path, capsys, command):
    chosen = {
        "fit": ["--recommender=markov", "-o", tmp_path / "out.st"],
        "evaluate": ["--recommender=markov"],
        "augment": ["--augmenter=random", "-o", tmp_path / "out.csv"],
        "study": ["--recommenders=markov", "--augmenters=random", f"--out={tmp_path}"],
    }[command]
    arguments = [command, log_file, *chosen, "--guidance-scale=2", "--patience=3"]
    assert main(list(map(str, arguments))) == 1
    message = "Nothing that was chosen takes --guidance-scale, --patience."
    assert message in capsys.readouterr().err


def test_a_reader_that_stops_is_no_error():
    command = f"{sys.executable} -m skdiffuasr datasets | head -n 1"
    result = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=True
    )
    assert result.stdout == "movielens-100k\n"
    assert result.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["augment", "LOG", "-o", "out.xlsx"],
        ["recommend", "no-model", "LOG", "-o", "out.xlsx"],
        ["datasets", "movielens-1m", "-o", "out.xlsx"],
    ],
)
def test_outputs_of_no_format_are_refused_before_the_work(
    log_file, capsys, monkeypatch, arguments
):
    def fail(*_):
        raise AssertionError("it has begun to work")

    monkeypatch.setattr("skdiffuasr.cli.augment.open_table", fail)
    monkeypatch.setattr("skdiffuasr.cli.recommend.load", fail)
    given = [str(log_file) if text == "LOG" else text for text in arguments]
    assert main(given) == 1
    assert "out.xlsx has no known ending" in capsys.readouterr().err
