from dataclasses import replace

import numpy as np
import pytest

from skdiffuasr.metrics import ndcg_at_k
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.verdicts import interval, p_text, verdict, verdict_sentences
from tests.study.synthetic_results import make_results


def sentences_of(results, change_row=None):
    """Sentences about SASRec."""
    comparisons = compare(results, "filtered", "ndcg@10").assign(**change_row or {})
    return verdict_sentences(results, "SASRec", comparisons)


@pytest.mark.parametrize(
    ("low", "high", "p_holm", "expected"),
    [
        (0.01, 0.02, 0.049, "helps"),
        (0.01, 0.02, 0.05, "makes no clear difference"),
        (-0.01, 0.02, 0.01, "makes no clear difference"),
        (-0.02, -0.01, 0.01, "hurts"),
        (0.01, 0.02, float("nan"), "makes no clear difference"),
    ],
)
def test_verdicts(low, high, p_holm, expected):
    assert verdict({"low": low, "high": high, "p_holm": p_holm}) == expected


def test_sentences_say_what_the_numbers_say():
    sentences = sentences_of(make_results())
    starts = ["own items helps: +0.", "diffusion helps: +0.", "worse hurts: -0."]
    starts += ["Best augmenter: own items (0."]
    for sentence, start in zip(sentences, starts, strict=True):
        assert sentence.startswith(start)
        assert "seeds)" not in sentence
    assert "Its lead over diffusion, the next, is clear: +0." in sentences[-1]


def test_seeds_that_are_missing_are_told():
    results = make_results(n_seeds=3)
    records = [r for r in results.records if r.augmenter != "own items" or r.seed == 0]
    sentences = sentences_of(make_results(n_seeds=3, records=tuple(records)))
    assert sentences[0].startswith("own items helps: +0.")
    assert sentences[0].endswith(" (1 of 3 seeds).")
    assert sentences[1].startswith("diffusion helps: +0.")
    assert "seeds)" not in sentences[1]
    assert sentences[-1].endswith(" (1 of 3 seeds).")


def test_the_best_is_that_of_the_table():
    """With the seed that both have the two are one, but the other has better ones."""
    results = make_results(n_seeds=3, shrink={"none": 1.0, "diffusion": 0.8})
    twins = tuple(
        replace(record, augmenter="twin")
        for record in results.records
        if (record.augmenter, record.seed) == ("diffusion", 0)
    )
    of_diffusion = [
        ndcg_at_k(record.ranks["filtered"], 10).mean()
        for record in results.records
        if (record.augmenter, record.recommender) == ("diffusion", "SASRec")
    ]
    means = {"diffusion": np.mean(of_diffusion), "twin": of_diffusion[0]}
    best = max(means, key=means.__getitem__)
    other = min(means, key=means.__getitem__)
    sentences = sentences_of(replace(results, records=results.records + twins))
    assert sentences[-1].startswith(f"Best augmenter: {best} ({means[best]:.4f}).")
    assert f"over {other}, the next, is not clear: +0.0000" in sentences[-1]


def test_an_augmenter_that_always_failed_is_named():
    results = make_results(n_seeds=1, with_failure=True)
    assert "diffusion: no result to compare." in sentences_of(results)


def test_a_reference_that_always_failed_is_named():
    results = make_results(n_seeds=1)
    records = [r for r in results.records if r.augmenter != "none"]
    sentences = sentences_of(make_results(n_seeds=1, records=tuple(records)))
    assert sentences[0] == "own items: none has no result to compare with."
    assert sentences[-1].startswith("Best augmenter: own items (0.")


def test_augmenters_without_a_common_seed():
    results = make_results(n_seeds=2, shrink={"none": 1.0, "own": 0.5, "next": 0.8})
    seeds = {"none": 0, "own": 1, "next": 0}
    records = [r for r in results.records if r.seed == seeds[r.augmenter]]
    sentences = sentences_of(replace(results, records=tuple(records)))
    assert sentences[0].startswith("next helps: +0.")
    assert sentences[1] == "own: no seed in common with none."
    assert sentences[2].startswith("Best augmenter: own (0.")
    assert "lead" not in sentences[2]


def test_gains_that_seeds_put_in_doubt_are_marked():
    sentences = sentences_of(make_results(), {"low_seeds": -1.0, "high_seeds": 1.0})
    assert sentences[0].endswith("; not sure for other seeds: [-1.0000, +1.0000].")


def test_p_values_have_three_decimals():
    texts = [p_text(p) for p in (0.0456, 0.001, 0.0005, float("nan"))]
    assert texts == ["0.046", "0.001", "<0.001", "-"]


def test_an_interval_that_is_not_known_is_left_out():
    row = {"difference": 0.002, "low": -0.001, "high": 0.005}
    assert interval(row) == "+0.0020 [-0.0010, +0.0050]"
    assert interval(row | {"low": float("nan")}) == "+0.0020"


def test_no_negative_zero():
    row = {"difference": -1e-9, "low": -1e-9, "high": 0.0}
    assert interval(row) == "+0.0000 [+0.0000, +0.0000]"
