"""Ranking metrics in the form that scikit-learn's searches take."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_scalar

from skdiffuasr._typing import FloatArray, IdArray, IntArray, SequencesLike
from skdiffuasr.metrics._checks import check_targets, check_weights
from skdiffuasr.metrics._routing import WeightedScorer
from skdiffuasr.metrics.fitted_attribute import fitted_attribute
from skdiffuasr.metrics.groups import (
    Groups,
    check_length_bins,
    check_popularity_bins,
    length_groups,
    novelty_groups,
    popularity_groups,
)
from skdiffuasr.metrics.lists import ListMetric, best_items, longest
from skdiffuasr.metrics.next_item_ranks import next_item_ranks
from skdiffuasr.metrics.ranking import RankMetric, parse_metric
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences


class NextItemScorer(WeightedScorer):
    """Score recommenders by the rank of the held-out next item.

    The estimator scores the whole catalogue once, a block of rows at a time, and all
    metrics come from the resulting ranks. An instance is a multi-metric `scoring` for
    ``GridSearchCV`` and ``cross_validate``.

    Parameters
    ----------
    metrics : sequence of str, default=("ndcg@10", "hr@10", "mrr")
        Names of metrics: those of :func:`parse_metric`, and ``"coverage@k"``,
        ``"novelty@k"`` and ``"diversity@k"`` of the recommended lists, see the notes.
    filter_seen : bool, default=False
        Remove the items of a user's history, as given to the scorer, from the ranking,
        except the target. Negatives are never among them.
    n_negatives : int or None, default=None
        Rank the target among this many random items that the user has not seen instead
        of the whole catalogue, to reproduce published numbers; not a basis for
        choosing a model, see :func:`sampled_target_ranks`. The metrics are then named
        ``"ndcg@10/neg100"``.
    length_bins : sequence of int or None, default=None
        Add every metric for groups of users by the number of their observed items, as
        ``"ndcg@10[<=5]"``. See :func:`length_groups`.
    popularity_bins : sequence of float or None, default=None
        Add every metric for groups of users by the popularity of their target, as
        ``"ndcg@10[head]"``. See :func:`popularity_groups`. The estimator needs
        `item_counts_`.
    by_novelty : bool, default=False
        Add every metric for users who have interacted with their target before and
        for the others, as ``"ndcg@10[repeated]"`` and ``"ndcg@10[new]"``. See
        :func:`novelty_groups`.
    block_size : int or None, default=None
        Number of rows scored at a time, which bounds the memory and changes no result.
        None takes as many as keep the scores to 64 MiB, and at least 64.
    random_state : int, default=0
        Seed of the negatives. A user keeps the same ones for every estimator.

    See Also
    --------
    make_next_item_scorer : A scorer that returns a single float.

    Notes
    -----
    The estimator needs `item_ids_` and a ``decision_function(X)`` of shape
    (n, n_items) whose columns follow them. Both are found through pipelines and
    fitted searches. A target that is not in `item_ids_` is a miss.

    The metrics of lists are of the k best items of the whole catalogue for every user,
    without those of the history if `filter_seen` [1]_ [2]_ [3]_. Coverage is the share
    of the catalogue that is recommended to anyone; it is not in :meth:`per_user`.
    Novelty is the mean self-information ``-log2(count / total)`` of the items by their
    `item_counts_`, in bits; an item that was not in training counts as met once.
    Diversity is one minus the mean cosine over the pairs of a list, where an item is
    the set of the scored histories that have it; an item in none is like no other.

    References
    ----------
    .. [1] Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy: evaluating recommender
       systems by coverage and serendipity", RecSys 2010.
    .. [2] Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender
       systems", PNAS 2010 (novelty).
    .. [3] Ziegler et al., "Improving recommendation lists through topic
       diversification", WWW 2005 (diversity).

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.metrics import NextItemScorer
    >>> class Popularity:
    ...     item_ids_ = np.array([10, 20, 30])
    ...     def decision_function(self, X):
    ...         return np.tile([5.0, 9.0, 1.0], (len(X), 1))
    >>> scorer = NextItemScorer(metrics=("hr@1", "mrr"))
    >>> scorer(Popularity(), X=[[10], [30, 10]], y=[20, 10])
    {'hr@1': 0.5, 'mrr': 0.75}
    """

    def __init__(
        self,
        metrics: Sequence[str] = ("ndcg@10", "hr@10", "mrr"),
        *,
        filter_seen: bool = False,
        n_negatives: int | None = None,
        length_bins: Sequence[int] | None = None,
        popularity_bins: Sequence[float] | None = None,
        by_novelty: bool = False,
        block_size: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.metrics = metrics
        self.filter_seen = filter_seen
        self.n_negatives = n_negatives
        self.length_bins = length_bins
        self.popularity_bins = popularity_bins
        self.by_novelty = by_novelty
        self.block_size = block_size
        self.random_state = random_state

    def __call__(
        self,
        estimator: Any,
        X: SequencesLike,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> dict[str, float]:
        """Average the metrics over the users.

        Parameters
        ----------
        estimator : object
            A fitted recommender, or a pipeline or search that ends in one.
        X : Sequences or iterable of n sequences of item ids
            One history per user, oldest item first.
        y : array-like of shape (n,)
            Id of each user's next item.
        sample_weight : array-like of shape (n,) or None, default=None
            Weight of each user in the averages.

        Returns
        -------
        scores : dict of str to float
            Every metric over all users, then over each group. The names depend on the
            parameters alone; a group without users has NaN.

        Raises
        ------
        TypeError
            If an id is neither an integer nor a string.
        ValueError
            If `y` or `sample_weight` do not fit `X`, a parameter is not accepted, or
            the estimator returns NaN or a wrong shape.
        AttributeError
            If the estimator has no `item_ids_`.
        """
        X = check_sequences(X)
        weights = check_weights(sample_weight, len(X))
        y = check_targets(y, len(X))
        values, lists = self._evaluate(estimator, X, y)
        n_items = len(fitted_attribute(estimator, "item_ids_"))
        everybody = Groups(("",), np.zeros(len(X), dtype=np.int64))
        scores = {}
        for groups in (everybody, *self._groups(estimator, X, y)):
            for code, group in enumerate(groups.names):
                rows = groups.codes == code
                for name, metric in self._metric_functions().items():
                    if isinstance(metric, ListMetric) and name not in values:
                        score = metric.coverage(lists[rows & (weights > 0)], n_items)
                    else:
                        score = _average(values[name][rows], weights[rows])
                    scores[f"{name}[{group}]" if group else name] = score
        return scores

    def per_user(
        self, estimator: Any, X: SequencesLike, y: npt.ArrayLike
    ) -> dict[str, FloatArray]:
        """Compute the metrics of each user, for :func:`paired_bootstrap` and plots.

        Parameters
        ----------
        estimator, X, y
            As when the scorer is called.

        Returns
        -------
        values : dict of str to ndarray of shape (n,), dtype float64
            ``"rank"``, the rank of the target (`inf` for a miss, the mean over the
            order of ties), and every metric but coverage, which users have together.
        """
        X = check_sequences(X)
        return self._evaluate(estimator, X, check_targets(y, len(X)))[0]

    def check_parameters(self) -> None:
        """Raise TypeError or ValueError if a parameter is not accepted."""
        self._metric_functions()
        check_scalar(self.random_state, "random_state", Integral)
        for name in ("block_size", "n_negatives"):
            if getattr(self, name) is not None:
                check_scalar(getattr(self, name), name, Integral, min_val=1)
        if self.length_bins is not None:
            check_length_bins(self.length_bins, "length_bins")
        if self.popularity_bins is not None:
            check_popularity_bins(self.popularity_bins, "popularity_bins")

    def _evaluate(
        self, estimator: Any, X: Sequences, y: IdArray
    ) -> tuple[dict[str, FloatArray], IntArray]:
        """Return ranks and metrics per user, and the lists that some metrics are of."""
        self.check_parameters()
        metrics = self._metric_functions()
        of_lists = {n: m for n, m in metrics.items() if isinstance(m, ListMetric)}
        lists: list[IntArray] = []
        k = longest(of_lists.values())

        def keep_best(scores: FloatArray, seen: Sequences) -> None:
            lists.append(best_items(scores, seen if self.filter_seen else None, k))

        ranking = "filtered" if self.filter_seen else "full"
        if self.n_negatives is not None:
            ranking = "sampled"
        (ranks,) = next_item_ranks(
            estimator,
            X,
            y,
            [ranking],
            n_negatives=self.n_negatives or 0,
            block_size=self.block_size,
            random_state=self.random_state,
            on_scores=keep_best if of_lists else None,
        ).values()
        values = {"rank": ranks.expected}
        best = np.concatenate(lists) if lists else np.empty((len(X), 0), dtype=np.int64)
        if of_lists:
            item_counts = fitted_attribute(estimator, "item_counts_")
            item_ids = fitted_attribute(estimator, "item_ids_")
            histories = encode_sequences(X.variants[0], item_ids)
        for name, metric in metrics.items():
            if not isinstance(metric, ListMetric):
                values[name] = metric(ranks)
            elif (found := metric.per_user(best, item_counts, histories)) is not None:
                values[name] = found
        return values, best

    def _metric_functions(self) -> dict[str, RankMetric | ListMetric]:
        """Return the metrics by the name under which they are reported."""
        if isinstance(self.metrics, str):
            raise ValueError(
                f"metrics must be a sequence of names, got {self.metrics!r}; "
                f"make_next_item_scorer({self.metrics!r}) gives a scorer of one metric."
            )
        suffix = "" if self.n_negatives is None else f"/neg{self.n_negatives}"
        found: dict[str, RankMetric | ListMetric] = {}
        for name in self.metrics:
            of_lists = ListMetric.parse(name)
            if of_lists is not None and suffix:
                raise ValueError(
                    f"{name} is of lists from the whole catalogue; it cannot be had "
                    f"with n_negatives={self.n_negatives}."
                )
            found[f"{name}{suffix}"] = of_lists or parse_metric(name)[1]
        return found

    def _groups(self, estimator: Any, X: Sequences, y: IdArray) -> list[Groups]:
        """Partition the users as asked for."""
        groups = []
        if self.length_bins is not None:
            groups.append(length_groups(X.lengths - X.n_pseudo, self.length_bins))
        if self.popularity_bins is not None:
            targets = encode_items(y, fitted_attribute(estimator, "item_ids_"))
            item_counts = fitted_attribute(estimator, "item_counts_")
            groups.append(popularity_groups(targets, item_counts, self.popularity_bins))
        if self.by_novelty:
            groups.append(novelty_groups(X, y))
        return groups


class SingleMetricScorer(WeightedScorer):
    """Return the only number of a `NextItemScorer` of one metric and no groups."""

    def __init__(self, scorer: NextItemScorer) -> None:
        self.scorer = scorer

    def __call__(
        self,
        estimator: Any,
        X: SequencesLike,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> float:
        """Average the metric over the users; see `NextItemScorer`."""
        (score,) = self.scorer(estimator, X, y, sample_weight).values()
        return score


def make_next_item_scorer(
    metric: str = "ndcg@10",
    *,
    filter_seen: bool = False,
    n_negatives: int | None = None,
    block_size: int | None = None,
    random_state: int = 0,
) -> SingleMetricScorer:
    """Make a scorer of one metric, for searches without a name to refit by.

    Parameters
    ----------
    metric : str, default="ndcg@10"
        Name of a metric, see :class:`NextItemScorer`.
    filter_seen, n_negatives, block_size, random_state
        See :class:`NextItemScorer`.

    Returns
    -------
    scorer : SingleMetricScorer
        ``scorer(estimator, X, y, sample_weight=None)`` returns a float.

    Raises
    ------
    ValueError
        If `metric` is unknown, or another parameter is not accepted.
    """
    scorer = NextItemScorer(
        (metric,),
        filter_seen=filter_seen,
        n_negatives=n_negatives,
        block_size=block_size,
        random_state=random_state,
    )
    scorer.check_parameters()
    return SingleMetricScorer(scorer)


def _average(values: FloatArray, weights: FloatArray) -> float:
    """Return the weighted mean, NaN over nobody."""
    if not weights.any():
        return float("nan")
    return float(np.average(values, weights=weights))
