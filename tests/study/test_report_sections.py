from dataclasses import replace

import numpy as np
import pytest

from skdiffuasr.metrics import ndcg_at_k
from skdiffuasr.study.report_blocks import Items, Table
from skdiffuasr.study.report_sections import report_sections
from tests.study.synthetic_results import make_results


def section_of(results, title):
    (section,) = (part for part in report_sections(results) if part.title == title)
    return section


def tables_of(results, title):
    blocks = section_of(results, title).blocks
    return [block for block in blocks if isinstance(block, Table)]


def values_of(results, augmenter, recommender):
    """NDCG@10 of the main ranking, shape (n_seeds, n_users)."""
    return np.array(
        [
            ndcg_at_k(record.ranks[results.main_ranking], 10)
            for record in results.records
            if (record.augmenter, record.recommender) == (augmenter, recommender)
        ]
    )


def test_the_main_table_by_hand():
    results = make_results()
    for table in tables_of(results, "Augmenters by recommender"):
        assert [row[0] for row in table.rows] == list(results.augmenters)
        for row in table.rows:
            means = values_of(results, row[0], table.title).mean(axis=1)
            assert row[1] == f"{means.mean():.4f} ± {means.std(ddof=1):.4f}"
            assert len(row) == len(table.header) == 7
        assert table.bold == {(1, 1), (1, 2), (1, 3)}  # own items
        assert table.rows[0][4:] == ("-", "-", "-")
        gain = values_of(results, "own items", table.title).mean()
        gain -= values_of(results, "none", table.title).mean()
        assert table.rows[1][4].startswith(f"{gain:+.4f} [")


def test_equals_are_best_together():
    results = make_results(shrink={"none": 1.0, "diffusion": 2.0})
    plain = {r.recommender: r for r in results.records if r.augmenter == "none"}
    records = [plain["SASRec"], replace(plain["SASRec"], augmenter="twin")]
    records += [r for r in results.records if r.augmenter == "diffusion"]
    results = replace(results, records=tuple(records))
    table = tables_of(results, "Augmenters by recommender")[0]
    assert table.bold == {(row, column) for row in (0, 1) for column in (1, 2, 3)}


def test_with_one_seed_there_is_no_spread():
    results = make_results(n_seeds=1)
    for table in tables_of(results, "Augmenters by recommender"):
        assert all(len(row) == len(table.header) == 6 for row in table.rows)
        assert not any("±" in cell for row in table.rows for cell in row)
    assert "one seed" in section_of(results, "In short").blocks[-1]


@pytest.mark.parametrize(
    ("group_by", "title"),
    [
        ("length", "Users by length of the history"),
        ("popularity", "Users by popularity of the target"),
        ("novelty", "Users by whether they have met the target before"),
    ],
)
def test_group_tables_by_hand(group_by, title):
    results = make_results(with_failure=True)
    names, codes = results.groups[group_by]
    tables = tables_of(results, title)
    assert [table.title for table in tables] == ["SASRec", "Markov"]
    for table in tables:
        counts = [
            f"{name} ({(codes == i).sum()} users)" for i, name in enumerate(names)
        ]
        assert list(table.header) == ["augmenter", *counts]
        none = values_of(results, "none", table.title)
        own = values_of(results, "own items", table.title)
        for code in range(len(names)):
            users = codes == code
            assert table.rows[0][1 + code] == f"{none[:, users].mean():.4f}"
            gain = (own - none)[:, users].mean()
            assert table.rows[1][1 + code].startswith(f"{gain:+.4f} [")


def test_costs_are_means_over_the_seeds():
    for table in tables_of(make_results(), "Cost"):
        none, own = table.rows[:2]
        assert none == ("none", "0", "0", "2.5", "0.5", "3", "7", "100")
        assert own == ("own items", "10", "1.5", "2.5", "0.5", "14.5", "7", "100")


def test_failures_are_listed_with_their_last_line():
    (table,) = tables_of(make_results(with_failure=True), "Failures")
    line = "TypeError: <b>Foo</b>.__init__() got a | b"
    assert table.rows == (
        ("diffusion", "SASRec", "1", line),
        ("diffusion", "Markov", "1", line),
        ("own items", "(quality of pseudo items)", "0", "ValueError: y"),
    )


def test_quality_of_those_that_generate():
    (table,) = tables_of(make_results(), "Pseudo items")
    assert table.header == ("augmenter", "hit rate")
    assert table.rows == (("diffusion", "0.1250"),)


def test_the_main_ranking_is_explained():
    blocks = section_of(make_results(), "Log and protocol").blocks
    assert blocks[0].startswith("Leave-last-out:")
    assert blocks[1].startswith("Seen items are filtered from the ranking, as the log")
    assert ("has repeats", "no") in blocks[2].rows
    blocks = section_of(make_results(main_ranking="full"), "Log and protocol").blocks
    assert blocks[1].startswith("All items are ranked, seen ones too")


def test_every_recommender_has_a_verdict():
    lists = [
        block
        for block in section_of(make_results(), "In short").blocks
        if isinstance(block, Items)
    ]
    assert [block.title for block in lists] == ["SASRec", "Markov"]
    assert all(len(block.items) == 4 for block in lists)


def test_what_there_is_nothing_to_say_about_is_left_out():
    records = tuple(r for r in make_results().records if r.augmenter == "none")
    for record in records:
        del record.ranks["sampled"]
    results = make_results(records=records, quality=(), groups={})
    assert [section.title for section in report_sections(results)] == [
        "Log and protocol",
        "Augmenters by recommender",
        "Cost",
    ]


def test_a_study_in_which_all_failed_is_reported():
    records = tuple(r for r in make_results(with_failure=True).records if r.error)
    results = make_results(records=records, quality=())
    assert [section.title for section in report_sections(results)] == [
        "Log and protocol",
        "Failures",
    ]
