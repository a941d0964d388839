"""The studies of benchmarks/study.py, without running any."""

import sys

import pytest

from benchmarks import study


@pytest.fixture
def made(monkeypatch):
    """What `main` makes and runs."""
    calls = []

    class Study:
        def __init__(self, augmenters, recommenders, seeds):
            calls.append({"augmenters": augmenters, "recommenders": recommenders})

        def run(self, log, folder, **options):
            calls[-1]["folder"] = folder

    monkeypatch.setattr(study, "AugmentationStudy", Study)
    monkeypatch.setattr(study, "read_interactions", lambda path: None)
    return calls


def main(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", ["study", *options])
    study.main()


def test_the_cache_has_one_place_wherever_it_is_called_from(
    made, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    main(monkeypatch, "sasrec", "log.csv", "--out", "out", "--only", "diffusion CF")
    (call,) = made
    assert call["folder"] == tmp_path / "out"
    assert call["augmenters"]["diffusion CF"].memory == str(
        tmp_path / "out" / "trainings"
    )
    assert list(call["augmenters"]) == ["diffusion CF"]


@pytest.mark.parametrize(
    "options", [["--only", "diffusion"], ["--recommenders", "BERT4Rec"]]
)
def test_unknown_names_are_an_error_of_one_line(made, monkeypatch, capsys, options):
    with pytest.raises(SystemExit, match="2"):
        main(monkeypatch, "sasrec", "log.csv", "--out", "out", *options)
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"error: unknown ['{options[1]}']; this part has [" in error
    assert not made
