"""Results of a study that nobody ran."""

import numpy as np

from skdiffuasr.metrics import Groups
from skdiffuasr.study.comparison import compare
from skdiffuasr.study.results import RunRecord, StudyResults
from skdiffuasr.study.sections import report_sections

#: How much an augmenter shrinks the ranks.
SHRINK = {"none": 1.0, "own items": 0.5, "diffusion": 0.8, "worse": 2.0}
TRACEBACK = (
    "Traceback (most recent call last):\n  File 'x.py', line 1\n"
    "TypeError: <b>Foo</b>.__init__() got a | b\n"
)


def make_results(
    n_users=400,
    n_seeds=2,
    shrink=SHRINK,
    recommenders=("SASRec", "Markov"),
    with_failure=False,
    **fields,
):
    """Make results whose ranks are noisy multiples of a user's difficulty."""
    rng = np.random.default_rng(0)
    difficulty = rng.exponential(30, n_users)
    records = []
    for seed in range(n_seeds):
        for augmenter, factor in shrink.items():
            for recommender in recommenders:
                if with_failure and (augmenter, seed) == ("diffusion", n_seeds - 1):
                    record = RunRecord(
                        augmenter, recommender, seed, {}, error=TRACEBACK
                    )
                    records.append(record)
                    continue
                noise = np.exp(rng.normal(0, 0.2, n_users))
                full = 1 + np.floor(factor * difficulty * noise)
                ranks = {
                    "full": full,
                    "filtered": np.maximum(1, full - 2),
                    "sampled": np.where(full > 90, np.inf, 1 + full // 10),
                }
                seconds = {"fit recommender": 2.0 + seed, "predict": 0.5}
                if augmenter != "none":
                    seconds = {"fit augmenter": 10.0, "transform": 1.5} | seconds
                records.append(
                    RunRecord(
                        augmenter, recommender, seed, ranks, seconds, 100.0, 7, 0.25
                    )
                )
    groups = {
        "length": Groups(("<=5", "6-20", ">20"), rng.integers(3, size=n_users)),
        "popularity": Groups(("head", "tail"), rng.integers(2, size=n_users)),
        "novelty": Groups(("new", "repeated"), rng.integers(2, size=n_users)),
    }
    return StudyResults(
        **{
            "dataset_name": "Log <1>",
            "description": {
                "protocol": "leave_last_out",
                "n_test_users": n_users,
                "has_repeats": False,
                "n_negatives": 100,
            },
            "groups": groups,
            "main_ranking": "filtered",
            "records": tuple(records),
            "quality": (
                {"augmenter": "diffusion", "seed": 0, "hit_rate": 0.125},
                {"augmenter": "own items", "seed": 0, "error": "x\nValueError: y"},
            ),
            **fields,
        }
    )


def sections_of(results):
    comparisons = compare(results, results.main_ranking, "ndcg@10")
    return report_sections(results, comparisons)
