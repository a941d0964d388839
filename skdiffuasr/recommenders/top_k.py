"""The k highest scores of each row, with ties broken the same way every time."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray


def top_k(
    scores: npt.NDArray[np.float32] | Tensor, k: int
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Find the `k` best columns of each row.

    Parameters
    ----------
    scores : ndarray or Tensor of float32 of shape (n, n_items)
        Higher is better; a tensor may be on any device.
    k : int
        At most `n_items`.

    Returns
    -------
    columns : ndarray of int64 of shape (n, k)
        Best first; among equal scores the lower column first.
    best : ndarray of float32 of shape (n, k)
        Their scores.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.recommenders.top_k import top_k
    >>> top_k(np.array([[1, 3, 2, 3]], dtype=np.float32), 3)[0]
    array([[1, 3, 2]])
    """
    values = torch.as_tensor(scores)
    best, columns = values.topk(min(k + 1, values.shape[1]))
    if best.shape[1] > k:
        # topk may take any of the items that tie for the last place.
        is_tied = best[:, k - 1] == best[:, k]
        best, columns = best[:, :k], columns[:, :k]
        if is_tied.any():
            order = values[is_tied].argsort(dim=1, descending=True, stable=True)
            columns[is_tied] = order[:, :k]
    columns = columns.sort(dim=1).values
    best = values.gather(1, columns)
    order = best.argsort(dim=1, descending=True, stable=True)
    columns, best = columns.gather(1, order), best.gather(1, order)
    return columns.cpu().numpy(), best.cpu().numpy()
