from dataclasses import replace

import numpy as np
import pytest

from skdiffuasr.metrics import ndcg_at_k
from skdiffuasr.study.blocks import Items, Picture, Table
from skdiffuasr.study.results import RunRecord
from skdiffuasr.study.verdicts import cautions
from tests.study.synthetic_results import TRACEBACK, make_results, sections_of


def section_of(results, title):
    (section,) = (part for part in sections_of(results) if part.title == title)
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
            assert len(row) == len(table.header) == 8
        assert table.bold == {(1, 1), (1, 2), (1, 3)}  # own items
        assert table.rows[0][4:] == ("-", "-", "-", "-")
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


def test_trainings_out_of_a_cache_are_mentioned():
    (text, *_) = section_of(make_results(), "Cost").blocks
    assert "cache" not in text
    (text, *_) = section_of(make_results(with_memory=("diffusion",)), "Cost").blocks
    assert "by diffusion: training runs that come from the cache are not in its" in text


def with_candidates():
    """Two settings of diffusion + Markov, the first of which failed."""
    results = make_results(n_seeds=2)
    candidates = tuple(
        RunRecord(
            "diffusion",
            "Markov",
            0,
            {},
            parameters={"augmenter__gamma": gamma},
            error=TRACEBACK if gamma == 1 else None,
        )
        for gamma in (1, 2)
    )
    records = [
        replace(record, parameters={"augmenter__gamma": 2})
        if (record.augmenter, record.recommender) == ("diffusion", "Markov")
        else record
        for record in results.records
    ]
    return replace(results, records=tuple(records), candidates=candidates)


def test_chosen_parameters_are_shown():
    (table,) = tables_of(with_candidates(), "Chosen parameters")
    assert len(table.rows) == 4 * 2
    assert ("diffusion", "Markov", "2", "augmenter__gamma=2") in table.rows
    assert ("none", "SASRec", "0", "-") in table.rows


def test_parameters_look_as_they_do_once_they_are_read_from_disk():
    results = make_results(n_seeds=1)
    fresh, read = (
        replace(
            results,
            records=tuple(replace(r, parameters=parameters) for r in results.records),
            candidates=results.records,
        )
        for parameters in ({"b": (1, 2), "a": 3}, {"a": 3, "b": [1, 2]})
    )
    (table,) = tables_of(fresh, "Chosen parameters")
    assert table == tables_of(read, "Chosen parameters")[0]
    assert table.rows[0][-1] == "a=3, b=[1, 2]"


def test_quality_is_of_the_parameters_as_given():
    assert "as given" not in section_of(make_results(), "Pseudo items").blocks[0]
    (text, _) = section_of(with_candidates(), "Pseudo items").blocks
    assert text.endswith("as given, before parameters are chosen for them.")


def test_candidates_that_failed_are_listed():
    (table,) = tables_of(with_candidates(), "Failures")
    line = "TypeError: <b>Foo</b>.__init__() got a | b"
    names = ("diffusion", "Markov", "0, candidate augmenter__gamma=1")
    assert table.rows[0] == (*names, line)
    assert len(table.rows) == 2  # and the quality of own items


def test_seeds_that_are_missing_are_told_in_every_table():
    results = make_results(n_seeds=3, with_failure=True)
    main = tables_of(results, "Augmenters by recommender")
    groups = tables_of(results, "Users by length of the history")
    sampled = tables_of(results, "Ranking among sampled items")
    for table in (*main, *groups, *sampled):
        names = [row[0] for row in table.rows]
        assert names == ["none", "own items", "diffusion (2 of 3 seeds)", "worse"]
    for table in main:
        assert table.rows[2][4].endswith("] (2 of 3 seeds)")
        assert "seeds" not in table.rows[1][4]
    assert "a gain is of those that both" in section_of(results, "In short").blocks[-1]


