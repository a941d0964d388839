import math

import numpy as np
import pytest
from scipy import stats

from skdiffuasr.metrics import ndcg_at_k, paired_bootstrap
from skdiffuasr.study.comparison import compare as compare_in_a_frame
from skdiffuasr.study.results import RunRecord, StudyResults
from tests.metrics.test_holm import naive_holm
from tests.study.synthetic_results import make_results


def compare(*args, **options):
    """Rows of the comparison."""
    return compare_in_a_frame(*args, **options).to_dict("records")


def results_of(runs, **fields):
    """Results of one recommender from (augmenter, seed, ranks)."""
    records = tuple(
        RunRecord(augmenter, "Markov", seed, {"full": np.asarray(ranks, dtype=float)})
        for augmenter, seed, ranks in runs
    )
    return StudyResults("log", {}, {}, "full", records, **fields)


def row_of(rows, augmenter, reference="none", recommender="SASRec", group="all"):
    (row,) = (
        row
        for row in rows
        if (row["augmenter"], row["reference"]) == (augmenter, reference)
        and (row["recommender"], row["group"]) == (recommender, group)
    )
    return row


def test_one_family_is_a_recommender_and_a_kind_of_reference():
    rows = compare(make_results(), "full", "ndcg@10")
    n_families = 0
    for recommender in ("SASRec", "Markov"):
        for against_none in (True, False):
            family = [
                row
                for row in rows
                if row["recommender"] == recommender
                and row["group_by"] == "all"
                and (row["reference"] == "none") == against_none
            ]
            assert len(family) == 3
            if not against_none:
                # The two best are compared with each other: one hypothesis, two rows.
                lead, gap, worst = sorted(
                    family, key=lambda row: row["augmenter"] == "worse"
                )
                assert lead["p_value"] == gap["p_value"]
                assert lead["p_holm"] == gap["p_holm"]
                family = [lead, worst]
            p_values = [row["p_value"] for row in family]
            if not against_none:
                p_values.append(1.0)  # of three augmenters there are three pairs
            expected = naive_holm(p_values)[: len(family)]
            assert [row["p_holm"] for row in family] == pytest.approx(expected)
            n_families += 1
    assert n_families == 4
    assert all(math.isnan(row["p_holm"]) for row in rows if row["group_by"] != "all")


def test_differences_by_hand():
    results = results_of(
        [
            ("none", 0, [2, 4]),
            ("none", 1, [4, 4]),
            ("own", 0, [1, 2]),
            ("own", 1, [2, 4]),
        ]
    )
    [row] = compare(results, "full", "mrr")
    assert (row["n_users"], row["n_seeds"]) == (2, 2)
    assert row["value"] == pytest.approx(0.5625)
    assert row["reference_value"] == pytest.approx(0.3125)
    assert row["difference"] == pytest.approx(0.25)
    assert row["relative"] == pytest.approx(0.8)
    # By seed the differences are 0.375 and 0.125.
    assert row["seed_std"] == pytest.approx(math.sqrt(2) * 0.125)


def test_each_group_is_compared_alone():
    results = make_results()
    users = results.groups["length"].codes == 1
    ours, theirs = (
        np.mean(
            [
                ndcg_at_k(record.ranks["filtered"], 10)
                for record in results.records
                if (record.augmenter, record.recommender) == (augmenter, "Markov")
            ],
            axis=0,
        )
        for augmenter in ("own items", "none")
    )
    rows = compare(results, "filtered", "ndcg@10")
    row = row_of(rows, "own items", recommender="Markov", group="6-20")
    expected = paired_bootstrap(
        ours[users], theirs[users], n_resamples=20_000, random_state=1
    )
    assert row["n_users"] == users.sum()
    assert row["difference"] == pytest.approx(expected.difference)
    width = expected.high - expected.low
    assert row["low"] == pytest.approx(expected.low, abs=0.05 * width)
    assert row["high"] == pytest.approx(expected.high, abs=0.05 * width)


