import numpy as np
import pytest

from skdiffuasr.datasets import Interactions, make_sequences
from skdiffuasr.study import run_demo
from skdiffuasr.study.demo import _as_demo_log, _difference_table


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
        "| fit diffusion + SASRec ",
    ):
        assert line in report


def test_pseudo_items_of_the_log_are_dropped():
    log = Interactions([1, 1, 2], [5, 6, 7], is_pseudo=[True, False, False])
    assert _as_demo_log(log, None).histories.to_lists() == [[6], [7]]


def test_histories_that_are_too_short_are_told_before_training(monkeypatch):
    monkeypatch.delattr("skdiffuasr.study.demo.NextItemScorer")
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
    rng = np.random.default_rng(0)
    plain = {"ndcg@10": rng.random(50), "hr@10": rng.random(50)}
    better = {metric: values + 0.25 for metric, values in plain.items()}
    table = _difference_table(
        better, plain, ("few", "many"), np.repeat([0, 1], [49, 1])
    )
    assert table.count("+0.2500 [+0.2500, +0.2500]") == 4
    assert table.splitlines()[-1].count("| - ") == 0
    assert table.splitlines()[-1].split("|")[3].strip() == "-"


@pytest.mark.slow
def test_report_on_the_synthetic_log():
    report = run_demo(max_epochs=1)
    assert "Synthetic log: 3000 users" in report
