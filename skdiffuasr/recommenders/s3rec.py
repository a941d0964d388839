"""S3-Rec as a scikit-learn estimator."""

import warnings
from functools import partial
from numbers import Integral, Real
from typing import Any

import torch
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.nn.s3rec import S3RecPretraining, draw_mask
from skdiffuasr.recommenders.sasrec import SASRecEstimator
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.item_attributes import align_attributes
from skdiffuasr.training import seeded_build


@estimator_class
class S3RecEstimator(SASRecEstimator):
    """SASRec that is first taught what its items are and which of them belong together.

    Before it is trained as `SASRecEstimator` is, the network solves up to four tasks
    with bidirectional attention over the histories [1]_: which attributes an item has
    (AAP), which items are hidden in a history (MIP), which attributes these have (MAP),
    and which segment is hidden in it (SP). Only the weights of SASRec are kept, so the
    trained model costs what SASRec costs. Pre-training does not see what early stopping
    holds out, but pseudo items may show it; see `early_stopping`. Pseudo items are read
    as context and not asked for, unless their roles say so. Both stages use the same
    `dropout`, `learning_rate`, `weight_decay` and `loss`, which is that of MIP, too.

    Each task's loss is the mean of its questions, and a question on attributes counts
    as many nats as all attributes of the item together. ``loss="bce"`` with one
    negative is nearest to the paper, which tells an item from one drawn at random. In
    contrast to the paper, the last item of a history is position 0, and LayerNorm comes
    before each branch.

    Parameters
    ----------
    item_attributes : mapping, array-like, sparse matrix or DataFrame, default=None
        What AAP and MAP ask for; None pre-trains without these. A mapping from each
        item id to an iterable of its attribute ids, of any hashable type; it must have
        all items of `X`, those without attributes with an empty list, and may have
        others. Or a pandas DataFrame of 0 and 1 with a column for each attribute, whose
        index likewise holds the item ids. Or a matrix of 0 and 1 of shape (n_items,
        n_attributes) with rows in the sorted order of the items of `X`, which may not
        fit a fold of a cross-validation.
    embed_attributes : bool, default=False
        Whether the attributes also have embeddings that are added to those of the
        items, as in the other recommenders.
    pretraining_epochs : int, default=20
        Number of passes over the data before training. 0 gives what `SASRecEstimator`
        gives.
    mask_probability : float, default=0.2
        Probability that MIP and MAP hide an item; the last of a history always is.
    attribute_weight : float, default=0.2
        Weight of AAP in the pre-training loss; 0 goes without.
    masked_item_weight : float, default=1.0
        Weight of MIP.
    masked_attribute_weight : float, default=1.0
        Weight of MAP.
    segment_weight : float, default=0.5
        Weight of SP, for which the network reads each history three times more.
    max_epochs : int, default=200
        Upper bound of the number of passes over the data after pre-training.

    Attributes
    ----------
    pretraining_loss_curve_ : list of float
        Mean weighted pre-training loss of each epoch.
    best_epoch_ : int
        The epoch after pre-training that the weights are from, counted from 1; 0 if an
        interrupt ended the fit in pre-training, with ``keep_interrupted=True``: then
        no training follows.
    n_iter_ : int
        Number of epochs that were run after pre-training.

    See Also
    --------
    SASRecEstimator : The same network without pre-training.

    References
    ----------
    .. [1] Zhou et al., "S3-Rec: Self-Supervised Learning for Sequential Recommendation
       with Mutual Information Maximization", CIKM 2020, arXiv:2008.07873.

    Examples
    --------
    >>> from skdiffuasr.recommenders import S3RecEstimator
    >>> histories = [["bread", "butter", "jam"], ["tea", "milk", "sugar"]] * 20
    >>> attributes = {"bread": ["food"], "butter": ["food", "fat"], "jam": ["food"]}
    >>> attributes |= {"tea": ["drink"], "milk": ["drink", "fat"], "sugar": []}
    >>> recommender = S3RecEstimator(
    ...     8, item_attributes=attributes, learning_rate=0.02, random_state=0
    ... )
    >>> recommender.fit(histories).predict([["bread", "butter"]]).tolist()
    ['jam']
    """

    _parameter_constraints = {
        **SASRecEstimator._parameter_constraints,
        "embed_attributes": ["boolean"],
        "pretraining_epochs": [Interval(Integral, 0, None, closed="left")],
        "mask_probability": [Interval(Real, 0, 1, closed="both")],
        "attribute_weight": [Interval(Real, 0, None, closed="left")],
        "masked_item_weight": [Interval(Real, 0, None, closed="left")],
        "masked_attribute_weight": [Interval(Real, 0, None, closed="left")],
        "segment_weight": [Interval(Real, 0, None, closed="left")],
    }

    embed_attributes: bool = False
    pretraining_epochs: int = 20
    mask_probability: float = 0.2
    attribute_weight: float = 0.2
    masked_item_weight: float = 1.0
    masked_attribute_weight: float = 1.0
    segment_weight: float = 0.5

    def _initial_module(self, codes: Sequences, seed: int) -> tuple[nn.Module, bool]:
        """Pre-train the network on histories of item codes."""
        build = partial(self._build_pretraining, self._attributes())
        if self.pretraining_epochs == 0:
            self.pretraining_loss_curve_: list[float] = []
            return super()._initial_module(codes, seed)
        self._check_objectives()
        pretraining = seeded_build(build, seed)
        result = self._train(
            pretraining,
            self._batches(codes, seed, cloze=True),
            self._pretraining_loss,
            seed,
            max_epochs=self.pretraining_epochs,
            name="pre-training",
        )
        self.pretraining_loss_curve_ = result.loss_curve
        if result.is_interrupted:
            warnings.warn(
                "Pre-training was interrupted by the user, so no training follows; "
                "the weights are those of pre-training.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return pretraining.network, result.is_interrupted

    def _check_parameters(self) -> None:
        if (
            self.include_cold_items
            and self.item_features is None
            and not self.embed_attributes
        ):
            raise ValueError(
                "include_cold_items=True takes item_features, or item_attributes with "
                "embed_attributes=True: what is only asked for in pre-training tells "
                "nothing of an item without interactions."
            )
        super()._check_parameters()

    def _side_information(self) -> tuple[Any, Any]:
        attributes = self.item_attributes if self.embed_attributes else None
        return attributes, self.item_features

    def _attributes(self) -> csr_array | None:
        """Return the checked attributes, one row for each item, if there are any."""
        if self.item_attributes is None:
            return None
        return align_attributes(self.item_attributes, self.item_ids_)

    def _build_pretraining(self, attributes: csr_array | None) -> S3RecPretraining:
        network: Any = self._build_for_training()
        if attributes is None:
            return S3RecPretraining(network)
        offsets = torch.from_numpy(attributes.indptr.astype("int64"))
        codes = torch.from_numpy(attributes.indices.astype("int64"))
        return S3RecPretraining(network, offsets, codes, attributes.shape[1])

    def _check_objectives(self) -> None:
        """Raise if the weights leave nothing to pre-train with."""
        names = ["masked_item_weight", "segment_weight"]
        if self.item_attributes is not None:
            names += ["attribute_weight", "masked_attribute_weight"]
        if not any(getattr(self, name) for name in names):
            raise ValueError(
                f"{', '.join(names)} are all 0, which leaves no pre-training "
                f"objective; set pretraining_epochs=0 to train without one."
            )

    def _pretraining_loss(
        self, module: Any, items: Tensor, lengths: Tensor, is_target: Tensor
    ) -> Tensor:
        """Return the weighted sum of the objectives, on a batch for cloze models."""
        losses = []
        codes = module.network.codes(items)
        has_attributes = self.item_attributes is not None
        if has_attributes and self.attribute_weight:
            loss = module.attribute_loss(codes[is_target])
            losses.append(self.attribute_weight * loss)
        asks_attributes = has_attributes and self.masked_attribute_weight
        if self.masked_item_weight or asks_attributes:
            is_masked = draw_mask(is_target, self.mask_probability)
            hidden = module.encode(items, lengths, is_masked, is_wanted=is_masked)
            masked = codes[is_masked]
        if self.masked_item_weight:
            loss = module.masked_item_loss(hidden, masked, self._item_loss)
            losses.append(self.masked_item_weight * loss)
        if asks_attributes:
            loss = module.masked_attribute_loss(hidden, masked)
            losses.append(self.masked_attribute_weight * loss)
        if self.segment_weight:
            loss = module.segment_loss(items, lengths, is_target)
            losses.append(self.segment_weight * loss)
        return torch.stack(losses).sum()