def test_a_reference_with_fewer_seeds_is_told():
    results = make_results(n_seeds=2)
    records = [r for r in results.records if (r.augmenter, r.seed) != ("none", 1)]
    results = replace(results, records=tuple(records))
    for title in ("Augmenters by recommender", "Users by popularity of the target"):
        for table in tables_of(results, title):
            assert table.rows[0][0] == "none (1 of 2 seeds)"
    for table in tables_of(results, "Augmenters by recommender"):
        assert table.rows[1][0] == "own items"
        assert table.rows[1][4].endswith("] (1 of 2 seeds)")


def test_groups_without_a_reference_are_left_out():
    results = make_results()
    records = tuple(r for r in results.records if r.augmenter != "none")
    sections = sections_of(replace(results, records=records))
    assert [section.title for section in sections] == [
        "In short",
        "Dataset and protocol",
        "Augmenters by recommender",
        "Ranking among sampled items",
        "Cost",
        "Pseudo items",
        "Failures",
    ]
    assert not any(isinstance(block, Picture) for block in sections[2].blocks)


def test_failures_are_listed_with_their_last_line():
    results = make_results(with_failure=True)
    (text, _) = section_of(results, "Failures").blocks
    assert "in the folder runs" in text
    assert "in quality.csv" in text
    (table,) = tables_of(results, "Failures")
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
    blocks = section_of(make_results(), "Dataset and protocol").blocks
    assert blocks[0].startswith("Leave-last-out:")
    assert blocks[1].startswith(
        "Seen items are filtered from the ranking, as the dataset"
    )
    assert ("has repeats", "no") in blocks[2].rows
    blocks = section_of(
        make_results(main_ranking="full"), "Dataset and protocol"
    ).blocks
    assert blocks[1].startswith("All items are ranked, seen ones too")


def test_every_recommender_has_a_verdict():
    lists = [
        block
        for block in section_of(make_results(), "In short").blocks
        if isinstance(block, Items)
    ]
    assert lists.pop(0).items == tuple(cautions(make_results()))
    assert [block.title for block in lists] == ["SASRec", "Markov"]
    assert all(len(block.items) == 4 for block in lists)


def test_what_there_is_nothing_to_say_about_is_left_out():
    records = tuple(r for r in make_results().records if r.augmenter == "none")
    for record in records:
        del record.ranks["sampled"]
    results = make_results(records=records, quality=(), groups={})
    assert [section.title for section in sections_of(results)] == [
        "In short",
        "Dataset and protocol",
        "Augmenters by recommender",
        "Cost",
    ]


def test_a_study_in_which_all_failed_is_reported():
    records = tuple(r for r in make_results(with_failure=True).records if r.error)
    results = make_results(records=records, quality=())
    assert [section.title for section in sections_of(results)] == [
        "In short",
        "Dataset and protocol",
        "Failures",
    ]


def test_how_the_report_was_made():
    results = make_results(n_seeds=1)
    settings = {
        "protocol": "temporal",
        "seeds": [0],
        "augmenters": {
            "none": {},
            "own items": {"class": "Own", "m": 3, "content": "x"},
        },
        "recommenders": {"SASRec": {"class": "SASRecEstimator", "dropout": 0.2}},
    }
    made = {"version": "skdiffuasr 1", "date": "2026-01-31", "command": "Python"}
    records = [replace(run, max_epochs=9) for run in results.records[:1]]
    records.append(replace(results.records[1], n_epochs=0))
    results = replace(results, settings=settings, made=made, records=tuple(records))
    facts, shown, epochs = tables_of(results, "How this report was made")
    assert dict(facts.rows) == made
    assert shown.rows == (
        ("study", "protocol", "temporal"),
        ("study", "seeds", "[0]"),
        ("own items", "class", "Own"),
        ("own items", "m", "3"),
        ("SASRec", "class", "SASRecEstimator"),
        ("SASRec", "dropout", "0.2"),
    )
    assert epochs.rows == (
        ("SASRec", "none", "0", "7 of 9"),
        ("Markov", "none", "0", "-"),
    )