def test_p_values_are_those_of_the_paired_bootstrap():
    rng = np.random.default_rng(3)
    theirs = rng.integers(1, 8, 60)
    ours = np.maximum(1, theirs - (rng.random(60) < 0.15) + (rng.random(60) < 0.08))
    results = results_of([("none", 0, theirs), ("own", 0, ours)])
    [row] = compare(results, "full", "mrr", n_resamples=20_000)
    expected = paired_bootstrap(
        1 / ours, 1 / theirs, n_resamples=20_000, random_state=1
    )
    assert 0.02 < expected.p_value < 0.98
    assert row["p_value"] == pytest.approx(expected.p_value, abs=0.02)


def test_one_seed_says_nothing_of_others():
    for row in compare(make_results(n_seeds=1), "full", "ndcg@10"):
        assert row["n_seeds"] == 1
        assert row["low"] < row["high"]
        for name in ("seed_std", "low_seeds", "high_seeds", "p_seeds"):
            assert math.isnan(row[name])


def test_seeds_that_disagree_widen_the_interval_over_both():
    theirs = np.full(200, 2.0)
    better, worse = np.full(200, 1.0), np.full(200, 4.0)
    runs = [("none", seed, theirs) for seed in range(4)]
    runs += [("own", seed, better if seed else worse) for seed in range(4)]
    [row] = compare(results_of(runs), "full", "mrr")
    # All users agree, so that the seeds are all there is.
    assert row["low"] == pytest.approx(row["high"]) == pytest.approx(0.3125)
    differences = np.array([-0.25, 0.5, 0.5, 0.5])
    expected = stats.ttest_1samp(differences, 0.0)
    low, high = expected.confidence_interval()
    assert row["low_seeds"] == pytest.approx(low)
    assert row["high_seeds"] == pytest.approx(high)
    assert row["p_seeds"] == pytest.approx(expected.pvalue)
    assert row["seed_std"] == pytest.approx(differences.std(ddof=1))


def test_intervals_cover_the_truth():
    rng = np.random.default_rng(0)
    n_studies, n_users, covered, covered_both = 100, 80, 0, 0
    for _ in range(n_studies):
        # The chance of a hit is 0.5 for one and 0.7 for the other.
        runs = [
            (name, seed, np.where(rng.random(n_users) < chance, 1, 100))
            for name, chance in (("none", 0.5), ("own", 0.7))
            for seed in range(2)
        ]
        [row] = compare(results_of(runs), "full", "hr@10", n_resamples=500)
        covered += row["low"] <= 0.2 <= row["high"]
        covered_both += row["low_seeds"] <= 0.2 <= row["high_seeds"]
    assert covered >= 87  # of 95 expected; fewer have a probability of 0.0005
    assert covered_both >= covered


def test_the_second_reference_is_the_best_other():
    rows = compare(make_results(), "full", "ndcg@10")
    references = {
        row["augmenter"]: row["reference"] for row in rows if row["reference"] != "none"
    }
    assert references == {
        "own items": "diffusion",
        "diffusion": "own items",
        "worse": "own items",
    }
    lead = row_of(rows, "own items", "diffusion")
    gap = row_of(rows, "diffusion", "own items")
    assert lead["difference"] == pytest.approx(-gap["difference"])
    assert lead["difference"] > 0


def test_seeds_that_only_one_has_do_not_count():
    results = make_results(with_failure=True)
    rows = compare(results, "full", "ndcg@10")
    assert row_of(rows, "diffusion")["n_seeds"] == 1
    assert row_of(rows, "own items")["n_seeds"] == 2
    first = make_results(n_seeds=2, with_failure=True).records[:8]
    expected = compare(make_results(records=first), "full", "ndcg@10")
    assert row_of(rows, "diffusion")["difference"] == pytest.approx(
        row_of(expected, "diffusion")["difference"]
    )


def test_augmenters_without_a_common_seed_are_not_compared():
    results = results_of(
        [("none", 0, [1, 2]), ("own", 1, [1, 1]), ("other", 0, [3, 3])]
    )
    rows = compare(results, "full", "mrr")
    assert [(row["augmenter"], row["reference"]) for row in rows] == [("other", "none")]


