"""CL4SRec and DuoRec as a scikit-learn estimator."""

from numbers import Real
from typing import Any, ClassVar

import torch
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import Interval, StrOptions
from skdiffuasr.nn.cl4srec import CL4SRec, draw_operator_views, draw_same_target
from skdiffuasr.nn.contrastive import nt_xent
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.recommenders.sasrec import SASRecEstimator


@estimator_class
class CL4SRecEstimator(SASRecEstimator):
    """SASRec that also learns to recognise a history in two views of it.

    A contrastive loss is added to that of `SASRecEstimator`: of all histories of a
    batch, each in two views, the two of one history should have the most similar hidden
    states after the last item. Views are made by random operators, as in CL4SRec [1]_,
    or by dropout, as in DuoRec [2]_. They are views of what the network reads: the
    history without its last item, pseudo items included. A trained model scores as
    SASRec does, at the same cost; a training step costs about three times as much.

    Parameters
    ----------
    views : {"operators", "dropout", "same_target"}, default="operators"
        What the two views of a history are.

        - ``"operators"``: two of three variants of it, drawn for each history: one
          cropped to a stretch, one with masked items, one with a shuffled stretch.
        - ``"dropout"``: the history itself, read twice with other units dropped; it
          has no effect with ``dropout=0``.
        - ``"same_target"``: the history, and the beginning of one of the batch that is
          followed by the same item; without any, it is read twice. Histories followed
          by the same item are not negatives of each other.
    contrastive_weight : float, default=0.01
        Weight of the contrastive loss; 0 gives what `SASRecEstimator` gives. The
        authors' 0.1 goes with ``loss="bce"``; with the full softmax it was much worse
        than 0.01 in ``docs/results_appendix.md``.
    temperature : float, default=1.0
        Divides the similarities, which are inner products of hidden states.
    crop_ratio : float, default=0.6
        Share of the items that a cropped view keeps; one at least.
    mask_ratio : float, default=0.3
        Share of the items that are masked in a masked view.
    reorder_ratio : float, default=0.6
        Share of the items that are shuffled in a reordered view.

    See Also
    --------
    SASRecEstimator : The same network without views; with an example.

    Notes
    -----
    Ratios and temperature are those of DuoRec's code, which has both models. There
    every prefix of a history is contrasted, here only the longest; and partners with
    the same target come from all training data, here from the batch: a larger
    `batch_size` has more.

    Hidden states come out of a LayerNorm, so their inner products are as large as
    `embedding_dim`. At a temperature of 1 the contrastive gradients are much larger
    than those of the other loss, and may do harm where that one learns well by itself;
    a temperature near `embedding_dim` turns the similarities into cosines.

    References
    ----------
    .. [1] Xie et al., "Contrastive Learning for Sequential Recommendation", ICDE 2022,
       arXiv:2010.14395.
    .. [2] Qiu et al., "Contrastive Learning for Representation Degeneration Problem in
       Sequential Recommendation", WSDM 2022, arXiv:2110.05730.
    """

    _parameter_constraints = {
        **SASRecEstimator._parameter_constraints,
        "views": [StrOptions({"operators", "dropout", "same_target"})],
        "contrastive_weight": [Interval(Real, 0, None, closed="left")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "crop_ratio": [Interval(Real, 0, 1, closed="both")],
        "mask_ratio": [Interval(Real, 0, 1, closed="both")],
        "reorder_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    # A view of masked items takes an embedding of the mask.
    _fixed_by_fit: ClassVar[tuple[str, ...]] = (*SASRecEstimator._fixed_by_fit, "views")

    views: str = "operators"
    contrastive_weight: float = 0.01
    temperature: float = 1.0
    crop_ratio: float = 0.6
    mask_ratio: float = 0.3
    reorder_ratio: float = 0.6

    def _build_module(self, n_items: int) -> SASRec:
        network = super()._build_module(n_items)
        return CL4SRec(network) if self.views == "operators" else network

    def _loss(
        self,
        network: Any,
        items: Tensor,
        lengths: Tensor,
        labels: Tensor,
        *soft_labels: Tensor,
    ) -> Tensor:
        loss = super()._loss(network, items, lengths, labels, *soft_labels)
        if self.contrastive_weight == 0:
            return loss
        if soft_labels:  # views are without the last item, in any case
            lengths = (lengths - 1).clamp(min=1)
        contrastive = self._contrastive_loss(network, items, lengths, labels)
        return loss + self.contrastive_weight * contrastive

    def _contrastive_loss(
        self, network: Any, items: Tensor, lengths: Tensor, labels: Tensor
    ) -> Tensor:
        """Return the loss of the two views of each history of a batch."""
        targets = None
        if self.views == "operators":
            ratios = self.crop_ratio, self.mask_ratio, self.reorder_ratio
            view_items, view_lengths = draw_operator_views(
                items, lengths, network.mask_code, *ratios
            )
        elif self.views == "dropout":
            view_items, view_lengths = items.repeat(2, 1), lengths.repeat(2)
        else:
            others, other_lengths, targets = draw_same_target(items, lengths, labels)
            view_items = torch.cat([items, others])
            view_lengths = torch.cat([lengths, other_lengths])
        hidden = network.last_hidden(view_items, view_lengths)  # (2 * batch, d)
        first, second = hidden.chunk(2)
        return nt_xent(first, second, self.temperature, targets)
