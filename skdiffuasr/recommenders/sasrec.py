"""SASRec as a scikit-learn estimator."""

from numbers import Integral
from typing import ClassVar

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.recommenders.neural import BaseNeuralRecommender


@estimator_class
class SASRecEstimator(BaseNeuralRecommender):
    """Self-attentive sequential recommendation.

    A causal transformer predicts the next item after each item of a history [2]_.
    Pseudo items are read as context and not learned [1]_, unless their roles say so.
    Positions are counted from the end of the history.

    The paper takes ``loss="bce"`` with one negative that is not in the user's history;
    here negatives are all items but the position's own target. The feed-forward layers
    have the width ``4 * embedding_dim`` and GELU; the paper's have `embedding_dim` and
    ReLU.

    Parameters
    ----------
    n_layers : int, default=2
        Number of transformer blocks.
    n_heads : int, default=1
        Number of attention heads; divides `embedding_dim`.
    sparse_gradients : bool, default=False
        With a sampled loss, update in each step only the items that the batch and its
        negatives contain, by torch's ``SparseAdam``. The cost of a step then hardly
        depends on the size of the catalogue; see ``docs/performance.md``. The moments
        of all other items stand still, except for the first item of the catalogue,
        which pads shorter rows. The item embeddings then do not decay.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.
    .. [2] Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018,
       arXiv:1808.09781.

    Examples
    --------
    >>> from skdiffuasr.recommenders import SASRecEstimator
    >>> histories = [["bread", "butter", "jam"], ["tea", "milk", "sugar"]] * 20
    >>> recommender = SASRecEstimator(
    ...     8, max_epochs=60, learning_rate=0.02, early_stopping=False, random_state=0
    ... )
    >>> recommender.fit(histories).predict([["bread", "butter"]]).tolist()
    ['jam']
    """

    _parameter_constraints = {
        **BaseNeuralRecommender._parameter_constraints,
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "sparse_gradients": ["boolean"],
    }

    _fixed_by_fit: ClassVar[tuple[str, ...]] = (
        *BaseNeuralRecommender._fixed_by_fit,
        "n_layers",
        "n_heads",
        "max_length",
    )

    n_layers: int = 2
    n_heads: int = 1
    sparse_gradients: bool = False

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.sparse_gradients and any(
            given is not None for given in self._side_information()
        ):
            raise ValueError(
                "sparse_gradients=True cannot be used with item_attributes or "
                "item_features: what is learned of these changes many items in every "
                "step."
            )
        if self.sparse_gradients and self.loss == "ce":
            raise ValueError(
                "sparse_gradients=True takes a sampled loss, got loss='ce', which "
                "changes every item in every step."
            )

    def _build_module(self, n_items: int) -> SASRec:
        return SASRec(
            n_items,
            self.embedding_dim,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            max_length=self.max_length,
            dropout=self.dropout,
            sparse=self.sparse_gradients,
        )
