from dataclasses import replace

import numpy as np
import pytest

from skdiffuasr.metrics import ndcg_at_k
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.verdicts import (
    cautions,
    interval,
    p_text,
    summary,
    verdict,
    verdict_sentences,
)
from tests.study.synthetic_results import make_results


def sentences_of(results, change_row=None):
    """Sentences about SASRec."""
    comparisons = compare(results, "filtered", "ndcg@10").assign(**change_row or {})
    return verdict_sentences(results, "SASRec", comparisons)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.01, 0.02, "helps"),
        (-0.01, 0.02, "makes no clear difference"),
        (0.0, 0.02, "makes no clear difference"),
        (-0.02, -0.01, "hurts"),
        (float("nan"), float("nan"), "makes no clear difference"),
    ],
)
def test_verdicts(low, high, expected):
    assert verdict({"low_holm": low, "high_holm": high}) == expected


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
    assert interval(row | {"high": float("inf")}) == "+0.0020"


def test_no_negative_zero():
    row = {"difference": -1e-9, "low": -1e-9, "high": 0.0}
    assert interval(row) == "+0.0000 [+0.0000, +0.0000]"


def plain_mean(results, recommender):
    return np.mean(
        [
            ndcg_at_k(run.ranks["filtered"], 10).mean()
            for run in results.records
            if (run.augmenter, run.recommender) == ("none", recommender)
        ]
    )


def test_a_recommender_below_the_best_baseline_is_named():
    results = make_results(recommenders=("SASRec", "GRU4Rec", "popularity", "Markov"))
    means = {name: plain_mean(results, name) for name in results.recommenders}
    ranked = sorted(means, key=means.__getitem__)
    for n_trained in (1, 3):  # the others are baselines
        best = ranked[-1]
        below = set(ranked[:n_trained])
        results = replace(results, baselines=tuple(ranked[n_trained:]))
        found = cautions(results)
        assert {sentence.split()[0] for sentence in found} == below
        assert found[0].endswith(
            f"is below the baseline {best} ({means[best]:.4f}) without augmentation: "
            "what helps it may help no good recommender."
        )
    assert cautions(replace(results, baselines=tuple(ranked[:2]))) == []


def test_a_study_without_a_baseline_says_so():
    (sentence,) = cautions(make_results())
    assert sentence.startswith("No baseline was run")


def test_a_recommender_stopped_by_its_epoch_limit_is_named():
    """Its runs have 7 epochs each."""
    results = make_results(n_seeds=3, recommenders=("SASRec", "Markov", "GRU4Rec"))
    limits = {"SASRec": 7, "Markov": 0, "GRU4Rec": 8}
    records = tuple(
        replace(
            run, max_epochs=limits[run.recommender] * (1 + (run.augmenter == "worse"))
        )
        for run in results.records
    )
    results = replace(results, records=records, baselines=("Markov",))
    (found,) = [line for line in cautions(results) if "limit" in line]
    assert found.startswith("SASRec was stopped by its limit of 7 epochs in 9 of 12")


def test_the_summary_has_one_line_per_recommender_after_the_cautions():
    results = make_results()
    lines = summary(results, compare(results, "filtered", "ndcg@10"))
    assert lines[: len(cautions(results))] == cautions(results)
    own, worse = (
        np.mean(
            [
                ndcg_at_k(run.ranks["filtered"], 10).mean() * sign
                for run in results.records
                if run.recommender == "SASRec"
                for sign in [(run.augmenter == name) - (run.augmenter == "none")]
            ]
        )
        * 4
        for name in ("own items", "worse")
    )
    line = lines[-2]
    assert line.startswith(
        f"SASRec (NDCG@10 {plain_mean(results, 'SASRec'):.4f}): own items ({own:+.4f})"
    )
    assert line.endswith(f" helps; worse ({worse:+.4f}) hurts.")
    assert lines[-1].startswith("Markov (NDCG@10 ")