def test_equal_models_are_not_told_apart():
    ranks = np.arange(1, 50)
    [row] = compare(results_of([("none", 0, ranks), ("own", 0, ranks)]), "full", "mrr")
    assert (row["difference"], row["p_value"]) == (0.0, 1.0)
    assert (row["low"], row["high"]) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_what_cannot_be_known_is_nan():
    [row] = compare(results_of([("none", 0, [20]), ("own", 0, [1])]), "full", "ndcg@10")
    assert row["difference"] == 1.0
    for name in ("low", "high", "p_value", "low_seeds", "p_seeds", "relative"):
        assert math.isnan(row[name])


def test_a_comparison_does_not_depend_on_other_augmenters():
    rows = compare(make_results(), "full", "ndcg@10")
    few = make_results()
    pair = [r for r in few.records if r.augmenter in ("none", "own items")]
    alone = compare(make_results(records=tuple(pair)), "full", "ndcg@10")
    for name in ("difference", "low", "high", "p_value", "low_seeds", "high_seeds"):
        assert row_of(alone, "own items")[name] == pytest.approx(
            row_of(rows, "own items")[name]
        )


def test_nothing_to_compare():
    assert compare(results_of([("none", 0, [1, 2])]), "full", "mrr") == []
    assert compare(make_results(with_failure=False, records=()), "full", "mrr") == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"n_resamples": 0}, "n_resamples == 0, must be >= 1"),
        ({"confidence_level": 95}, "confidence_level == 95, must be < 1"),
    ],
)
def test_bad_options_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        compare(make_results(n_users=5), "full", "mrr", **option)


def test_the_best_of_equals_is_not_taken_for_better():
    """The reference of the best is chosen, too: ten pairs of five augmenters."""
    rng = np.random.default_rng(0)
    n_studies, n_clear = 100, 0
    for study in range(n_studies):
        runs = [(name, 0, rng.integers(1, 20, 50)) for name in ("none", *"abcde")]
        rows = compare(
            results_of(runs), "full", "mrr", n_resamples=400, random_state=study
        )
        n_clear += any(
            row["p_holm"] < 0.05 for row in rows if row["reference"] != "none"
        )
    assert n_clear <= 12  # of 5 expected at most


def test_unknown_names_are_refused():
    results = make_results(n_users=5)
    with pytest.raises(ValueError, match=r"ranking must be one of .* got 'best'"):
        compare(results, "best", "mrr")
    with pytest.raises(ValueError, match="Unknown metric"):
        compare(results, "full", "ndcg")


def test_no_p_value_is_zero():
    """However clear a difference is, so many resamples cannot show more."""
    ranks = np.full(200, 50.0)
    [row] = compare(
        results_of([("none", 0, ranks), ("own", 0, ranks / 50)]),
        "full",
        "mrr",
        n_resamples=99,
    )
    assert row["p_value"] == row["p_holm"] == 2 / 100


@pytest.mark.parametrize("confidence_level", [0.8, 0.95])
def test_interval_and_p_value_never_contradict_each_other(confidence_level):
    rng = np.random.default_rng(4)
    plain = rng.integers(1, 9, 60)
    n_clear = 0
    for _ in range(10):
        runs = [("none", seed, plain) for seed in (0, 1)]
        for name in "abcde":
            luck = rng.random(60) < rng.uniform(0, 0.6)
            moved = rng.choice([1, 2, 3, 4, 9], 60)
            runs += [(name, seed, np.where(luck, moved, plain)) for seed in (0, 1)]
        for row in compare(
            results_of(runs), "full", "mrr", confidence_level=confidence_level
        ):
            for p_value, suffix in (("p_value", ""), ("p_holm", "_holm")):
                outside = row["low" + suffix] > 0 or row["high" + suffix] < 0
                assert outside == (row[p_value] < 1 - confidence_level - 1e-12)
            assert row["low_holm"] <= row["low"]
            assert row["high"] <= row["high_holm"]
            n_clear += outside
    assert 5 < n_clear < 95
