"""One ranking metric, in the form of scikit-learn's own scorers: a float."""

from typing import Any

import numpy.typing as npt

from skdiffuasr._typing import SequencesLike
from skdiffuasr.metrics._routing import WeightedScorer
from skdiffuasr.metrics.ranking import parse_metric
from skdiffuasr.metrics.scorer import NextItemScorer


class SingleMetricScorer(WeightedScorer):
    """Hand on the one number of a scorer, see :func:`make_next_item_scorer`.

    Parameters
    ----------
    scorer : NextItemScorer
        A scorer of one metric and no groups.
    """

    def __init__(self, scorer: NextItemScorer) -> None:
        self.scorer = scorer

    def __call__(
        self,
        estimator: Any,
        X: SequencesLike,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> float:
        """Average the metric over the users.

        Parameters
        ----------
        estimator, X, y, sample_weight
            See :class:`NextItemScorer`.

        Returns
        -------
        score : float
        """
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
    """Make a scorer of one metric, for searches that are given no name to refit by.

    Parameters
    ----------
    metric : str, default="ndcg@10"
        Name of a metric, see :func:`parse_metric`.
    filter_seen, n_negatives, block_size, random_state
        See :class:`NextItemScorer`.

    Returns
    -------
    scorer : SingleMetricScorer
        ``scorer(estimator, X, y, sample_weight=None)`` returns a float.

    Raises
    ------
    ValueError
        If `metric` is not known.

    Examples
    --------
    >>> from skdiffuasr.metrics import make_next_item_scorer
    >>> make_next_item_scorer("hr@5")
    SingleMetricScorer(scorer=NextItemScorer(metrics=('hr@5',)))
    """
    parse_metric(metric)
    scorer = NextItemScorer(
        (metric,),
        filter_seen=filter_seen,
        n_negatives=n_negatives,
        block_size=block_size,
        random_state=random_state,
    )
    return SingleMetricScorer(scorer)
