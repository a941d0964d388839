"""ASReP: prior items from a SASRec that reads histories backwards."""

from collections.abc import Callable
from functools import partial
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr._typing import IntArray
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.augmentation.prior_generation import generate_prior_codes, turn_around
from skdiffuasr.nn.losses import full_cross_entropy
from skdiffuasr.nn.precision import product_dtype
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import UInt64Array
from skdiffuasr.training import NetworkMixin, resolve_device, seeded_build, train
from skdiffuasr.training.histories import HistoryBatches, has_target
from skdiffuasr.training.parameters import TrainingParameters


@estimator_class
class ASRePAugmenter(NetworkMixin, BaseAugmenter, TrainingParameters):
    """Put items before each history that a reversed SASRec predicts there.

    ASReP [1]_ trains a causal transformer on reversed histories and continues them from
    the oldest item: each step predicts the item that came before.

    Parameters
    ----------
    temperature : float, default=0.0
        0 takes the most likely item in each step, as [1]_ does; otherwise items are
        drawn from the softmax of the scores over this number.
    unique : bool, default=False
        Whether the pseudo items of a row must differ from each other and from the
        items of its history.
    n_variants : int, default=1
        Number of variants of each history that `fit_transform` makes, of which a
        recommender draws one per epoch. More than one takes a temperature above 0, or
        ``condition="before_cut"``.
    n_prediction_variants : int, default=1
        Number of variants of each history that `transform` makes. A recommender
        averages its log-probabilities over them. More than one takes a temperature
        above 0.
    max_history_length : int, default=None
        Augment only histories of at most this many items; [1]_ leaves those of 18 and
        more alone. None augments all.
    embedding_dim : int, default=64
        Width of the item embeddings and hidden states.
    n_layers : int, default=2
        Number of transformer blocks.
    n_heads : int, default=1
        Number of attention heads; divides `embedding_dim`.
    max_length : int, default=50
        Number of items that are read: the oldest ones, generated ones among them.
    dropout : float, default=0.5
        Dropout of the embedded items and of every residual branch.
    batch_size : int, default=128
        Number of histories of average length in a batch.
    validation_fraction : float, default=0.1
        Share of the histories that are set aside to choose the best weights.
    patience : int, default=5
        Number of epochs without improvement before training stops.

    Notes
    -----
    The recommender of [1]_ is also fine-tuned from the reversed weights; here it starts
    anew like behind any augmenter. The published code trains the reversed model on the
    held-out items too; here it has what `fit` gets. A history without any known item
    starts from a random item of the catalogue.

    References
    ----------
    .. [1] Liu et al., "Augmenting Sequential Recommendation with Pseudo-Prior Items via
       Reversely Pre-training Transformer", SIGIR 2021, arXiv:2105.00522.

    Examples
    --------
    >>> from skdiffuasr.augmentation import ASRePAugmenter
    >>> X = [["tea", "milk", "sugar"], ["bread", "butter", "jam"]] * 20
    >>> augmenter = ASRePAugmenter(
    ...     1, embedding_dim=8, dropout=0.1, learning_rate=0.02, random_state=0
    ... )
    >>> augmenter.fit(X).generate([["milk", "sugar"], ["jam"]]).tolist()
    [['tea'], ['butter']]
    """

    _parameter_constraints = {
        **BaseAugmenter._parameter_constraints,
        **TrainingParameters._parameter_constraints,
        "temperature": [Interval(Real, 0, None, closed="left")],
        "unique": ["boolean"],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left")],
    }

    _fixed_by_fit = ("embedding_dim", "n_layers", "n_heads", "max_length")

    temperature: float = 0.0
    unique: bool = False
    embedding_dim: int = 64
    n_layers: int = 2
    n_heads: int = 1
    max_length: int = 50
    dropout: float = 0.5
    learning_rate: float = 2e-3
    validation_fraction: float = 0.1
    patience: int = 5

    def _fit(self, codes: Sequences) -> None:
        """Train the reversed recommender."""
        device = resolve_device(self.device)
        backwards = turn_around(codes)
        backwards = backwards[has_target(backwards)].tail(self.max_length + 1)
        if len(backwards) == 0:
            raise ValueError(
                "No history of X has two items; there is nothing to learn."
            )
        order = np.random.default_rng(self.seed_).permutation(len(backwards))
        n_aside = int(self.validation_fraction * len(backwards))
        aside, rest = np.sort(order[:n_aside]), np.sort(order[n_aside:])
        validation = list(HistoryBatches(backwards[aside], self.batch_size)(0))
        dtype = product_dtype(device, self.precision)
        loss: Callable[..., Tensor] = partial(_next_item_loss, dtype=dtype)

        def validate(module: nn.Module) -> float:
            losses = (
                float(loss(module, *(tensor.to(device) for tensor in batch)))
                for batch in validation
            )
            return -sum(losses) / len(validation)

        result = train(
            seeded_build(self._build_module, self.seed_),
            HistoryBatches(backwards[rest], self.batch_size, self.seed_),
            loss,
            max_epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            validate=validate if validation else None,
            patience=self.patience,
            device=device,
            dtype=dtype,
            random_state=self.seed_,
            keep_interrupted=self.keep_interrupted,
            checkpoint=self._checkpoint(
                lambda: (self._decisive_parameters(), backwards)
            ),
            name=type(self).__name__,
            verbose=self.verbose,
        )
        self._store(result)

    def _check_parameters(self) -> None:
        names = ["n_prediction_variants"]
        if self.condition == "history":
            names.append("n_variants")
        for name in names:
            if getattr(self, name) > 1 and self.temperature == 0:
                raise ValueError(
                    f"{name}={getattr(self, name)} are all the same at temperature=0; "
                    "give a temperature above 0."
                )

    def _build_module(self) -> SASRec:
        return SASRec(
            len(self.item_ids_),
            self.embedding_dim,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            max_length=self.max_length,
            dropout=self.dropout,
        )

    def _generate(self, codes: Sequences, keys: UInt64Array) -> IntArray:
        device = resolve_device(self.device)
        return generate_prior_codes(
            self._network(self._build_module, self.weights_, device),
            codes,
            keys,
            n_pseudo_items=self.n_pseudo_items,
            max_length=self.max_length,
            temperature=self.temperature,
            unique=self.unique,
            verbose=self.verbose,
        )


def _next_item_loss(
    module: SASRec,
    items: Tensor,
    lengths: Tensor,
    labels: Tensor,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Cross-entropy of every item after the first, given those before it."""
    is_learned = labels >= 0
    hidden = module(items, lengths)[is_learned]
    targets = labels[is_learned]
    return full_cross_entropy(hidden, module.item_embedding.weight, targets, dtype)
