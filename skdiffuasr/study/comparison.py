"""How much better an augmenter is than none and than its best rival, and how sure."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray
from skdiffuasr.metrics import parse_metric
from skdiffuasr.metrics._checks import check_resampling
from skdiffuasr.study.records import RANKINGS, StudyResults
from skdiffuasr.study.seed_interval import seed_interval
from skdiffuasr.study.tidy import Row

# Numbers drawn at a time: 8 MB of indices and as much of counts.
_BATCH_NUMBERS = 1_000_000
# Rounding must not decide whether a resample lies as far away; metrics are in [0, 1].
_SLACK = 1e-12

#: Seed to one value per test user.
_Runs: TypeAlias = dict[int, FloatArray]


class _Pair(NamedTuple):
    """Two augmenters that are compared, and the seeds that both have."""

    recommender: str
    augmenter: str
    reference: str
    seeds: tuple[int, ...]


def compare(
    results: StudyResults,
    ranking: str,
    metric: str,
    *,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
    random_state: int = 0,
) -> list[Row]:
    """Compare every augmenter with none and with its best rival.

    The rival is the other augmenter with the highest mean; for the best it is the
    second. A user's values are averaged over the seeds that both have. Then users are
    drawn anew with replacement, as in `paired_bootstrap`, but the same draws serve all
    augmenters and recommenders. That interval holds for the seeds at hand. A second
    one, of `seed_interval`, holds for other users and other seeds; with few seeds it
    is wide.

    Parameters
    ----------
    results : StudyResults
        What was found. Runs that failed are left out.
    ranking : {"full", "filtered", "sampled"}
        Which ranks to use.
    metric : str
        Such as ``"ndcg@10"``; see `parse_metric`.
    n_resamples : int, default=2000
        Number of resamples. A p-value is at least ``1 / (n_resamples + 1)``: from 15
        augmenters on, 2000 are too few to correct for all their pairs.
    confidence_level : float, default=0.95
        Probability content of the intervals.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    rows : list of dict
        One per recommender, augmenter, reference and group of users, with the columns
        ``recommender``, ``augmenter``, ``reference`` (the reference of `results` or a
        rival), ``group_by``, ``group``, ``n_users``, ``n_seeds``, ``value``,
        ``reference_value``, ``difference``, ``relative`` (to the reference's value),
        ``seed_std`` (standard deviation of the difference over seeds), ``low``,
        ``high`` and ``p_value`` over users, ``low_seeds``, ``high_seeds`` and
        ``p_seeds`` over users and seeds, and ``p_holm``: ``p_value`` corrected over
        the augmenters of a recommender, for all users only. As the rival is chosen by
        the results, the p-values against it are corrected as if every augmenter had
        been tested against every other one. What cannot be known, from one user or
        one seed, is NaN. Augmenters that share no seed are not compared.

    Raises
    ------
    ValueError
        If the ranking or the metric is not known, `n_resamples` is less than 1, or
        `confidence_level` does not lie between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.study.comparison import compare
    >>> from skdiffuasr.study.records import RunRecord, StudyResults
    >>> records = (
    ...     RunRecord("none", "Markov", 0, {"full": np.array([1.0, 2.0, 4.0])}),
    ...     RunRecord("own items", "Markov", 0, {"full": np.array([1.0, 1.0, 2.0])}),
    ... )
    >>> results = StudyResults("tiny log", {}, {}, "full", records)
    >>> [row] = compare(results, "full", "mrr")
    >>> round(row["difference"], 3), round(row["relative"], 3)
    (0.25, 0.429)
    """
    if ranking not in RANKINGS:
        raise ValueError(f"ranking must be one of {RANKINGS}, got {ranking!r}.")
    check_resampling(n_resamples, confidence_level)
    runs = _values_per_user(results, ranking, metric)
    pairs = _pairs(runs, results.reference)
    if not pairs:
        return []
    row_of = {
        (*names, seed): row
        for row, (names, seed) in enumerate(
            (names, seed) for names, of_seeds in runs.items() for seed in of_seeds
        )
    }
    values = np.stack(
        [values for of_seeds in runs.values() for values in of_seeds.values()]
    )
    found: dict[_Pair, list[Row]] = {pair: [] for pair in pairs}
    for group in results.user_groups(values.shape[1]):
        of_group = values[:, group.users]
        means = of_group.mean(axis=1)
        resampled = _resampled_means(of_group, n_resamples, random_state)
        for pair in pairs:
            recommender, augmenter, reference, seeds = pair
            ours = [row_of[recommender, augmenter, seed] for seed in seeds]
            theirs = [row_of[recommender, reference, seed] for seed in seeds]
            found[pair].append(
                {
                    "recommender": recommender,
                    "augmenter": augmenter,
                    "reference": reference,
                    "group_by": group.group_by,
                    "group": group.group,
                    "n_users": of_group.shape[1],
                    "n_seeds": len(seeds),
                    **_difference(means[ours], means[theirs]),
                    **_over_users(
                        (means[ours] - means[theirs]).mean(),
                        (resampled[ours] - resampled[theirs]).mean(axis=0),
                        confidence_level,
                        is_known=of_group.shape[1] > 1,
                    ),
                    **_over_both(of_group[ours] - of_group[theirs], confidence_level),
                    "p_holm": np.nan,
                }
            )
    rows = [row for of_pair in found.values() for row in of_pair]
    _add_holm(rows, runs, results.reference)
    return rows


def holm(p_values: Sequence[float], n_hypotheses: int | None = None) -> list[float]:
    """Correct p-values for their number by Holm's step-down procedure [1]_.

    Parameters
    ----------
    p_values : sequence of n floats
        The p-values of one family of hypotheses.
    n_hypotheses : int or None, default=None
        Size of the family where only n of its p-values are given. The others count
        as if they were the largest, which is safe. None stands for n.

    Returns
    -------
    corrected : list of n floats
        In the same order. To reject those below 0.05 keeps the probability of any
        false rejection below 0.05.

    References
    ----------
    .. [1] Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6(2), 1979.

    Examples
    --------
    >>> from skdiffuasr.study.comparison import holm
    >>> holm([0.25, 0.125, 0.5])
    [0.5, 0.375, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    n = len(p) if n_hypotheses is None else n_hypotheses
    stepped = np.maximum.accumulate(p[order] * (n - np.arange(len(p))))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]


def _values_per_user(
    results: StudyResults, ranking: str, metric: str
) -> dict[tuple[str, str], _Runs]:
    """Values of the metric by recommender and augmenter, and by seed."""
    function = parse_metric(metric)[1]
    runs: dict[tuple[str, str], _Runs] = {}
    for record in results.records:
        if ranking in record.ranks:
            of_seeds = runs.setdefault((record.recommender, record.augmenter), {})
            of_seeds[record.seed] = function(record.ranks[ranking])
    return runs


def _pairs(runs: dict[tuple[str, str], _Runs], reference: str) -> list[_Pair]:
    """List what is compared with what, by recommender and augmenter."""
    pairs = []
    for recommender in dict.fromkeys(name for name, _ in runs):
        means = {
            augmenter: np.mean([values.mean() for values in of_seeds.values()])
            for (name, augmenter), of_seeds in runs.items()
            if name == recommender and augmenter != reference
        }
        for augmenter in means:
            rivals = [name for name in means if name != augmenter]
            others = [reference]
            if rivals:
                others.append(max(rivals, key=means.__getitem__))
            for other in others:
                ours = runs[recommender, augmenter].keys()
                theirs = runs.get((recommender, other), {}).keys()
                if ours & theirs:
                    seeds = tuple(sorted(ours & theirs))
                    pairs.append(_Pair(recommender, augmenter, other, seeds))
    return pairs


def _resampled_means(
    values: FloatArray, n_resamples: int, random_state: int
) -> npt.NDArray[np.float64]:
    """Means of every row over resampled columns, shape (n_rows, n_resamples)."""
    n_rows, n_users = values.shape
    rng = np.random.default_rng(random_state)
    means = np.empty((n_rows, n_resamples))
    batch_size = max(1, _BATCH_NUMBERS // n_users)
    for start in range(0, n_resamples, batch_size):
        stop = min(start + batch_size, n_resamples)
        drawn = rng.integers(n_users, size=(stop - start, n_users))
        drawn += n_users * np.arange(stop - start)[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=drawn.size)
        counts = counts.reshape(drawn.shape).astype(np.float64)
        means[:, start:stop] = values @ counts.T / n_users
    return means


def _difference(ours: FloatArray, theirs: FloatArray) -> Row:
    """Means over the seeds, their difference and its spread, from shape (n_seeds,)."""
    value, reference_value = float(ours.mean()), float(theirs.mean())
    difference = float((ours - theirs).mean())
    return {
        "value": value,
        "reference_value": reference_value,
        "difference": difference,
        "relative": difference / reference_value if reference_value > 0 else np.nan,
        "seed_std": float((ours - theirs).std(ddof=1)) if len(ours) > 1 else np.nan,
    }


def _over_users(
    difference: float,
    resampled: FloatArray,
    confidence_level: float,
    *,
    is_known: bool,
) -> Row:
    """Interval and p-value over users, from resamples of shape (n_resamples,)."""
    if not is_known:
        return dict.fromkeys(("low", "high", "p_value"), np.nan)
    quantiles = [0.5 - confidence_level / 2, 0.5 + confidence_level / 2]
    low, high = np.quantile(resampled, quantiles).tolist()
    distances = np.abs(resampled - difference)
    n_extreme = np.count_nonzero(distances >= abs(difference) - _SLACK)
    p_value = (1 + n_extreme) / (1 + len(resampled))
    return {"low": low, "high": high, "p_value": p_value}


def _over_both(differences: FloatArray, confidence_level: float) -> Row:
    """Interval and p-value over users and seeds, from shape (n_seeds, n_users)."""
    low, high, p_value = seed_interval(differences, confidence_level)
    return {"low_seeds": low, "high_seeds": high, "p_seeds": p_value}


def _add_holm(
    rows: list[Row], runs: dict[tuple[str, str], _Runs], reference: str
) -> None:
    """Correct the p-values of all users within a recommender, for either reference."""

    def family(row: Row) -> tuple[str, bool]:
        return row["recommender"], row["reference"] == reference

    of_all = sorted((row for row in rows if row["group_by"] == "all"), key=family)
    for (recommender, is_plain), members in groupby(of_all, key=family):
        # The best and the second are each other's rivals: one hypothesis, two rows.
        rows_of: dict[frozenset[str], list[Row]] = {}
        for row in members:
            pair = frozenset((row["augmenter"], row["reference"]))
            rows_of.setdefault(pair, []).append(row)
        augmenters = [
            name for of, name in runs if of == recommender and name != reference
        ]
        corrected = holm(
            [same[0]["p_value"] for same in rows_of.values()],
            # The rivals were chosen by the results, out of all pairs.
            None if is_plain else math.comb(len(augmenters), 2),
        )
        for same, p_holm in zip(rows_of.values(), corrected, strict=True):
            for row in same:
                row["p_holm"] = p_holm
