import os
import re
import subprocess
import sys

import pytest

from skdiffuasr.cli import main
from skdiffuasr.cli.main import COMMANDS, make_parser

SMALL = ("--max-epochs=2", "--embedding-dim=4", "--device=cpu")
EPOCH = (
    r"SASRecEstimator: epoch {}/2, loss \d\.\d{{3}}, NDCG@10 0\.\d{{4}} "
    r"\(best 0\.\d{{4}} at epoch \d\), \d+\.\d s{}"
)
LEFT = r", about 0:00:\d\d left"
SUMMARY = r"SASRecEstimator: 2 epochs, best epoch \d, NDCG@10 0\.\d{4}, \d+\.\d s"
FIT = [EPOCH.format(1, LEFT), EPOCH.format(2, ""), SUMMARY]
STUDY = (
    *("--augmenters=none", "--recommenders=markov,sasrec", "--seeds=1"),
    *("--n-negatives=5", *SMALL),
)


def assert_lines(text, patterns):
    columns, *lines = text.splitlines()
    assert columns.startswith("skdiffuasr: log.txt: user = ")
    assert len(lines) == len(patterns), text
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


def fit(log_file, tmp_path, *options):
    out = str(tmp_path / "model.safetensors")
    return main(["fit", str(log_file), "-o", out, *SMALL, *options])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_be_quiet_or_verbose(command, capsys):
    parser = make_parser([command])
    with pytest.raises(SystemExit):
        parser.parse_args([command, "--help"])
    text = capsys.readouterr().out
    assert "--quiet" in text
    assert "--verbose" in text


def test_a_line_for_every_epoch_in_a_file(log_file, tmp_path, capsys):
    pytest.importorskip("safetensors")
    assert fit(log_file, tmp_path) == 0
    captured = capsys.readouterr()
    assert_lines(captured.err, FIT)
    assert captured.out.startswith("The model was written to ")


def test_lines_are_in_the_file_before_the_end(log_file, tmp_path):
    """Without a flush they would wait in the buffer until the process ends."""
    command = [sys.executable, "-m", "skdiffuasr", "evaluate", str(log_file)]
    options = ["--max-epochs=100000", "--patience=100000", "--embedding-dim=4"]
    with subprocess.Popen(
        [*command, *options, "--device=cpu"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        process.stderr.readline()  # the columns
        line = process.stderr.readline()
        assert process.poll() is None
        process.kill()
    assert line.startswith("SASRecEstimator: epoch 1/100000, loss ")


def test_quiet_prints_nothing_but_the_result(log_file, tmp_path, capsys):
    pytest.importorskip("safetensors")
    assert fit(log_file, tmp_path, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    with log_file.open("a") as file:
        file.write("99 1\n")  # a user who is left out, which is said if not quiet
    arguments = ["evaluate", str(log_file), "--recommender=markov"]
    assert main(arguments) == 0
    loud = capsys.readouterr()
    assert "left out" in loud.err
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr() == (loud.out, "")


def test_quiet_does_not_hide_errors(tmp_path, capsys):
    assert main(["describe", str(tmp_path / "no.csv"), "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("skdiffuasr: error: ")


@pytest.mark.parametrize("verbose", [False, True])
def test_a_line_for_every_run_of_a_study(log_file, tmp_path, capsys, verbose):
    arguments = ["study", str(log_file), *STUDY, "--out", str(tmp_path / "out")]
    assert main([*arguments, *["--verbose"] * verbose]) == 0
    epochs = [r"none \+ sasrec \+ seed0, " + pattern for pattern in FIT]
    run = r"study: run {}/2, none \+ {} \+ seed0, NDCG@10 0\.\d{{4}} in validation{}"
    expected = [
        run.format(1, "markov", rf", \d+\.\d s{LEFT}"),
        *(epochs if verbose else []),
        run.format(2, "sasrec", r", 2 epochs, \d+\.\d s"),
    ]
    assert_lines(capsys.readouterr().err, expected)


def test_the_demo_prints_as_it_goes(log_file, tmp_path, capsys):
    report = str(tmp_path / "report.md")
    arguments = ["demo", "--data", str(log_file), "--report", report]
    assert main([*arguments, "--max-epochs=1", "--n-pseudo-items=2"]) == 0
    err = capsys.readouterr().err
    runs = re.findall(r"^study: run (\d)/6, ", err, re.MULTILINE)
    assert runs == list("123456")


class Terminal:
    """Standard error of a terminal."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


@pytest.mark.parametrize("has_rich", [True, False])
def test_a_bar_on_a_terminal(log_file, tmp_path, monkeypatch, has_rich):
    pytest.importorskip("safetensors")
    pytest.importorskip("rich")
    if not has_rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    assert fit(log_file, tmp_path) == 0
    assert ("━" in terminal.text) == has_rich
    assert re.search(SUMMARY, terminal.text)
    assert bool(re.search(FIT[0], terminal.text)) != has_rich
