import math
from dataclasses import replace
from traceback import format_exc

import numpy as np
import pytest

from skdiffuasr.metrics import Groups
from skdiffuasr.study.results import (
    RunRecord,
    StudyResults,
    exception_line,
    run_frame,
)
from tests.study.synthetic_results import TRACEBACK, make_results


def test_names_keep_the_order_of_the_records():
    results = make_results()
    assert results.augmenters == ("none", "own items", "diffusion", "worse")
    assert results.recommenders == ("SASRec", "Markov")
    assert results.seeds == (0, 1)


def test_groups_partition_the_users_and_none_is_empty():
    groups = {"length": Groups(("short", "middle", "long"), np.array([0, 2, 0, 2, 2]))}
    results = StudyResults("log", {}, groups, "full", ())
    found = list(results.user_groups(5))
    assert [(g.group_by, g.group, int(g.users.sum())) for g in found] == [
        ("all", "all", 5),
        ("length", "short", 2),
        ("length", "long", 3),
    ]
    np.testing.assert_array_equal(found[1].users, [True, False, True, False, False])


def test_a_traceback_says_what_went_wrong():
    record = RunRecord("a", "b", 0, {}, error=TRACEBACK)
    assert record.error_line == "TypeError: <b>Foo</b>.__init__() got a | b"
    assert replace(record, error=None).error_line == ""


def test_a_message_may_have_many_lines():
    try:
        try:
            raise KeyError("cause")
        except KeyError:
            raise ValueError("no such item\n  it is 7\nand no other") from None
    except ValueError:
        assert exception_line(format_exc()) == "ValueError: no such item"


def test_the_last_exception_of_a_chain_is_told():
    try:
        try:
            raise KeyError("cause")
        except KeyError as error:
            raise ValueError("consequence\nin two lines") from error
    except ValueError:
        assert exception_line(format_exc()) == "ValueError: consequence"


def test_a_text_that_is_no_traceback():
    assert exception_line("killed\n\n by hand \n") == "by hand"
    assert exception_line("") == ""


def test_ranks_of_other_users_are_refused():
    results = make_results(n_users=5)
    odd = RunRecord("own items", "Markov", 3, {"full": np.ones(4)})
    with pytest.raises(ValueError, match=r"length have 5 .* seed 3, have 4"):
        replace(results, records=(*results.records, odd))


def test_an_unknown_main_ranking_is_refused():
    with pytest.raises(ValueError, match="got 'best'"):
        make_results(main_ranking="best")


def test_failures_are_those_of_candidates_too():
    failed = RunRecord("own items", "Markov", 0, {}, error="ValueError: x")
    fine = RunRecord("own items", "Markov", 0, {})
    results = StudyResults(
        "log", {}, {}, "full", (fine, failed), candidates=(fine, failed)
    )
    assert results.failures == (failed, failed)


def test_metrics_by_hand():
    ranks = {"full": np.array([1.0, 3.0, np.inf]), "sampled": np.array([1.0, 1, 11])}
    groups = {"length": Groups(("few", "many", "nobody"), np.array([1, 0, 1]))}
    record = RunRecord("own items", "Markov", 4, ranks)
    frame = StudyResults("log", {}, groups, "full", (record,)).frame
    rows = frame.to_dict("records")
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
    frame = make_results(with_failure=True).frame
    keys = list(frame.iloc[:, :7].itertuples(index=False, name=None))
    assert len(set(keys)) == len(keys) == 2 * (2 * 4 - 1) * 3 * 3 * 8
    runs = list(dict.fromkeys(key[:3] for key in keys))
    assert runs[0] == ("none", "SASRec", 0)
    assert runs[1] == ("none", "Markov", 0)
    assert runs[2] == ("own items", "SASRec", 0)


def test_what_the_runs_took():
    rows = run_frame(make_results(with_failure=True).records).to_dict("records")
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


def test_names_are_categories_in_their_order():
    """An augmenter whose first seed failed is not the last for that."""
    results = make_results(n_seeds=2)
    records = [r for r in results.records if (r.augmenter, r.seed) != ("none", 0)]
    failed = RunRecord("none", "SASRec", 0, {}, error=TRACEBACK)
    frame = replace(results, records=(failed, *records)).frame
    means = frame.groupby("augmenter", observed=True)["value"].mean()
    assert means.index.tolist() == ["none", "own items", "diffusion", "worse"]


def test_parameters_are_those_that_json_knows():
    parameters = {"weights": {(1, 2): np.int64(3), 4: (None, np.float32(0.5))}, "a": 1}
    record = RunRecord("a", "b", np.int64(1), {}, parameters=parameters)
    assert type(record.seed) is int
    assert list(record.parameters) == ["a", "weights"]
    assert record.parameters["weights"] == {"(1, 2)": 3, "4": [None, 0.5]}
