import importlib.util

import numpy as np
import pandas as pd
import pytest

from skdiffuasr.metrics import parse_metric
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.report import write_report
from skdiffuasr.study.results import METRICS
from skdiffuasr.study.store import REPORT_FILES
from tests.study.synthetic_results import make_results


def test_the_report_is_what_a_foreign_folder_must_not_have(tmp_path):
    results = make_results(n_users=40)
    candidates = results.records[:1]
    write_report(make_results(n_users=40, candidates=candidates), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(REPORT_FILES)


def test_a_parquet_file_comes_back(tmp_path):
    pytest.importorskip("pyarrow")
    results = make_results(n_users=40, with_failure=True)
    write_report(results, tmp_path)
    found = pd.read_parquet(tmp_path / "results.parquet")
    pd.testing.assert_frame_equal(found, results.frame)


def test_comparisons_are_those_of_each_metric(tmp_path):
    results = make_results(n_users=40)
    write_report(results, tmp_path)
    found = pd.read_csv(tmp_path / "comparisons.csv")
    assert found["metric"].unique().tolist() == list(METRICS)
    for metric in METRICS:
        expected = compare(results, "filtered", metric)["difference"]
        of_metric = found.loc[found["metric"] == metric, "difference"]
        np.testing.assert_allclose(of_metric, expected, rtol=1e-12)


def test_what_is_not_installed_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    write_report(make_results(n_users=40), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"results.parquet", "figures"}.isdisjoint(names)
    assert "![" not in (tmp_path / "report.md").read_text()
    assert "<img" not in (tmp_path / "report.html").read_text()


def test_recommenders_are_compared_with_the_first_without_augmentation(tmp_path):
    results = make_results(n_users=40, recommenders=("SASRec", "Markov", "GRU4Rec"))
    write_report(results, tmp_path)
    found = pd.read_csv(tmp_path / "recommenders.csv")
    found = found[(found["group"] == "all") & (found["reference"] == "SASRec")]
    values = {
        name: np.mean(
            [
                parse_metric("ndcg@10")[1](run.ranks["filtered"]).mean()
                for run in results.records
                if (run.augmenter, run.recommender) == ("none", name)
            ]
        )
        for name in ("SASRec", "Markov", "GRU4Rec")
    }
    assert found["recommender"].tolist() == ["Markov", "GRU4Rec"]
    expected = [values[name] - values["SASRec"] for name in found["recommender"]]
    np.testing.assert_allclose(found["difference"], expected, rtol=1e-9)
    text = (tmp_path / "report.md").read_text()
    assert "## Recommenders without augmentation" in text
    assert "gain over SASRec [95 %, users]" in text
    assert "| recommender" in text


def test_one_recommender_is_not_compared(tmp_path):
    write_report(make_results(n_users=40, recommenders=("SASRec",)), tmp_path)
    assert not (tmp_path / "recommenders.csv").exists()
    assert "without augmentation" not in (tmp_path / "report.md").read_text()
