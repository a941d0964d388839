"""GRU4Rec as a scikit-learn estimator."""

from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from skdiffuasr._sklearn_compat import Interval
from skdiffuasr._typing import RandomState
from skdiffuasr.nn.gru4rec import GRU4Rec
from skdiffuasr.nn.next_items import next_item_states
from skdiffuasr.recommenders.neural import BaseNeuralRecommender


class GRU4RecEstimator(BaseNeuralRecommender):
    """Sequential recommendation by a recurrent network.

    Gated recurrent units read a history and predict the next item after each of its
    items [2]_, trained on whole histories as `SASRecEstimator` is. Pseudo items are
    read as context, but a position whose target is a pseudo item carries no loss [1]_,
    unless `is_target` says so.

    Parameters
    ----------
    embedding_dim : int, default=64
        Width of the item embeddings and hidden states.
    hidden_dim : int, default=None
        Width of the recurrent state, from which the hidden states are projected. None
        means `embedding_dim`.
    n_layers : int, default=1
        Number of recurrent layers.
    max_length : int, default=200
        Number of most recent items that are read.
    dropout : float, default=0.5
        Dropout of the embedded items and of the states between two layers.
    loss : {"ce", "sampled_ce", "bce"}, default="ce"
        ``"ce"`` is the cross-entropy of a softmax over the whole catalogue,
        ``"sampled_ce"`` the same among `n_negatives` items shared by a batch, and
        ``"bce"`` the binary cross-entropy against `n_negatives` items drawn for each
        position.
    n_negatives : int, default=None
        Number of negatives of the sampled losses. None means 1 for ``"bce"`` and 256
        for ``"sampled_ce"``.
    learning_rate : float, default=2e-3
        Learning rate of AdamW.
    weight_decay : float, default=0.0
        Weight decay of AdamW.
    batch_size : int, default=128
        Number of histories of average length in a batch; batches of short histories
        hold more of them.
    max_epochs : int, default=200
        Upper bound of the number of passes over the data.
    early_stopping : bool, default=True
        Hold out the last item of some training histories, keep the weights with the
        best NDCG@10 on them, and stop when it no longer improves.
        Histories whose copies are learned, or whose variants differ in observed items,
        leave training as a whole, and pseudo items may show what is held out; `X_val`
        and `y_val` of `fit` avoid both.
    validation_fraction : float, default=0.1
        Share of the histories whose last item is held out for early stopping, rounded
        down; without any, training runs for `max_epochs`.
    validation_filter_seen : bool, default=False
        Whether early stopping ranks without the items of the history, as `recommend`
        does.
    patience : int, default=10
        Number of epochs without improvement before training stops.
    ema_decay : float, default=None
        Decay of an exponential moving average of the weights. None trains without.
    unknown_items : {"ignore", "error"}, default="ignore"
        What to do with items that were not in training.
    device : str, default="auto"
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:<index>"``.
    precision : {"auto", "float32"}, default="auto"
        Of the products with the whole catalogue in training: ``"auto"`` multiplies in
        bfloat16 where the device does so in hardware, and on a GPU all else in training
        too; ``"float32"`` nowhere. Scores are in float32 in any case.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights, dropout, negatives, held-out rows and batches.
    keep_interrupted : bool, default=False
        Whether Ctrl-C ends the training with a warning and keeps the best weights so
        far, instead of raising KeyboardInterrupt and leaving the estimator unfitted.
    verbose : int, default=0
        Print a line every `verbose` epochs.

    Attributes
    ----------
    item_ids_ : ndarray of shape (n_items,)
        The catalogue, sorted.
    item_counts_ : ndarray of int64 of shape (n_items,)
        Occurrences in training; pseudo items do not count.
    item_embeddings_ : ndarray of float32 of shape (n_items, embedding_dim)
        The trained item embeddings.
    fixed_parameters_ : dict of str to object
        Parameters that cannot change any more, with their values in `fit`.
    weights_ : dict of str to ndarray
        The trained weights.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_scores_ : list of float
        NDCG@10 on the held-out items after each epoch.
    best_epoch_ : int
        The epoch that the weights are from, counted from 1.
    n_iter_ : int
        Number of epochs that were run.

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
    ...     embedding_dim=8,
    ...     max_epochs=60,
    ...     dropout=0.1,
    ...     learning_rate=0.01,
    ...     early_stopping=False,
    ...     random_state=0,
    ... )
    >>> recommender.fit(histories).predict([["bread", "butter"]]).tolist()
    ['jam']
    """

    _parameter_constraints = {
        **BaseNeuralRecommender._parameter_constraints,
        "hidden_dim": [Interval(Integral, 1, None, closed="left"), None],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
    }

    _fixed_by_fit: tuple[str, ...] = ("embedding_dim", "hidden_dim", "n_layers")

    def __init__(
        self,
        embedding_dim: int = 64,
        *,
        hidden_dim: int | None = None,
        n_layers: int = 1,
        max_length: int = 200,
        dropout: float = 0.5,
        loss: str = "ce",
        n_negatives: int | None = None,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        batch_size: int = 128,
        max_epochs: int = 200,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        validation_filter_seen: bool = False,
        patience: int = 10,
        ema_decay: float | None = None,
        unknown_items: str = "ignore",
        device: str = "auto",
        precision: str = "auto",
        random_state: RandomState = None,
        keep_interrupted: bool = False,
        verbose: int = 0,
    ) -> None:
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.n_layers = n_layers
        self.max_length = max_length
        self.dropout = dropout
        self.loss = loss
        self.n_negatives = n_negatives
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.validation_filter_seen = validation_filter_seen
        self.patience = patience
        self.ema_decay = ema_decay
        self.unknown_items = unknown_items
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.keep_interrupted = keep_interrupted
        self.verbose = verbose

    def _build_module(self, n_items: int) -> GRU4Rec:
        return GRU4Rec(
            n_items,
            self.embedding_dim,
            hidden_dim=self.hidden_dim or self.embedding_dim,
            n_layers=self.n_layers,
            dropout=self.dropout,
        )

    def _loss(
        self,
        module: Any,
        items: Tensor,
        lengths: Tensor,
        is_target: Tensor,
        passed_over: Tensor | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        hidden = module(items[:, :-1])  # (batch, length - 1, d)
        hidden, targets = next_item_states(hidden, items, is_target, passed_over)
        catalogue = module.item_embedding.weight
        return self._item_loss(hidden, catalogue, targets, dtype)

    def _last_hidden(self, module: Any, items: Tensor, lengths: Tensor) -> Tensor:
        return module.last_hidden(items, lengths)
