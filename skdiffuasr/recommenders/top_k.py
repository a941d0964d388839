"""The k highest scores of each row, with ties broken the same way every time."""

import numpy as np
import numpy.typing as npt
import torch

from skdiffuasr._typing import IntArray


def top_k(
    scores: npt.NDArray[np.float32], k: int
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Find the `k` best columns of each row.

    Parameters
    ----------
    scores : ndarray of float32 of shape (n, n_items)
        Higher is better.
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
    values = torch.from_numpy(scores)
    best, columns = values.topk(k)
    threshold = best[:, -1:]
    is_tied = (values >= threshold).sum(dim=1) > k
    if is_tied.any():
        # topk may take any of the items that tie for the last place.
        order = values[is_tied].argsort(dim=1, descending=True, stable=True)[:, :k]
        columns[is_tied] = order
    columns = columns.sort(dim=1).values
    best = values.gather(1, columns)
    order = best.argsort(dim=1, descending=True, stable=True)
    return columns.gather(1, order).numpy(), best.gather(1, order).numpy()
