import numpy as np
import pytest

from skdiffuasr import MarkovRecommender, RandomSequenceAugmenter
from skdiffuasr.datasets import Interactions, make_sequences
from skdiffuasr.study import run_demo


def log_of(X):
    columns = X.to_interactions()
    return Interactions(
        columns["user"],
        columns["item"],
        columns["position"],
        is_pseudo=columns["is_pseudo"],
    )


def test_report_on_a_log_of_a_file(tmp_path):
    log = make_sequences(n_users=120, n_items=40, random_state=0).X.to_interactions()
    path = tmp_path / "log.txt"
    np.savetxt(path, np.column_stack([log["user"], log["item"]]), fmt="%d")
    report = run_demo(path, n_pseudo_items=3, max_epochs=1)
    assert "log.txt: 120 users" in report
    for name in ("popularity", "Markov chain", "SASRec"):
        assert f"### {name}\n\n- diffusion " in report
        assert f"### {name}\n\n| augmenter " in report
    assert " <=5 (84 users) |" in report
    assert "| by popularity " in report
    assert "cache" not in report


def test_pseudo_items_of_the_log_are_dropped():
    X = make_sequences(n_users=80, n_items=30, random_state=0).X
    prefixes = RandomSequenceAugmenter(2, random_state=0).fit_transform(X)
    found, expected = (
        run_demo(log_of(rows), n_pseudo_items=2, max_epochs=1).partition("## Cost")[0]
        for rows in (prefixes, X)
    )
    assert found == expected


def test_histories_that_are_too_short_are_told_before_training(monkeypatch):
    monkeypatch.delattr("skdiffuasr.study.demo.AugmentationStudy")
    log = Interactions(np.repeat(np.arange(9), 5), np.arange(45) % 7)
    with pytest.raises(ValueError, match=r"has 3 items; .* n_pseudo_items=3"):
        run_demo(log, n_pseudo_items=3, max_epochs=1)


@pytest.mark.filterwarnings("ignore:.*training pairs")
def test_a_comparison_is_not_lost_if_nearness_cannot_be_measured():
    """The only long history would have to be set aside and trained on."""
    lengths = np.array([12, *[4] * 59])
    items = np.random.default_rng(0).integers(1, 16, lengths.sum())
    log = Interactions(np.repeat(np.arange(60), lengths), items)
    report = run_demo(log, n_pseudo_items=3, max_epochs=1)
    assert "### SASRec\n\n- diffusion " in report
    assert "\n\nNot measured: No history" in report


def test_a_training_run_that_fails_is_an_error(monkeypatch):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(MarkovRecommender, "fit", fail)
    log = log_of(make_sequences(60, 30, random_state=0).X)
    with pytest.raises(RuntimeError, match=r"none \+ Markov chain: OSError: no space"):
        run_demo(log, n_pseudo_items=2, max_epochs=1)


@pytest.mark.slow
def test_report_on_the_synthetic_log():
    report = run_demo(max_epochs=1)
    assert "Synthetic dataset: 2000 users" in report
