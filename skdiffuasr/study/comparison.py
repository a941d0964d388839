"""How much better an augmenter is than none and than the best other, and how sure."""

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray
from skdiffuasr.metrics import parse_metric
from skdiffuasr.metrics._checks import check_resampling
from skdiffuasr.metrics.bootstrap import (
    BootstrapResult,
    bootstrap_result,
    resampled_means,
)
from skdiffuasr.metrics.holm import holm
from skdiffuasr.metrics.next_item_ranks import RANKINGS
from skdiffuasr.metrics.seed_interval import seed_interval
from skdiffuasr.study.results import StudyResults

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("recommender", "augmenter", "reference", "group_by", "group")
_COLUMNS = [
    *_NAMES,
    *("n_users", "n_seeds", "value", "reference_value", "difference", "relative"),
    *("seed_std", "low", "high", "p_value", "low_seeds", "high_seeds", "p_seeds"),
    *("p_holm", "low_holm", "high_holm"),
]

#: (Recommender, augmenter) to seed to one value per test user.
_Runs: TypeAlias = dict[tuple[str, str], dict[int, FloatArray]]


#: (Recommender, augmenter, reference) to their values, (2, n_seeds, n_users): the
#: augmenter's and the reference's, with the seeds that both have.
_Pairs: TypeAlias = dict[tuple[str, str, str], FloatArray]


def compare(
    results: StudyResults,
    ranking: str,
    metric: str,
    *,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
    random_state: int = 0,
) -> "pd.DataFrame":
    """Compare every augmenter with none and with the best other one, by a metric.

    The best other augmenter is that with the highest mean; for the best itself it is
    the second. A user's values are averaged over the seeds that both have. Then users
    are drawn anew with replacement, as in `paired_bootstrap`, but the same draws serve
    all augmenters and recommenders. That interval holds for the seeds at hand. A
    second one, of `seed_interval`, holds for other users and other seeds; with few
    seeds it is wide. A p-value is at least ``2 / (n_resamples + 1)``: from 11
    augmenters on, 2000 are too few to correct for all their pairs.

    Return one row per recommender, augmenter, reference (that of `results`, or the best
    other augmenter) and group of users. ``seed_std`` is of the difference; ``p_holm``
    is ``p_value`` corrected over the augmenters of a recommender, for all users only,
    and against the best other augmenter, which the results chose, as if every pair had
    been tested. ``low_holm`` and ``high_holm`` are widened as much: they leave out 0
    exactly where ``p_holm`` is below ``1 - confidence_level``. What cannot be known,
    from one user or one seed, is NaN.
    """
    if ranking not in RANKINGS:
        raise ValueError(f"ranking must be one of {RANKINGS}, got {ranking!r}.")
    check_resampling(n_resamples, confidence_level)
    runs = _values_per_user(results, ranking, metric)
    pairs = _pairs(runs, results.reference)
    if not pairs:
        return results.ordered([], _COLUMNS)
    differences = np.stack(
        [(ours - theirs).mean(axis=0) for ours, theirs in pairs.values()]
    )
    groups = list(results.user_groups(differences.shape[1]))
    resampled = [
        resampled_means(
            differences[:, users], n_resamples, np.random.default_rng(random_state)
        )
        for _, _, users in groups
    ]
    rows = [
        {
            **dict(zip(_NAMES, (*names, group.group_by, group.group), strict=True)),
            **_contrast(values[..., group.users], of_pairs[number], confidence_level),
        }
        for number, (names, values) in enumerate(pairs.items())
        for group, of_pairs in zip(groups, resampled, strict=True)
    ]
    comparisons = results.ordered(rows, _COLUMNS)
    _add_holm(comparisons, runs, results.reference)
    for number, of_pair in enumerate(resampled[0]):  # of all users
        row = number * len(groups)
        level = _corrected_level(comparisons.loc[row], confidence_level)
        if not math.isnan(level):
            wide = bootstrap_result(np.nan, of_pair, level)
            comparisons.loc[row, ["low_holm", "high_holm"]] = wide.low, wide.high
    return comparisons


