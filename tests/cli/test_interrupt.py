"""Ctrl-C: exit code 130, one line, and nothing that is half done."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from skdiffuasr.cli import main
from skdiffuasr.training import loop

pytest.importorskip("safetensors")

TINY = ["--max-epochs=3", "--embedding-dim=8", "--n-pseudo-items=2", "--device=cpu"]
SAVE = "--save-model=OUT/model.st"
IN_TRAINING = """
import os, signal, sys
from skdiffuasr.cli import main
from skdiffuasr.training import loop

def interrupted(*arguments):
    mean_loss = train_epoch(*arguments)
    os.kill(os.getpid(), signal.SIGINT)
    return mean_loss

signal.signal(signal.SIGINT, signal.default_int_handler)
train_epoch, loop._train_epoch = loop._train_epoch, interrupted
sys.exit(main(sys.argv[1:]))
"""


def filled(command, log_file, out):
    return [
        text.replace("LOG", str(log_file)).replace("OUT", str(out)) for text in command
    ]


@pytest.fixture
def interrupt(monkeypatch):
    """Let SIGINT come after the first call of a function."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt_after(owner, name):
        function = getattr(owner, name)

        def interrupted(*args, **kwargs):
            result = function(*args, **kwargs)
            signal.raise_signal(signal.SIGINT)
            return result

        monkeypatch.setattr(owner, name, interrupted)

    yield interrupt_after
    signal.signal(signal.SIGINT, before)


def interrupt_before_renaming(monkeypatch):
    """Let SIGINT come when a file is written, but under its temporary name."""
    waiting = []

    def replace(temporary, path):
        waiting.append(temporary.stat().st_size)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Path, "replace", replace)
    return waiting


@pytest.mark.parametrize(
    "command",
    [
        ["fit", "LOG", "-o", "OUT/model.st", "--augmenter=diffusion"],
        ["augment", "LOG", "-o", "OUT/out.csv", SAVE],
    ],
    ids=["fit", "augment"],
)
def test_a_signal_ends_the_process(log_file, tmp_path, command):
    out = tmp_path / "out"
    out.mkdir()
    result = subprocess.run(
        [sys.executable, "-c", IN_TRAINING, *filled(command, log_file, out), *TINY],
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr.endswith("skdiffuasr: interrupted\n")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["fit", "LOG", "-o", "OUT/model.st", *TINY[:2]],
        ["augment", "LOG", "-o", "OUT/out.csv", *TINY],
        ["evaluate", "LOG", "-o", "OUT/out.json", *TINY[:2]],
        [
            "demo",
            "--data=LOG",
            "-o",
            "OUT/report.md",
            "--n-pseudo-items=2",
            "--max-epochs=3",
        ],
    ],
    ids=lambda command: command[0],
)
def test_an_interrupted_training_writes_nothing(
    log_file, tmp_path, capsys, interrupt, command
):
    pytest.importorskip("pandas")
    out = tmp_path / "out"
    out.mkdir()
    interrupt(loop, "_train_epoch")
    assert main(filled(command, log_file, out)) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    *progress, last = captured.err.splitlines()
    assert last == "skdiffuasr: interrupted"
    assert all("user = " in line or "run " in line for line in progress)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["fit", "LOG", "-o", "OUT/model.st", "--recommender=markov"],
        ["augment", "LOG", "-o", "OUT/out.csv.gz", "--augmenter=random"],
        ["augment", "LOG", "-o", "OUT/out.parquet", "--augmenter=random"],
        ["augment", "LOG", "-o", "OUT/out.csv", "--augmenter=random", SAVE],
        ["evaluate", "LOG", "-o", "OUT/out.json", "--recommender=markov"],
        ["recommend", "MODEL", "LOG", "-o", "OUT/top.csv"],
    ],
    ids=["fit", "augment", "augment-parquet", "augment-save", "evaluate", "recommend"],
)
def test_an_interrupt_while_writing_leaves_no_file(
    log_file, tmp_path, capsys, interrupt, monkeypatch, command
):
    pytest.importorskip("pyarrow")
    out, model = tmp_path / "out", tmp_path / "markov.st"
    out.mkdir()
    if "MODEL" in command:
        main(["fit", str(log_file), "-o", str(model), "--recommender=markov"])
    command = [text.replace("MODEL", str(model)) for text in command]
    waiting = interrupt_before_renaming(monkeypatch)
    assert main(filled(command, log_file, out)) == 130
    assert waiting[0] > 0
    assert capsys.readouterr().err.endswith("skdiffuasr: interrupted\n")
    assert list(out.iterdir()) == []


def test_an_interrupted_study_goes_on_later(
    log_file, tmp_path, capsys, interrupt, monkeypatch
):
    pytest.importorskip("pandas")
    out = tmp_path / "out"
    command = ["study", "LOG", "--out", "OUT", "--augmenters=random-seq", "--seeds=1"]
    command += ["--recommenders=markov,sasrec", "--n-negatives=5"]
    command = filled([*command, *TINY[:1], *TINY[2:]], log_file, out)
    interrupt(loop, "_train_epoch")
    assert main(command) == 130
    assert capsys.readouterr().err.endswith("skdiffuasr: interrupted\n")
    assert not list(out.glob("**/.*"))
    done = {path: path.stat().st_mtime_ns for path in out.glob("runs/*.json")}
    assert len(done) == 1
    monkeypatch.undo()
    assert main(command) == 0
    runs = {path: path.stat().st_mtime_ns for path in out.glob("runs/*.json")}
    assert len(runs) == 4
    assert done.items() < runs.items()
