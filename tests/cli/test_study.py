import json

import pytest

import skdiffuasr
from skdiffuasr.cli import main


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


def test_study_writes_a_report_and_prints_its_verdict(log_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(str(log_file), *FAST, "--out", str(out)) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert len(lines) <= 10
    assert any(
        line.startswith("sasrec was stopped by its limit of 1") for line in lines
    )
    assert any(line.startswith("markov (NDCG@10 0.") for line in lines)
    assert lines[-1] == f"The report is {out / 'report.html'}, with tables beside it."
    report = (out / "report.md").read_text()
    assert report.index("sasrec was stopped by its limit") < report.index("Dataset and")
    assert f"skdiffuasr study {log_file} --augmenters random-seq " in report
    assert f"skdiffuasr {skdiffuasr.__version__}" in report
    assert "| sasrec | random-seq | 0 | 1 of 1 |" in " ".join(report.split())
    assert "run 4/4" in captured.err
    assert "augmenter measured 1/1" in captured.err
    assert (out / "report.html").exists()
    assert "random-seq" in (out / "results.csv").read_text()


def test_study_of_an_ensemble(log_file, tmp_path):
    out = tmp_path / "out"
    options = (
        *FAST,
        "--recommenders=ensemble",
        "--n-estimators=2",
        "--embedding-dim=4",
    )
    assert study(str(log_file), *options, "--out", str(out)) == 0
    assert "ensemble" in (out / "results.csv").read_text()


def test_study_tells_failures(log_file, tmp_path, capsys):
    """No history is longer than the pseudo items that the diffusion should learn."""
    options = [*FAST, "--augmenters=diffusion", "--n-pseudo-items=9"]
    assert study(str(log_file), *options, "--out", str(tmp_path / "out")) == 3
    lines = capsys.readouterr().err.splitlines()
    failures = [line for line in lines if line.startswith("skdiffuasr: failed:")]
    assert len(failures) == 3
    assert "diffusion + markov, seed 0: ValueError" in failures[0]
    assert "failed: quality of diffusion, seed 0: ValueError" in failures[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--augmenters=diffuse"], "'diffuse' is not one of none, asrep"),
        (["--n-negatives=-5"], "--n-negatives must not be negative, got -5"),
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


@pytest.mark.parametrize("item", ["007", "+7", "seven", "\N{FULLWIDTH DIGIT SEVEN}"])
def test_attributes_of_items_that_the_log_cannot_have(log_file, tmp_path, capsys, item):
    path = tmp_path / "attributes.json"
    path.write_text(json.dumps({"3": [1], item: [2]}))
    arguments = [*FAST, "--attributes", str(path), "--out", str(tmp_path / "out")]
    assert study(str(log_file), *arguments) == 1
    error = capsys.readouterr().err
    assert f"has the item id {item!r}, but the items of LOG are integers" in error


def test_attributes_follow_the_items_of_the_log(tmp_path):
    """One item of the log is called 007, and so the others are strings, too."""
    log, attributes = tmp_path / "log.csv", tmp_path / "attributes.json"
    rows = [(user, (user + k) % 9 or "007") for user in range(12) for k in range(5)]
    log.write_text("user,item\n" + "".join(f"{u},{i}\n" for u, i in rows))
    attributes.write_text(json.dumps({str(item): [1] for _, item in rows}))
    options = [*FAST, "--recommenders=s3rec", "--n-negatives=0"]
    out = str(tmp_path / "out")
    assert study(str(log), *options, "--attributes", str(attributes), "--out", out) == 0


@pytest.mark.filterwarnings("default")
def test_a_small_catalogue_lowers_the_negatives(log_file, tmp_path, capsys):
    """Every user has six of twenty items."""
    out = tmp_path / "out"
    options = ["--augmenters=none", "--recommenders=markov", "--seeds=1"]
    assert study(str(log_file), *options, "--out", str(out)) == 0
    assert "uses 14 negatives instead of 100" in capsys.readouterr().err
    assert "among 14 random items" in (out / "report.md").read_text()


def test_other_options_are_refused_unless_forced(log_file, tmp_path, capsys):
    out = tmp_path / "out"
    options = [*FAST, "--recommenders=markov,sasrec", "--out", str(out)]
    assert study(str(log_file), *options) == 0
    capsys.readouterr()
    changed = [*options, "--n-pseudo-items=3"]
    assert study(str(log_file), *changed) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "--n-pseudo-items of random-seq was 2, now 3. The runs of random-" in error
    assert error.endswith("replace the earlier study with --force.")
    assert "force=True" not in error
    assert study(str(log_file), *changed, "--force") == 0
    assert study(str(log_file), *changed) == 0


def test_many_recommenders_still_make_ten_lines(log_file, tmp_path, capsys):
    baselines = ["popularity", "markov"]
    trained = ["sasrec", "sasrec-bce", "gru4rec", "bert4rec", "cl4srec"]
    options = ["--augmenters=none", f"--recommenders={','.join(baselines + trained)}"]
    options += ["--seeds=1", "--max-epochs=1", "--n-negatives=5", "--embedding-dim=4"]
    out = tmp_path / "out"
    assert study(str(log_file), *options, "--out", str(out)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[-2].endswith("more lines in the report.")
