"""The k highest scores of each row, with ties broken the same way every time."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from skdiffuasr._typing import IntArray

#: Number of columns of which only the highest score is looked at first.
GROUP_SIZE = 16

#: Number of neighbouring columns that are looked through for ties at a time.
CHUNK_SIZE = 256


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
    n_groups = values.shape[1] // GROUP_SIZE
    if n_groups <= GROUP_SIZE * k:
        columns = _sorted_top_k(values, k)
    else:
        candidates, is_complete = _candidates(values, k, n_groups)
        found = _sorted_top_k(values.gather(1, candidates), k)
        columns = candidates.gather(1, found)
        columns[~is_complete] = _sorted_top_k(values[~is_complete], k)
    return columns.cpu().numpy(), values.gather(1, columns).cpu().numpy()


def _candidates(values: Tensor, k: int, n_groups: int) -> tuple[Tensor, Tensor]:
    """Columns (n, n_candidates), ascending, and whether all the best are among them.

    The `k` best columns lie in the `k` groups of the highest maxima, unless groups tie
    for the last place. A group has `GROUP_SIZE` columns, `n_groups` apart, since a
    maximum over the middle axis is the cheapest of all.
    """
    grouped = values[:, : n_groups * GROUP_SIZE].unflatten(1, (GROUP_SIZE, n_groups))
    maxima, groups = grouped.amax(dim=1).topk(k + 1)  # (n, k + 1)
    within = n_groups * torch.arange(GROUP_SIZE, device=values.device)
    columns = (groups[:, :k, None] + within).flatten(1)  # (n, k * GROUP_SIZE)
    rest = torch.arange(
        n_groups * GROUP_SIZE, values.shape[1], device=values.device
    ).expand(len(values), -1)
    candidates = torch.cat([columns, rest], dim=1).sort(dim=1).values
    return candidates, maxima[:, k - 1] > maxima[:, k]


def _sorted_top_k(values: Tensor, k: int) -> Tensor:
    """Columns (n, k) of the highest values, best first, the lower column first."""
    best, columns = values.topk(min(k + 1, values.shape[1]))
    if best.shape[1] > k:
        # topk may take any of the items that tie for the last place.
        is_tied = best[:, k - 1] == best[:, k]
        columns = columns[:, :k]
        if is_tied.any():
            last = best[is_tied, k - 1, None]
            level = _lowest_level_columns(values[is_tied], last, k)
            n_above = (best[is_tied, :k] > last).sum(1, keepdim=True)
            places = torch.arange(k, device=values.device)
            is_above = places < n_above  # topk puts them first
            level = level.gather(1, (places - n_above).clamp(min=0))
            columns[is_tied] = torch.where(is_above, columns[is_tied], level)
    columns = columns.sort(dim=1).values
    order = values.gather(1, columns).argsort(dim=1, descending=True, stable=True)
    return columns.gather(1, order)


def _lowest_level_columns(values: Tensor, level: Tensor, k: int) -> Tensor:
    """Find the `k` lowest columns (n, k) with a row's own value, given as (n, 1).

    Chunks of columns are looked at first: ties can be most of the catalogue, and the
    lowest of them lie in the first `k` chunks that have any.
    """
    n_chunks = -(-values.shape[1] // CHUNK_SIZE)
    # One chunk more, which has none, stands for those that are lacking.
    padding = (n_chunks + 1) * CHUNK_SIZE - values.shape[1]
    is_level = F.pad(values == level, (0, padding)).unflatten(1, (-1, CHUNK_SIZE))
    chunks = torch.arange(n_chunks + 1, device=values.device)
    first = chunks.where(is_level.any(dim=2), n_chunks).topk(
        min(k, n_chunks + 1), largest=False
    )
    chosen = is_level.gather(1, first.values[:, :, None].expand(-1, -1, CHUNK_SIZE))
    columns = first.values[:, :, None] * CHUNK_SIZE + torch.arange(
        CHUNK_SIZE, device=values.device
    )
    columns = columns.where(chosen, values.shape[1]).flatten(1)
    return columns.topk(k, largest=False).values
