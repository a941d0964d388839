"""Training and scoring that all neural recommenders share."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from skdiffuasr._sklearn_bases import CallbackSupportMixin
from skdiffuasr._sklearn_compat import fit_context
from skdiffuasr._typing import FloatArray, IntArray, SequencesLike, Weights
from skdiffuasr.metrics import mask_seen, ndcg_at_k, target_ranks
from skdiffuasr.metrics._checks import check_targets
from skdiffuasr.nn.losses import (
    full_cross_entropy,
    sampled_binary_cross_entropy,
    sampled_cross_entropy,
)
from skdiffuasr.nn.precision import product_dtype, without_tf32
from skdiffuasr.recommenders.base import read_items, row_blocks
from skdiffuasr.recommenders.neural_parameters import NeuralParameters
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.vocabulary import encode_items, encode_sequences
from skdiffuasr.training import (
    epoch_callbacks,
    from_weights,
    resolve_device,
    seeded_build,
    to_weights,
    token_batches,
    train,
)
from skdiffuasr.training.histories import HistoryBatches, has_target, hold_out


class BaseNeuralRecommender(CallbackSupportMixin, NeuralParameters):
    """Base class of the recommenders that are trained by gradient descent.

    A subclass implements `_build_module`, `_loss` and `_last_hidden`, and may train a
    module beforehand in `_initial_module`. One whose `_loss` leaves out the items that
    are passed over says so in `_learns_passed_over`.

    Attributes
    ----------
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
    """

    weights_: Weights

    _learns_passed_over = True

    _fixed_by_fit: ClassVar[tuple[str, ...]] = ("embedding_dim",)

    @abstractmethod
    def _build_module(self, n_items: int) -> nn.Module:
        """Build the network for a catalogue of `n_items`."""

    @abstractmethod
    def _loss(
        self,
        module: Any,
        items: Tensor,
        lengths: Tensor,
        is_target: Tensor,
        passed_over: Tensor | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Mean loss of right-padded histories (batch, length) of item codes.

        Items are learned where `is_target`, which is of the same shape. A batch is what
        `HistoryBatches` yields: models that learn each next item learn the items that
        are passed over too, others leave them out. Products with the whole catalogue
        may be computed in `dtype`.
        """

    def _item_loss(
        self,
        hidden: Tensor,
        catalogue: Tensor,
        targets: Tensor,
        dtype: torch.dtype = torch.float32,
        sparse: bool = False,
    ) -> Tensor:
        """Mean loss of targets (tokens,) given hidden states, as `loss` names it."""
        if len(targets) == 0:
            return hidden.sum()  # zero, and the mean of nothing would be NaN
        if self.loss == "ce":
            return full_cross_entropy(hidden, catalogue, targets, dtype)
        if self.loss == "sampled_ce":
            n_negatives = self.n_negatives or 256
            return sampled_cross_entropy(
                hidden, catalogue, targets, n_negatives, sparse
            )
        return sampled_binary_cross_entropy(
            hidden, catalogue, targets, self.n_negatives or 1, sparse
        )

    @abstractmethod
    def _last_hidden(self, module: Any, items: Tensor, lengths: Tensor) -> Tensor:
        """Hidden states (batch, d) from which the next item is predicted."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: SequencesLike,
        y: Any = None,
        X_val: SequencesLike | None = None,
        y_val: npt.ArrayLike | None = None,
    ) -> Self:
        """Train on histories.

        A fit that fails leaves the estimator unfitted, even if it was fitted before.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, oldest item first. Those with fewer than two items have nothing
            to predict and only count towards `item_counts_`.
        y : object, default=None
            Not learned from; handed on to the callbacks.
        X_val : Sequences or iterable of n_val sequences of item ids, default=None
            Histories for early stopping, which then holds out nothing of `X`. They
            take ``early_stopping=True``.
        y_val : array-like of shape (n_val,), default=None
            The item that came next, for each history of `X_val`.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If no history has a real item with another item before it, one of `X_val`
            and `y_val` is given without the other, or both are given with
            ``early_stopping=False``.
        """
        self._check_parameters()
        device = resolve_device(self.device)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        X = check_sequences(X)
        codes = self._fit_catalogue(X)
        histories = codes[has_target(codes)]
        validation = self._given_validation(X_val, y_val)
        if self.early_stopping and validation is None:
            histories, held_out = hold_out(histories, self.validation_fraction, seed)
            held_out = held_out[held_out.lengths > 1]
            if len(held_out):
                validation = held_out.drop_last(), held_out.last()
        validate = None
        if self.early_stopping and validation is not None:
            validate = partial(self._validation_score, *validation)
        histories = histories.tail(self.max_length + 1)
        histories = histories[has_target(histories)]
        if not any(
            has_target(variant, self._learns_passed_over).any()
            for variant in histories.variants
        ):
            raise ValueError(
                "No history of X has a real item with another item before it; there "
                "is nothing to train on."
            )
        batches = HistoryBatches(histories, self.batch_size, seed)
        dtype = product_dtype(device, self.precision)
        module, is_interrupted = self._initial_module(histories, seed)
        with epoch_callbacks(
            self,
            X,
            y,
            max_epochs=self.max_epochs,
            fitted_attributes=lambda module: {"weights_": to_weights(module)},
        ) as on_epoch_end:
            result = train(
                module,
                batches,
                partial(self._loss, dtype=dtype),
                max_epochs=0 if is_interrupted else self.max_epochs,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                ema_decay=self.ema_decay,
                validate=validate,
                patience=self.patience,
                on_epoch_end=on_epoch_end,
                device=device,
                dtype=dtype,
                random_state=seed,
                keep_interrupted=self.keep_interrupted,
                verbose=self.verbose,
            )
            self.weights_ = result.weights
            self.loss_curve_ = result.loss_curve
            self.validation_scores_ = result.validation_curve
            self.best_epoch_ = result.best_epoch
            self.n_iter_ = len(result.loss_curve)
        return self

    def _initial_module(
        self, histories: Sequences, seed: int
    ) -> tuple[nn.Module, bool]:
        """Make the network that training on histories of item codes begins with.

        The second value tells whether the user has interrupted this; then the network
        is not trained any further.
        """
        build = partial(self._build_module, len(self.item_ids_))
        return seeded_build(build, seed), False

    def _given_validation(
        self, X_val: SequencesLike | None, y_val: npt.ArrayLike | None
    ) -> tuple[Sequences, IntArray] | None:
        """Histories and next items for early stopping as codes, if there are any."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together.")
        if X_val is None:
            return None
        if not self.early_stopping:
            raise ValueError(
                "X_val and y_val are for early stopping, but early_stopping=False."
            )
        histories = check_sequences(X_val, input_name="X_val").variants[0]
        next_items = check_targets(y_val, len(histories), "y_val")
        codes = read_items(
            encode_sequences(histories, self.item_ids_, self.unknown_items, "X_val")
        )
        known = codes.lengths > 0
        if not known.any():
            raise ValueError("No history of X_val has an item that is in X.")
        targets = encode_items(next_items, self.item_ids_, "items of y_val")
        return codes[known], targets[known]

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there are weights; the catalogue alone comes before them."""
        return hasattr(self, "weights_")

    def to_module(self) -> nn.Module:
        """Build the trained network, for use with torch.

        Returns
        -------
        module : nn.Module
            On the device that the estimator's `device` names, in evaluation mode. It
            shares no state with the estimator.
        """
        self._check_fitted()
        return self._trained_module()

    def _trained_module(self) -> nn.Module:
        return from_weights(
            partial(self._build_module, len(self.item_ids_)),
            self.weights_,
            resolve_device(self.device),
        )

    @property
    def item_embeddings_(self) -> FloatArray:
        """Trained item embeddings of shape (n_items, embedding_dim)."""
        check_is_fitted(self)
        return self.weights_["item_embedding.weight"]

    def _score_items(self, histories: Sequences) -> Tensor:
        return self._scorer(histories)(slice(None))

    def _scorer(self, histories: Sequences) -> Callable[[slice], Tensor]:
        return self._module_scorer(self._trained_module(), histories)

    def _validation_score(
        self, histories: Sequences, next_items: IntArray, module: nn.Module
    ) -> float:
        """NDCG@10 of the items that came after histories; NaN if a score is none."""
        score = self._module_scorer(module, histories)
        values = []
        for rows in row_blocks(len(next_items), len(self.item_ids_)):
            scores = score(rows).cpu().numpy()
            if not np.isfinite(scores).all():
                return float("nan")
            if self.validation_filter_seen:
                scores = mask_seen(scores, histories[rows], next_items[rows])
            values.append(ndcg_at_k(target_ranks(scores, next_items[rows]), 10))
        return float(np.concatenate(values).mean())

    def _module_scorer(
        self, module: Any, histories: Sequences
    ) -> Callable[[slice], Tensor]:
        """Score with a network; every history passes through it only once.

        Fresh memory can cost as much as the product that fills it, so a call
        overwrites the scores of the call before.
        """
        catalogue = module.item_embedding.weight.detach()
        hidden = self._hidden_states(module, histories)
        scores = hidden.new_empty(0, len(catalogue))

        def score(rows: slice) -> Tensor:
            nonlocal scores
            states = hidden[rows]
            if len(scores) < len(states):
                scores = hidden.new_empty(len(states), len(catalogue))
            return torch.mm(states, catalogue.T, out=scores[: len(states)])

        return score

    def _hidden_states(self, module: Any, histories: Sequences) -> Tensor:
        """Hidden states (n, d) of non-empty histories, on the module's device."""
        weight = module.item_embedding.weight
        recent = histories.tail(self.max_length)
        batches = HistoryBatches(recent, self.batch_size)
        hidden = weight.new_empty(len(recent), weight.shape[1])
        with torch.no_grad(), without_tf32(weight.device):
            for rows in token_batches(recent.lengths, self.batch_size):
                items, lengths, *_ = batches.pad(rows)
                hidden[torch.from_numpy(rows)] = self._last_hidden(
                    module, items.to(weight.device), lengths.to(weight.device)
                )
        return hidden
