"""The parameters that all neural recommenders share."""

from dataclasses import field
from numbers import Integral, Real

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr._typing import RandomState
from skdiffuasr.recommenders.base import BaseRecommender
from skdiffuasr.recommenders.side_information import SideInformation
from skdiffuasr.training.parameters import TrainingParameters


@estimator_class
class NeuralParameters(SideInformation, BaseRecommender, TrainingParameters):
    """Parameters of a recommender that is trained by gradient descent.

    Parameters
    ----------
    embedding_dim : int, default=64
        Width of the item embeddings and hidden states.
    max_length : int, default=200
        Number of most recent items that are read.
    dropout : float, default=0.5
        Dropout of the embedded items and of every residual branch.
    loss : {"ce", "sampled_ce", "bce"}, default="ce"
        ``"ce"`` is the cross-entropy of a softmax over the whole catalogue,
        ``"sampled_ce"`` the same among `n_negatives` items shared by a batch, and
        ``"bce"`` the binary cross-entropy against `n_negatives` items drawn for each
        item that is learned.
    n_negatives : int, default=None
        Number of negatives of the sampled losses. None means 1 for ``"bce"`` and 256
        for ``"sampled_ce"``.
    learning_rate : float, default=2e-3
        Learning rate of AdamW.
    weight_decay : float, default=0.1
        Weight decay of AdamW.
    batch_size : int, default=128
        Number of histories of average length in a batch; of short ones it holds more.
    early_stopping : bool, default=True
        Hold out the last item of some training histories, keep the weights with the
        best NDCG@10 on them, and stop when it no longer improves. Of these, histories
        whose copies are learned, or whose variants differ in observed items, are not
        trained on at all, and pseudo items may show what is held out; `X_val` and
        `y_val` of `fit` avoid both.
    validation_fraction : float, default=0.1
        Share of the histories, rounded down, whose last item is held out; without any,
        training runs for `max_epochs`.
    validation_filter_seen : bool, default=False
        Whether early stopping ranks without the items of the history, as `recommend`
        does.
    patience : int, default=10
        Number of epochs without improvement before training stops.
    ema_decay : float, default=0.998
        Decay of an exponential moving average of the weights, which is what is
        validated and kept. None trains without.
    pseudo_item_gate : bool, default=True
        Whether the network is told which items are pseudo items, and learns how much
        they count: little at the start. If training had none, prediction leaves them
        out. Copies that are learned like the history are read like it. False reads all
        pseudo items like observed ones.
    random_state : int, RandomState instance or None, default=None
        Determines all that is drawn: initial weights, dropout, masks, views, negatives,
        held-out rows and batches.
    """

    _parameter_constraints = {
        **BaseRecommender._parameter_constraints,
        **TrainingParameters._parameter_constraints,
        **SideInformation._parameter_constraints,
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "loss": [StrOptions({"ce", "sampled_ce", "bce"})],
        "n_negatives": [Interval(Integral, 1, None, closed="left"), None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "validation_filter_seen": ["boolean"],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left"), None],
        "pseudo_item_gate": ["boolean"],
        "random_state": ["random_state"],
    }

    embedding_dim: int = field(default=64, kw_only=False)
    max_length: int = 200
    dropout: float = 0.5
    loss: str = "ce"
    n_negatives: int | None = None
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    early_stopping: bool = True
    validation_fraction: float = 0.1
    validation_filter_seen: bool = False
    patience: int = 10
    ema_decay: float | None = 0.998
    pseudo_item_gate: bool = True
    random_state: RandomState = None
