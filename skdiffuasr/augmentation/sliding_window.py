"""Windows of long histories to train on."""

from dataclasses import field
from numbers import Integral

from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.augmentation.operators import BaseOperatorAugmenter
from skdiffuasr.nn import sequence_operators


@estimator_class
class SlidingWindowAugmenter(BaseOperatorAugmenter):
    """Train on windows of the histories too, not on their most recent items alone.

    A recommender reads the `max_length` most recent items; windows bring the earlier
    ones of long histories into training [1]_. The literature makes a row of every
    window. Here each history has several variants, one window each.

    Parameters
    ----------
    window_length : int, default=50
        Number of items of a window; shorter histories do not change. Use the
        `max_length` of the recommender, or less.

    References
    ----------
    .. [1] Tang and Wang, "Personalized Top-N Sequential Recommendation via
       Convolutional Sequence Embedding", WSDM 2018, arXiv:1809.07426, section 3.5.

    Examples
    --------
    >>> from skdiffuasr.augmentation import SlidingWindowAugmenter
    >>> augmenter = SlidingWindowAugmenter(2, n_variants=3, random_state=0)
    >>> X = augmenter.fit_transform([["a", "b", "c"], ["d"]])
    >>> [[len(row) for row in variant] for variant in X.variants]
    [[3, 1], [2, 1], [2, 1]]
    """

    _parameter_constraints = {
        **BaseOperatorAugmenter._parameter_constraints,
        "window_length": [Interval(Integral, 1, None, closed="left")],
    }

    window_length: int = field(default=50, kw_only=False)

    def _operate(
        self, items: Tensor, lengths: Tensor, draws: Tensor, random_items: Tensor
    ) -> tuple[Tensor, Tensor]:
        sizes = lengths.clamp(max=self.window_length)
        return sequence_operators.stretch(items, lengths, sizes, draws), sizes
