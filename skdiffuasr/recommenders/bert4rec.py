"""BERT4Rec as a scikit-learn estimator."""

from functools import partial
from numbers import Integral, Real
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval
from skdiffuasr.nn.bert4rec import GROUP_SIZE, BERT4Rec, draw_tasks
from skdiffuasr.recommenders.neural import BaseNeuralRecommender


@estimator_class
class BERT4RecEstimator(BaseNeuralRecommender):
    """Sequential recommendation by a transformer that fills in masked items.

    In each step some items of every history are masked, and a bidirectional
    transformer predicts them from the items before and after (a cloze task). The next
    item is then predicted at a mask behind the history [2]_. Pseudo items are read as
    context and not masked [1]_, unless their roles say so. Positions are counted from
    the end of the history.

    The cloze task alone teaches little about the next item. So every history is also
    cut behind each of its items, which is then the masked one. An epoch costs several
    times one of `SASRecEstimator`, which learns all these steps in one row; see
    ``docs/results_appendix.md``.

    Parameters
    ----------
    n_layers : int, default=2
        Number of transformer blocks.
    n_heads : int, default=2
        Number of attention heads; divides `embedding_dim`.
    max_length : int, default=200
        Number of most recent items that are read, at least 2. The mask behind a
        history counts as one of them.
    mask_probability : float, default=0.6
        Probability that an item is masked. At least one item of a history is, and at
        least one is not.
    n_next_items : int, default=50
        Number of items of each history, drawn anew in each epoch, that are learned as
        the next one, too: the history is cut behind such an item, which alone is
        masked. Fewer are cheaper and less accurate. 0 is the cloze task alone.
    n_masked_copies : int, default=1
        Number of times that a history is masked anew in each epoch; ``dupe_factor`` in
        the authors' code.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation", CIKM
       2023, arXiv:2309.12858.
    .. [2] Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder
       Representations from Transformer", CIKM 2019, arXiv:1904.06690.

    Examples
    --------
    >>> from skdiffuasr.recommenders import BERT4RecEstimator
    >>> histories = [["bread", "butter", "jam"], ["tea", "milk", "sugar"]] * 20
    >>> recommender = BERT4RecEstimator(
    ...     8, max_epochs=60, learning_rate=0.02, early_stopping=False, random_state=0
    ... )
    >>> recommender.fit(histories).predict([["bread", "butter"]]).tolist()
    ['jam']
    """

    _is_cloze = True

    _parameter_constraints = {
        **BaseNeuralRecommender._parameter_constraints,
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "max_length": [Interval(Integral, 2, None, closed="left")],
        "mask_probability": [Interval(Real, 0, 1, closed="both")],
        "n_next_items": [Interval(Integral, 0, None, closed="left")],
        "n_masked_copies": [Interval(Integral, 1, None, closed="left")],
    }

    _fixed_by_fit = (
        *BaseNeuralRecommender._fixed_by_fit,
        "n_layers",
        "n_heads",
        "max_length",
    )

    n_layers: int = 2
    n_heads: int = 2
    mask_probability: float = 0.6
    n_next_items: int = 50
    n_masked_copies: int = 1
    patience: int = 20

    def _build_module(self, n_items: int) -> BERT4Rec:
        return BERT4Rec(
            n_items,
            self.embedding_dim,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            max_length=self.max_length,
            dropout=self.dropout,
        )

    def _loss(
        self,
        network: Any,
        items: Tensor,
        lengths: Tensor,
        labels: Tensor,
        *soft_labels: Tensor,
    ) -> Tensor:
        """Return the mean loss of a batch of tasks; soft labels are next items'."""
        start = torch.arange(len(items), device=items.device) * items.shape[1]
        columns = torch.arange(items.shape[1], device=items.device)
        # Tasks are of positions in the batch: a soft label is that of the one before.
        cloze, *next_items = draw_tasks(
            start[:, None] + columns,
            lengths,
            labels,
            mask_probability=self.mask_probability,
            n_masked_copies=self.n_masked_copies,
            n_next_items=self.n_next_items,
            may_be_next=columns < lengths[:, None] if soft_labels else labels,
        )
        tasks = [cloze, *next_items]
        # What is computed before is not computed again by a checkpoint.
        catalogue = network.item_embedding.weight
        encode, encode_last = network, network.last_hidden
        if sum(is_masked.numel() for _, _, is_masked in tasks) > GROUP_SIZE:
            # Long histories make tasks whose activations would not fit into memory.
            encode, encode_last = (
                partial(checkpoint, function, use_reentrant=False)
                for function in (encode, encode_last)
            )
        tokens = items.flatten()
        hidden = [
            encode(tokens[positions], n_items, is_masked, is_wanted=is_masked)
            for positions, n_items, is_masked in tasks
        ]
        masked = torch.cat([positions[is_masked] for positions, _, is_masked in tasks])
        targets = network.codes(tokens[masked])
        targets = targets.where(labels.flatten()[masked], -1)
        soft_targets = []
        if soft_labels:
            # A mask behind the whole history has no true item.
            hidden.append(encode_last(items, lengths))
            targets = torch.cat([targets, torch.full_like(lengths, -1)])
            n_cloze = int(cloze[-1].sum())
            before = torch.cat([masked[n_cloze:] - 1, start + lengths - 1])
            soft_targets = [
                F.pad(soft.flatten(0, 1)[before], (0, 0, n_cloze, 0))
                for soft in soft_labels
            ]
        return self._item_loss(torch.cat(hidden), catalogue, targets, *soft_targets)
