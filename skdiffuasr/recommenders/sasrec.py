"""SASRec as a scikit-learn estimator."""

from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from skdiffuasr._sklearn_compat import Interval
from skdiffuasr._typing import RandomState
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.recommenders.neural import BaseNeuralRecommender


class SASRecEstimator(BaseNeuralRecommender):
    """Self-attentive sequential recommendation.

    A causal transformer predicts the next item after each item of a history [2]_.
    Pseudo items are read as context, but a position whose target is a pseudo item
    carries no loss [1]_, unless `is_target` says so. Positions are counted from the end
    of the history.

    The negatives of the sampled losses are drawn from all items but the position's own
    target; the paper leaves out all items of the user's history. The feed-forward
    layers have the width ``4 * embedding_dim`` and GELU; those of the paper have
    `embedding_dim` and ReLU.

    Parameters
    ----------
    embedding_dim : int, default=64
        Width of the item embeddings and hidden states.
    n_layers : int, default=2
        Number of transformer blocks.
    n_heads : int, default=1
        Number of attention heads; divides `embedding_dim`.
    max_length : int, default=200
        Number of most recent items that are read.
    dropout : float, default=0.5
        Dropout of the embedded items and of every residual branch.
    loss : {"ce", "sampled_ce", "bce"}, default="ce"
        ``"ce"`` is the cross-entropy of a softmax over the whole catalogue,
        ``"sampled_ce"`` the same among `n_negatives` items shared by a batch, and
        ``"bce"`` the binary cross-entropy against `n_negatives` items drawn for each
        position; the paper uses ``"bce"`` with one.
    n_negatives : int, default=None
        Number of negatives of the sampled losses. None means 1 for ``"bce"`` and 256
        for ``"sampled_ce"``.
    sparse_gradients : bool, default=False
        With a sampled loss, update in each step only the items that the batch and its
        negatives contain, by torch's ``SparseAdam``. The cost of a step then hardly
        depends on the size of the catalogue; see ``docs/performance.md``. The moments
        of the other items stand still meanwhile, but for those of the first item of the
        catalogue, which stands behind the ends of shorter rows.
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
    .. [2] Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018,
       arXiv:1808.09781.

    Examples
    --------
    >>> from skdiffuasr.recommenders import SASRecEstimator
    >>> histories = [["bread", "butter", "jam"], ["tea", "milk", "sugar"]] * 20
    >>> recommender = SASRecEstimator(
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
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "sparse_gradients": ["boolean"],
    }

    _fixed_by_fit: tuple[str, ...] = (
        "embedding_dim",
        "n_layers",
        "n_heads",
        "max_length",
    )

    def __init__(
        self,
        embedding_dim: int = 64,
        *,
        n_layers: int = 2,
        n_heads: int = 1,
        max_length: int = 200,
        dropout: float = 0.5,
        loss: str = "ce",
        n_negatives: int | None = None,
        sparse_gradients: bool = False,
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
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.max_length = max_length
        self.dropout = dropout
        self.loss = loss
        self.n_negatives = n_negatives
        self.sparse_gradients = sparse_gradients
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

    def _check_parameters(self) -> None:
        if self.sparse_gradients and (self.loss == "ce" or self.weight_decay > 0):
            raise ValueError(
                "sparse_gradients=True takes a sampled loss and weight_decay=0, got "
                f"loss={self.loss!r} and weight_decay={self.weight_decay}: either "
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

    def _loss(
        self,
        module: Any,
        items: Tensor,
        lengths: Tensor,
        is_target: Tensor,
        passed_over: Tensor | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        hidden, targets = module.next_item_states(
            items, lengths, is_target, passed_over
        )
        catalogue = module.item_embedding.weight
        return self._item_loss(hidden, catalogue, targets, dtype, self.sparse_gradients)

    def _last_hidden(self, module: Any, items: Tensor, lengths: Tensor) -> Tensor:
        return module.last_hidden(items, lengths)
