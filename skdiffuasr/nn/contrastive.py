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
    """Normalised temperature-scaled cross-entropy of two views of each row.

    Each of the 2 n views has to be told from the others as the partner of its row's
    other view. Views are compared by their inner product. The loss is the
    cross-entropy of the partner among it and the views of all other rows, that is the
    partner and 2 (n - 1) negatives [1]_ (equation 1), which [2]_ takes over.

    Parameters
    ----------
    first, second : Tensor of shape (n, d)
        The views; those of one row are each other's positive.
    temperature : float, default=1.0
        Divides the inner products.
    labels : int64 Tensor of shape (n,), default=None
        Rows with equal labels are no negatives of each other. None takes all other
        rows as negatives.

    Returns
    -------
    loss : Tensor of shape ()
        In nats, mean over all views; 0 without any negative.

    References
    ----------
    .. [1] Chen et al., "A Simple Framework for Contrastive Learning of Visual
       Representations", ICML 2020, arXiv:2002.05709.
    .. [2] Xie et al., "Contrastive Learning for Sequential Recommendation", ICDE 2022,
       arXiv:2010.14395.

    Examples
    --------
    >>> import torch
    >>> from skdiffuasr.nn.contrastive import nt_xent
    >>> views = torch.eye(3)
    >>> round(nt_xent(5 * views, 5 * views).item(), 3)
    0.0
    >>> round(nt_xent(0 * views, 0 * views).item(), 3)  # one right among five
    1.609
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
