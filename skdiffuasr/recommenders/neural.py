"""Training and scoring that all neural recommenders share."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Self

import numpy.typing as npt
import torch
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from skdiffuasr._sklearn_bases import CallbackSupportMixin
from skdiffuasr._sklearn_compat import fit_context
from skdiffuasr._typing import FloatArray, IntArray, SequencesLike
from skdiffuasr.nn.losses import (
    full_cross_entropy,
    sampled_binary_cross_entropy,
    sampled_cross_entropy,
    with_soft_targets,
)
from skdiffuasr.nn.precision import product_dtype
from skdiffuasr.nn.pseudo_items import PseudoItemReader
from skdiffuasr.nn.scoring import NetworkScores
from skdiffuasr.recommenders.network_scores import network_scorer, next_item_ndcg
from skdiffuasr.recommenders.neural_parameters import NeuralParameters
from skdiffuasr.recommenders.validation import Validation, encode_validation
from skdiffuasr.sequences import Sequences, SequenceVariants, check_sequences
from skdiffuasr.training import (
    NetworkMixin,
    TrainingResult,
    epoch_callbacks,
    from_weights,
    resolve_device,
    seeded_build,
    to_weights,
    train,
)
from skdiffuasr.training.histories import (
    HistoryBatches,
    SoftLabels,
    has_target,
)
from skdiffuasr.training.hold_out import hold_out

NOTHING_TO_TRAIN = (
    "No history of X has a real item with another item before it; there is nothing to "
    "train on."
)


class BaseNeuralRecommender(NetworkMixin, CallbackSupportMixin, NeuralParameters):
    """Base class of the recommenders that are trained by gradient descent.

    A subclass implements `_build_module`, which returns a `CausalNetwork`. For another
    network, which has `item_embedding` and `last_hidden`, it implements `_loss`, too,
    and sets `_is_cloze` if the network learns the items that it reads. It may override
    `_initial_module` to pre-train the network. A network that is a `PseudoItemReader`
    is told which items are pseudo items; others read them like observed ones.

    Attributes
    ----------
    item_embeddings_ : ndarray of float32 of shape (n_items, embedding_dim)
        The trained item embeddings, with what attributes and features add to them.
    validation_scores_ : list of float
        NDCG@10 on the held-out items after each epoch.
    reads_pseudo_items_ : bool
        Whether pseudo items are read: if there were any in training, or with
        ``pseudo_item_gate=False``. Else prediction leaves them out.
    """

    _is_cloze = False

    # Until `fit` says so, and in model files that do not.
    reads_pseudo_items_ = False

    _fixed_by_fit: ClassVar[tuple[str, ...]] = ("embedding_dim", "pseudo_item_gate")

    #: Whether an item that a step does not use has no gradient; a parameter of some.
    sparse_gradients = False

    @abstractmethod
    def _build_module(self, n_items: int) -> nn.Module:
        """Build the network for a catalogue of `n_items`."""

    def _loss(
        self,
        network: Any,
        items: Tensor,
        lengths: Tensor,
        labels: Tensor,
        *soft_labels: Tensor,
    ) -> Tensor:
        """Return the mean loss of a batch as `HistoryBatches` yields it."""
        is_learned = labels >= 0
        if soft_labels:  # there is one after each item
            columns = torch.arange(items.shape[1], device=items.device)
            is_learned = columns < lengths[:, None]
        # Nearly all are learned, so that selecting them afterwards is faster.
        hidden = network(items, lengths)[is_learned]  # (tokens, d)
        catalogue = network.item_embedding.weight
        soft_targets = (soft[is_learned] for soft in soft_labels)
        return self._item_loss(hidden, catalogue, labels[is_learned], *soft_targets)

    def _item_loss(
        self,
        hidden: Tensor,
        catalogue: Tensor,
        targets: Tensor,
        *soft_targets: Tensor,
    ) -> Tensor:
        """Return the mean `loss` of targets (tokens,) after hidden states.

        With codes and probabilities (tokens, K) of soft targets, it is the
        cross-entropy of both; see `with_soft_targets`.
        """
        if len(targets) == 0:
            return hidden.sum()  # zero, and the mean of nothing would be NaN
        if self.loss == "ce":
            probabilities = None
            if soft_targets:
                targets, probabilities = with_soft_targets(targets, *soft_targets)
            dtype = product_dtype(hidden.device, self.precision)
            return full_cross_entropy(hidden, catalogue, targets, dtype, probabilities)
        loss, n_negatives = {
            "sampled_ce": (sampled_cross_entropy, 256),
            "bce": (sampled_binary_cross_entropy, 1),
        }[self.loss]
        n_negatives = self.n_negatives or n_negatives
        return loss(hidden, catalogue, targets, n_negatives, self.sparse_gradients)

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
            Histories for early stopping, which then holds out nothing of `X`; of
            several variants, the first. They take ``early_stopping=True``.
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
        X = check_sequences(X)
        codes = self._fit_catalogue(X)
        validation = encode_validation(self, X_val, y_val)
        with epoch_callbacks(
            self,
            X,
            y,
            max_epochs=self.max_epochs,
            fitted_attributes=lambda network: self._learned(to_weights(network)),
        ) as on_epoch_end:
            self._fit(codes, validation, on_epoch_end)
        return self

    def _fit_catalogue(self, histories: Sequences) -> Sequences:
        codes = super()._fit_catalogue(histories)
        has_pseudo = any(variant.is_pseudo.any() for variant in codes.variants)
        self.reads_pseudo_items_ = has_pseudo or not self.pseudo_item_gate
        return codes

    def _encode(self, X: SequencesLike) -> Sequences:
        return self._readable(super()._encode(X))

    def _readable(self, codes: Sequences) -> Sequences:
        """Leave out pseudo items unless they are read."""
        has_pseudo = any(variant.is_pseudo.any() for variant in codes.variants)
        if self.reads_pseudo_items_ or not has_pseudo:
            return codes
        variants = [variant._where(~variant.is_pseudo) for variant in codes.variants]
        return SequenceVariants(variants) if len(variants) > 1 else variants[0]

    def _fit(
        self,
        codes: Sequences,
        validation: Validation | None = None,
        on_epoch_end: Callable[[nn.Module], bool] | None = None,
    ) -> None:
        """Train on histories, and stop early by others and their next items."""
        seed = self._draw_seed()
        codes, validation = self._hold_out(codes, validation, seed)
        self._fit_network(codes, validation, seed, on_epoch_end)

    def _draw_seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _hold_out(
        self, codes: Sequences, validation: Validation | None, seed: int
    ) -> tuple[Sequences, Validation | None]:
        """Return what is trained on, and what is stopped by unless that is given."""
        codes = codes[has_target(codes)]
        if self.early_stopping and validation is None and len(codes):
            codes, held_out = hold_out(codes, self.validation_fraction, seed)
            held_out = held_out[held_out.lengths > 1]
            if len(held_out):
                validation = held_out.drop_last(), held_out.last()
        if len(codes) == 0:
            raise ValueError(NOTHING_TO_TRAIN)
        return codes, validation

    def _fit_network(
        self,
        codes: Sequences,
        validation: Validation | None,
        seed: int,
        on_epoch_end: Callable[[nn.Module], bool] | None = None,
        soft_labels: SoftLabels | None = None,
    ) -> None:
        """Train on what `_hold_out` returns, and on soft labels as `HistoryBatches`."""
        batches = self._batches(codes, seed, self._is_cloze, soft_labels)
        if len(batches) == 0:
            raise ValueError(NOTHING_TO_TRAIN)
        network, is_interrupted = self._initial_module(codes, seed)
        result = self._train(
            network,
            batches,
            self._loss,
            seed,
            max_epochs=0 if is_interrupted else self.max_epochs,
            held_out=validation,
            ema_decay=self.ema_decay,
            validate=validation and partial(self._validation_score, *validation),
            patience=self.patience,
            on_epoch_end=on_epoch_end,
        )
        self._store(result)

    def _train(
        self,
        network: nn.Module,
        batches: HistoryBatches,
        loss: Callable[..., Tensor],
        seed: int,
        name: str = "",
        held_out: Validation | None = None,
        **others: Any,
    ) -> TrainingResult:
        """Call `train` with the estimator's parameters, and others as given.

        A checkpoint depends on `held_out`, too.
        """
        device = resolve_device(self.device)
        return train(
            network,
            batches,
            loss,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            device=device,
            dtype=product_dtype(device, self.precision),
            random_state=seed,
            keep_interrupted=self.keep_interrupted,
            checkpoint=self._checkpoint(
                lambda: (
                    self._decisive_parameters(),
                    name,
                    to_weights(network),
                    batches.arrays(),
                    held_out,
                )
            ),
            name=", ".join(filter(None, (type(self).__name__, name))),
            score_name="NDCG@10",
            verbose=self.verbose,
            **others,
        )

    def _batches(
        self,
        codes: Sequences,
        seed: int,
        cloze: bool,
        soft_labels: SoftLabels | None = None,
    ) -> HistoryBatches:
        with torch.device("meta"):
            pseudo_offset = getattr(self._build(), "pseudo_offset", 0)
        return HistoryBatches(
            codes,
            self.batch_size,
            seed,
            max_length=self.max_length,
            cloze=cloze,
            soft_labels=soft_labels,
            pseudo_offset=pseudo_offset,
        )

    def _initial_module(self, codes: Sequences, seed: int) -> tuple[nn.Module, bool]:
        """Build the network to be trained; the user may interrupt what this takes.

        The second value says so, and then the network is not trained any further.
        """
        return seeded_build(self._build_for_training, seed), False

    def _store(self, result: TrainingResult) -> None:
        super()._store(result)
        for name, value in self._learned(result.weights).items():
            setattr(self, name, value)

    def _build(self) -> nn.Module:
        network = self._build_module(len(self.item_ids_))
        is_gated = self.pseudo_item_gate and self.reads_pseudo_items_
        if is_gated and isinstance(network, PseudoItemReader):
            network.tell_pseudo_items(len(self.item_ids_))
        return network

    def to_module(self) -> nn.Module:
        """Build the trained network, for use with torch.

        Returns
        -------
        module : nn.Module
            On the device that the estimator's `device` names, in evaluation mode. It
            shares no state with the estimator.
        """
        self._check_fitted()
        return from_weights(self._build, self.weights_, resolve_device(self.device))

    @property
    def item_embeddings_(self) -> FloatArray:
        """Trained item embeddings of shape (n_items, embedding_dim)."""
        check_is_fitted(self)
        return self.weights_["item_embedding.weight"]

    def _item_cosines(self, codes: IntArray) -> FloatArray:
        embeddings = self.item_embeddings_
        cosines: FloatArray = cosine_similarity(embeddings[codes], embeddings)
        return cosines

    def _scoring_module(self) -> NetworkScores:
        network = from_weights(self._build, self.weights_, torch.device("cpu"))
        if isinstance(network, PseudoItemReader):
            network.pseudo_items = None  # there are none where it is exported to
        return NetworkScores(network, self.max_length)

    def _score(self, codes: Sequences) -> Tensor:
        return self._scorer(codes)(slice(None))

    def _scorer(self, codes: Sequences) -> Callable[[slice], Tensor]:
        device = resolve_device(self.device)
        network = self._network(self._build, self.weights_, device)
        return network_scorer(network, codes, self.max_length, self.batch_size)

    def _validation_score(
        self, codes: Sequences, targets: IntArray, network: nn.Module
    ) -> float:
        """Return the NDCG@10 of the items that came after histories."""
        score = network_scorer(network, codes, self.max_length, self.batch_size)
        filter_seen = self.validation_filter_seen
        return next_item_ndcg(score, codes, targets, len(self.item_ids_), filter_seen)
