import gzip
import json

import pytest

from skdiffuasr.cli import main
from skdiffuasr.cli.study import read_attributes


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
    assert study(str(log_file), *options, "--out", str(tmp_path / "out")) == 3
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


def test_attributes_may_be_compressed(tmp_path):
    path = tmp_path / "attributes.json.gz"
    with gzip.open(path, "wt") as file:
        json.dump({"3": [1, 2], "4": []}, file)
    assert read_attributes(path) == {3: [1, 2], 4: []}
