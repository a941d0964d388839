import argparse

import pytest

from skdiffuasr._wording import on_command_line, spelled
from skdiffuasr.cli import main
from skdiffuasr.cli.wording import with_options

OPTIONS = argparse.Namespace(max_epochs=1, device="x", n_negatives=3, log="f", k=1)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("The 'k' parameter of recommend must be 1.", "--k must be 1."),
        ("device='tpu' is none; use 'cpu'.", "--device 'tpu' is none; use 'cpu'."),
        ("Got max_epochs=0, k=0.5.", "Got --max-epochs 0, --k 0.5."),
        ("n_negatives=None leaves it", "n_negatives=None leaves it"),
        ("more than max_epochs epochs", "more than --max-epochs epochs"),
        ("a random_state of 3", "a --seed of 3"),
        ("the device of k users in the log", "the device of k users in the log"),
        ("patience=3 and x.max_epochs", "patience=3 and x.max_epochs"),
    ],
)
def test_parameters_become_options(message, expected):
    assert with_options(message, OPTIONS) == expected


@pytest.mark.parametrize(
    ("command", "start"),
    [
        (["fit", "-o=M", "--max-epochs=0"], "--max-epochs must be an int"),
        (["fit", "-o=M", "--device=tpu"], "--device 'tpu' is not a torch device"),
        (["augment", "-o=O", "--n-pseudo-items=50"], "No history of X has more than "),
        (["fit", "-o=M", "--guidance-scale=3"], "Nothing that was chosen takes "),
    ],
)
def test_the_command_line_names_options(log_file, tmp_path, capsys, command, start):
    pytest.importorskip("safetensors")
    name, *options = command
    options = [
        text.replace("=M", f"={tmp_path / 'm.st'}").replace("=O", f"={tmp_path}/o.csv")
        for text in options
    ]
    assert main([name, str(log_file), *options]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"skdiffuasr: error: {start}")
    asked = command[-1].partition("=")[0]
    assert asked in error
    assert f" {asked.removeprefix('--').replace('-', '_')}=" not in error


def test_a_parameter_is_spelled_as_the_place_has_it():
    assert (spelled("time"), spelled("time", "a b")) == ("time=", "time='a b'")
    assert (spelled("time", 2), spelled("header", False)) == ("time=2", "header=False")
    with on_command_line():
        assert (spelled("time_format"), spelled("time", 2)) == (
            "--time-format",
            "--time 2",
        )
        assert spelled("time", "a b") == "--time 'a b'"
        assert (spelled("header", True), spelled("day_first", False)) == (
            "--header",
            "--no-day-first",
        )
    assert spelled("time") == "time="
