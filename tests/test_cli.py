import subprocess
import sys

import numpy as np
import pytest

from skdiffuasr.cli import main


@pytest.fixture
def log_file(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "log.txt"
    rows = [(user, item) for user in range(60) for item in rng.permutation(20)[:6]]
    np.savetxt(path, rows, fmt="%d")
    return path


def demo(*options):
    return main(["demo", "--max-epochs", "1", "--n-pseudo-items", "2", *options])


def test_demo_prints_and_writes_the_report(log_file, tmp_path, capsys):
    report = tmp_path / "report.md"
    assert demo("--data", str(log_file), "--report", str(report)) == 0
    assert report.read_text() in capsys.readouterr().out
    assert "| diffusion + SASRec " in report.read_text()


def test_bad_input_is_one_line(tmp_path, capsys):
    assert demo("--data", str(tmp_path / "missing.csv")) == 1
    error = capsys.readouterr().err
    assert error.startswith("skdiffuasr: error:")
    assert error.count("\n") == 1


def test_the_module_runs():
    command = [sys.executable, "-m", "skdiffuasr", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip()


def study(*options):
    return main(["study", *options])


FAST = (
    "--augmenters=random-seq",
    "--recommenders=markov,sasrec",
    "--seeds=1",
    "--max-epochs=1",
    "--n-pseudo-items=2",
    "--n-negatives=5",
)


def test_study_writes_and_prints_the_report(log_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(str(log_file), *FAST, "--out", str(out)) == 0
    captured = capsys.readouterr()
    assert (out / "report.md").read_text() in captured.out
    assert "4/4" in captured.err
    assert (out / "report.html").exists()
    assert "random-seq" in (out / "results.csv").read_text()


def test_study_tells_failures(log_file, tmp_path, capsys):
    """No history is longer than the pseudo items that the diffusion should learn."""
    options = [*FAST, "--augmenters=diffusion", "--n-pseudo-items=9"]
    assert study(str(log_file), *options, "--out", str(tmp_path / "out")) == 2
    lines = capsys.readouterr().err.splitlines()
    failures = [line for line in lines if line.startswith("skdiffuasr: failed:")]
    assert len(failures) == 2
    assert "diffusion + markov, seed 0: ValueError" in failures[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--augmenters=diffuse"], "'diffuse' is none of none, random"),
        (["--n-negatives=100"], "n_negatives=100"),
        (["--protocol=temporal"], "without times"),
        (["--attributes=missing.json"], "missing.json"),
    ],
)
def test_bad_options_of_a_study_are_one_line(
    log_file, tmp_path, capsys, options, message
):
    arguments = [*FAST, *options, "--out", str(tmp_path / "out")]
    assert study(str(log_file), *arguments) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("skdiffuasr: error:")
    assert message in error


@pytest.mark.parametrize("content", ["[1, 2]", "{"])
def test_attributes_of_another_form(log_file, tmp_path, capsys, content):
    path = tmp_path / "attributes.json"
    path.write_text(content)
    arguments = [*FAST, "--attributes", str(path), "--out", str(tmp_path / "out")]
    assert study(str(log_file), *arguments) == 1
    assert "attributes.json" in capsys.readouterr().err
