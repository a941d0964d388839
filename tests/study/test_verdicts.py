import pytest

from skdiffuasr.study.comparison import compare
from skdiffuasr.study.verdicts import interval, verdict, verdict_sentences
from tests.study.synthetic_results import make_results


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
    results = make_results(with_failure=True)
    rows = compare(results, "filtered", "ndcg@10")
    sentences = verdict_sentences(results, "SASRec", rows)
    starts = ["own items helps: +0.", "diffusion helps: +0.", "worse hurts: -0."]
    starts += ["Best augmenter: own items (0."]
    for sentence, start in zip(sentences, starts, strict=True):
        assert sentence.startswith(start)
    assert "Its lead over diffusion, the next, is clear: +0." in sentences[-1]


def test_an_augmenter_that_always_failed_is_named():
    results = make_results(n_seeds=1, with_failure=True)
    rows = compare(results, "filtered", "ndcg@10")
    assert "diffusion: no result to compare." in verdict_sentences(
        results, "SASRec", rows
    )


def test_gains_that_seeds_put_in_doubt_are_marked():
    results = make_results(n_seeds=1)
    rows = compare(results, "filtered", "ndcg@10")
    for row in rows:
        row |= {"low_seeds": -1.0, "high_seeds": 1.0}
    sentence = verdict_sentences(results, "SASRec", rows)[0]
    assert sentence.endswith("; not sure for other seeds: [-1.0000, +1.0000].")


def test_no_negative_zero():
    row = {"difference": -1e-9, "low": -1e-9, "high": 0.0}
    assert interval(row) == "+0.0000 [+0.0000, +0.0000]"