def _values_per_user(results: StudyResults, ranking: str, metric: str) -> _Runs:
    function = parse_metric(metric)[1]
    runs: _Runs = {}
    for record in results.records:
        if ranking in record.ranks:
            of_seeds = runs.setdefault((record.recommender, record.augmenter), {})
            of_seeds[record.seed] = function(record.ranks[ranking])
    return runs


def _pairs(runs: _Runs, reference: str) -> _Pairs:
    """List what is compared with what, by recommender and augmenter."""
    pairs: _Pairs = {}
    for recommender in dict.fromkeys(name for name, _ in runs):
        means = {
            augmenter: np.mean([values.mean() for values in of_seeds.values()])
            for (name, augmenter), of_seeds in runs.items()
            if name == recommender and augmenter != reference
        }
        for augmenter in means:
            others = [name for name in means if name != augmenter]
            best_other = [max(others, key=means.__getitem__)] if others else []
            for other in (reference, *best_other):
                ours = runs[recommender, augmenter]
                theirs = runs.get((recommender, other), {})
                if seeds := sorted(ours.keys() & theirs.keys()):
                    pairs[recommender, augmenter, other] = np.stack(
                        [
                            [of_seeds[seed] for seed in seeds]
                            for of_seeds in (ours, theirs)
                        ]
                    )
    return pairs


def _contrast(
    values: FloatArray,
    resampled: npt.NDArray[np.float64],
    confidence_level: float,
) -> dict[str, Any]:
    """Compare ours with theirs, (2, n_seeds, n_users), given resampled differences."""
    ours, theirs = values
    differences = ours - theirs
    n_seeds, n_users = differences.shape
    of_seeds = differences.mean(axis=1)
    difference, reference_value = float(of_seeds.mean()), float(theirs.mean())
    over_users = BootstrapResult(difference, np.nan, np.nan, np.nan)
    if n_users > 1:
        over_users = bootstrap_result(difference, resampled, confidence_level)
    over_both = seed_interval(differences, confidence_level)
    return {
        "n_users": n_users,
        "n_seeds": n_seeds,
        "value": float(ours.mean()),
        "reference_value": reference_value,
        "relative": difference / reference_value if reference_value > 0 else np.nan,
        "seed_std": float(of_seeds.std(ddof=1)) if n_seeds > 1 else np.nan,
        **over_users._asdict(),
        "low_seeds": over_both.low,
        "high_seeds": over_both.high,
        "p_seeds": over_both.p_value,
    }


def _add_holm(comparisons: "pd.DataFrame", runs: _Runs, reference: str) -> None:
    """Correct the p-values of all users within a recommender, for either reference."""
    of_all = comparisons[comparisons["group_by"] == "all"]
    is_plain = of_all["reference"] == reference
    for (recommender, plain), family in of_all.groupby(
        ["recommender", is_plain], observed=True
    ):
        # The two best are compared with each other: one hypothesis, two rows.
        names = zip(family["augmenter"], family["reference"], strict=True)
        family = family.assign(hypothesis=[frozenset(pair) for pair in names])
        distinct = family.drop_duplicates("hypothesis")
        n_augmenters = sum(of == recommender and name != reference for of, name in runs)
        # The best other was chosen by the results, out of all pairs.
        n_hypotheses = None if plain else math.comb(n_augmenters, 2)
        corrected = holm(distinct["p_value"], n_hypotheses)
        p_holm = dict(zip(distinct["hypothesis"], corrected, strict=True))
        comparisons.loc[family.index, "p_holm"] = family["hypothesis"].map(p_holm)


def _corrected_level(row: "pd.Series", confidence_level: float) -> float:
    """Return the level whose interval belongs to the corrected p-value, or NaN."""
    return float(1 - (1 - confidence_level) * row["p_value"] / row["p_holm"])
