"""The k highest scores of each row, with ties broken the same way every time."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray

#: Number of columns of which only the highest score is looked at first.
GROUP_SIZE = 16


def top_k(
    scores: npt.NDArray[np.float32] | Tensor, k: int
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Return the best columns (n, k) of scores (n, n_items), and their scores (n, k).

    The best comes first; among equal scores the lower column. `k` is at most `n_items`.
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
    """Return columns (n, n_candidates), rising, and whether all the best are there.

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
    """Return the columns (n, k) of the highest values, the lower first in a tie."""
    best, columns = values.topk(min(k + 1, values.shape[1]))
    if best.shape[1] > k:
        # topk may take any of the items that tie for the last place.
        is_tied = best[:, k - 1] == best[:, k]
        columns = columns[:, :k]
        if is_tied.any():
            last = best[is_tied, k - 1, None]
            lowest = _lowest_columns(values[is_tied] == last, k)
            n_above = (best[is_tied, :k] > last).sum(1, keepdim=True)
            places = torch.arange(k, device=values.device)
            lowest = lowest.gather(1, (places - n_above).clamp(min=0))
            is_above = places < n_above  # topk puts them first
            columns[is_tied] = torch.where(is_above, columns[is_tied], lowest)
    columns = columns.sort(dim=1).values
    order = values.gather(1, columns).argsort(dim=1, descending=True, stable=True)
    return columns.gather(1, order)


def _lowest_columns(is_wanted: Tensor, k: int) -> Tensor:
    """Return the lowest columns (n, k) of those wanted, and their number for none."""
    n_columns, device = is_wanted.shape[1], is_wanted.device
    from_end = torch.arange(n_columns, 0, -1, dtype=torch.int32, device=device)
    return n_columns - from_end.where(is_wanted, 0).topk(k).values.long()
