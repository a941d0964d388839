from dataclasses import replace
from traceback import format_exc

import numpy as np
import pytest

from skdiffuasr.metrics import Groups
from skdiffuasr.study.records import RunRecord, StudyResults, exception_line
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
