"""GRU4Rec as a scikit-learn estimator."""

from numbers import Integral
from typing import Any

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.nn.gru4rec import GRU4Rec
from skdiffuasr.nn.scanned_gru import ScannedGRU
from skdiffuasr.nn.scoring import NetworkScores
from skdiffuasr.recommenders.neural import BaseNeuralRecommender


@estimator_class
class GRU4RecEstimator(BaseNeuralRecommender):
    """Sequential recommendation by a recurrent network.

    Gated recurrent units read a history and predict the next item after each of its
    items [2]_, trained on whole histories as `SASRecEstimator` is. Pseudo items are
    read as context and not learned [1]_, unless their roles say so.

    Parameters
    ----------
    hidden_dim : int, default=None
        Width of the recurrent state, from which the hidden states are projected. None
        means `embedding_dim`.
    n_layers : int, default=1
        Number of recurrent layers.
    dropout : float, default=0.5
        Dropout of the embedded items and of the states between two layers.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.
    .. [2] Hidasi et al., "Session-based Recommendations with Recurrent Neural
       Networks", ICLR 2016, arXiv:1511.06939.

    Examples
    --------
    >>> from skdiffuasr.recommenders import GRU4RecEstimator
    >>> histories = [["bread", "butter", "jam"], ["tea", "milk", "sugar"]] * 20
    >>> recommender = GRU4RecEstimator(
    ...     8, max_epochs=60, learning_rate=0.02, early_stopping=False, random_state=0
    ... )
    >>> recommender.fit(histories).predict([["bread", "butter"]]).tolist()
    ['jam']
    """

    _parameter_constraints = {
        **BaseNeuralRecommender._parameter_constraints,
        "hidden_dim": [Interval(Integral, 1, None, closed="left"), None],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
    }

    _fixed_by_fit = (*BaseNeuralRecommender._fixed_by_fit, "hidden_dim", "n_layers")

    hidden_dim: int | None = None
    n_layers: int = 1

    def _build_module(self, n_items: int) -> GRU4Rec:
        return GRU4Rec(
            n_items,
            self.embedding_dim,
            hidden_dim=self.hidden_dim or self.embedding_dim,
            n_layers=self.n_layers,
            dropout=self.dropout,
        )

    def _scoring_module(self) -> NetworkScores:
        module = super()._scoring_module()
        network: Any = module.network
        network.gru = ScannedGRU(network.gru)
        return module
