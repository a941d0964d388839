import csv
import math
import sys

import numpy as np
import pytest

from skdiffuasr.metrics import Groups
from skdiffuasr.study.records import RunRecord, StudyResults
from skdiffuasr.study.tidy import metric_rows, run_rows, write_csv, write_parquet
from tests.study.synthetic_results import make_results


def test_metrics_by_hand():
    ranks = {"full": np.array([1.0, 3.0, np.inf]), "sampled": np.array([1.0, 1, 11])}
    groups = {"length": Groups(("few", "many", "nobody"), np.array([1, 0, 1]))}
    record = RunRecord("own items", "Markov", 4, ranks)
    rows = metric_rows(StudyResults("log", {}, groups, "full", (record,)))
    found = {
        (row["ranking"], row["metric"], row["group_by"], row["group"]): (
            row["n_users"],
            pytest.approx(row["value"]),
        )
        for row in rows
    }
    assert found == {
        ("full", "ndcg@10", "all", "all"): (3, 0.5),
        ("full", "ndcg@10", "length", "few"): (1, 0.5),
        ("full", "ndcg@10", "length", "many"): (2, 0.5),
        ("full", "hr@10", "all", "all"): (3, 2 / 3),
        ("full", "hr@10", "length", "few"): (1, 1),
        ("full", "hr@10", "length", "many"): (2, 0.5),
        ("full", "mrr", "all", "all"): (3, 4 / 9),
        ("full", "mrr", "length", "few"): (1, 1 / 3),
        ("full", "mrr", "length", "many"): (2, 0.5),
        ("sampled", "ndcg@10", "all", "all"): (3, 2 / 3),
        ("sampled", "ndcg@10", "length", "few"): (1, 1),
        ("sampled", "ndcg@10", "length", "many"): (2, 0.5),
        ("sampled", "hr@10", "all", "all"): (3, 2 / 3),
        ("sampled", "hr@10", "length", "few"): (1, 1),
        ("sampled", "hr@10", "length", "many"): (2, 0.5),
        ("sampled", "mrr", "all", "all"): (3, 23 / 33),
        ("sampled", "mrr", "length", "few"): (1, 1),
        ("sampled", "mrr", "length", "many"): (2, 6 / 11),
    }
    assert {(row["augmenter"], row["recommender"], row["seed"]) for row in rows} == {
        ("own items", "Markov", 4)
    }


def test_every_run_that_did_not_fail_has_all_rows():
    rows = metric_rows(make_results(with_failure=True))
    keys = [tuple(row.values())[:7] for row in rows]
    assert len(set(keys)) == len(keys) == 2 * (2 * 4 - 1) * 3 * 3 * 8
    runs = list(dict.fromkeys(key[:3] for key in keys))
    assert runs[0] == ("none", "SASRec", 0)
    assert runs[1] == ("none", "Markov", 0)
    assert runs[2] == ("own items", "SASRec", 0)


def test_what_the_runs_took():
    rows = run_rows(make_results(with_failure=True).records)
    assert len(rows) == 16
    plain, augmented, failed = rows[0], rows[2], rows[12]
    assert (plain["seconds_fit_augmenter"], plain["seconds_total"]) == (0.0, 2.5)
    assert augmented["seconds_total"] == 14.0
    assert augmented["peak_memory_mib"] == 100.0
    assert (augmented["n_epochs"], augmented["validation_score"]) == (7, 0.25)
    assert (augmented["parameters"], augmented["error"]) == ("{}", "")
    assert failed["error"] == "TypeError: <b>Foo</b>.__init__() got a | b"
    assert math.isnan(failed["seconds_total"])
    assert math.isnan(failed["peak_memory_mib"])


def test_a_csv_file_comes_back(tmp_path):
    rows = [
        {"name": 'with, "quotes"\nand lines', "value": 0.1},
        {"name": "é", "other": 3},
    ]
    path = tmp_path / "new" / "rows.csv"
    write_csv(rows, path)
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert found == [
        {"name": 'with, "quotes"\nand lines', "value": "0.1", "other": ""},
        {"name": "é", "value": "", "other": "3"},
    ]
    assert [other.name for other in path.parent.iterdir()] == ["rows.csv"]


def test_values_are_written_in_full(tmp_path):
    rows = metric_rows(make_results(n_users=30))
    write_csv(rows, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as file:
        found = [float(row["value"]) for row in csv.DictReader(file)]
    assert found == [row["value"] for row in rows]


def test_no_rows_are_an_empty_file(tmp_path):
    write_csv([], tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text().strip() == ""


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.csv"
    write_csv([{"a": 1}], path)

    class Unprintable:
        def __str__(self):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv([{"a": Unprintable()}], path)
    assert path.read_text() == "a\n1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_parquet_file_comes_back(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = run_rows(make_results(n_users=30, with_failure=True).records)
    write_parquet(rows, tmp_path / "rows.parquet")
    found = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    np.testing.assert_equal(found, rows)


def test_parquet_needs_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"skdiffuasr\[frames\]"):
        write_parquet([], tmp_path / "rows.parquet")
