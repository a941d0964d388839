"""The contrastive loss: two views of a history are more alike than those of others."""

import torch
import torch.nn.functional as F
from torch import Tensor


def nt_xent(
    first: Tensor,
    second: Tensor,
    temperature: float = 1.0,
    labels: Tensor | None = None,
) -> Tensor:
    """Return the mean cross-entropy (), in nats, of two views (n, d) of each row.

    Each of the 2 n views has to be told from the others as the partner of its row's
    other view, by inner products over the temperature: the candidates are the partner
    and the 2 (n - 1) views of other rows (Chen et al., "A Simple Framework for
    Contrastive Learning of Visual Representations", ICML 2020, arXiv:2002.05709,
    equation 1). Rows with equal labels (n,) are not negatives of each other. It is 0
    without any negative.
    """
    n_rows = len(first)
    if n_rows == 0:
        return first.sum()  # zero, and the mean of nothing would be NaN
    view = torch.arange(2 * n_rows, device=first.device)
    partner = (view + n_rows) % (2 * n_rows)
    label = view % n_rows if labels is None else labels.repeat(2)
    is_ignored = label[:, None] == label  # (2n, 2n): a view itself among them
    is_ignored[view, partner] = False
    with torch.autocast(first.device.type, enabled=False):
        views = torch.cat([first, second]).float()  # (2n, d)
        logits = (views @ views.T) / temperature
        return F.cross_entropy(logits.masked_fill(is_ignored, -torch.inf), partner)
