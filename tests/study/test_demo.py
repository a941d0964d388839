import numpy as np
import pytest

from skdiffuasr import MarkovRecommender, RandomSequenceAugmenter
from skdiffuasr.datasets import Interactions, make_sequences
from skdiffuasr.metrics import Groups
from skdiffuasr.study import RunRecord, StudyResults, run_demo
from skdiffuasr.study.demo import _difference_table


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
    for line in (
        "| popularity ",
        "| Markov chain ",
        "| SASRec ",
        "| diffusion + SASRec ",
        "| <=5 items ",
        "| by popularity ",
        "| diffusion + Markov chain ",
    ):
        assert line in report


def test_pseudo_items_of_the_log_are_dropped():
    X = make_sequences(n_users=80, n_items=30, random_state=0).X
    prefixes = RandomSequenceAugmenter(2, random_state=0).fit_transform(X)
    found, expected = (
        run_demo(log_of(rows), n_pseudo_items=2, max_epochs=1).partition("## Sec")[0]
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
    assert "| diffusion + SASRec " in report
    assert "\n\nNot measured: No history" in report


def test_differences_are_paired():
    """From rank 3 to rank 1 NDCG gains a half, and the hit rate nothing."""
    records = tuple(
        RunRecord(name, "SASRec", 0, {"full": np.full(50, rank)})
        for name, rank in (("none", 3), ("diffusion", 1))
    )
    groups = {"length": Groups(("few", "many"), np.repeat([0, 1], [49, 1]))}
    table = _difference_table(StudyResults("log", {}, groups, "full", records))
    _, _, *lines = table.splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    ndcg = ["0.5000", "1.0000", "+0.5000 [+0.5000, +0.5000]"]
    hits = ["1.0000", "1.0000", "+0.0000 [+0.0000, +0.0000]"]
    assert cells[0] == ["all", "50", *ndcg, *hits]
    assert cells[1] == ["few items", "49", *ndcg, *hits]
    # Nothing is known of the spread between users.
    one = ["1", "0.5000", "1.0000", "+0.5000", "1.0000", "1.0000", "+0.0000"]
    assert cells[2] == ["many items", *one]


def test_a_training_that_fails_is_an_error(monkeypatch):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(MarkovRecommender, "fit", fail)
    log = log_of(make_sequences(60, 30, random_state=0).X)
    with pytest.raises(RuntimeError, match=r"none \+ Markov chain: OSError: no space"):
        run_demo(log, n_pseudo_items=2, max_epochs=1)


@pytest.mark.slow
def test_report_on_the_synthetic_log():
    report = run_demo(max_epochs=1)
    assert "Synthetic log: 2000 users" in report
