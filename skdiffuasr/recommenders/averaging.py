"""The average of what several recommenders give the same histories."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

#: Weight, what scores rows (n, n_own_items), and the codes (n_own_items,) of its
#: columns in the whole catalogue, None where it has all of it.
Member = tuple[float, Callable[[slice], Tensor], Tensor | None]


def mean_scorer(members: Sequence[Member], n_items: int) -> Callable[[slice], Tensor]:
    """Return what averages log-probabilities (n, n_items) of rows, normalised again."""
    # Fresh memory can cost as much as the sum that fills it.
    sums = averages = torch.empty(0, n_items)

    def average(rows: slice) -> Tensor:
        nonlocal sums, averages
        n_rows = rows.stop - rows.start
        for number, (weight, score, columns) in enumerate(members):
            block = score(rows)
            if columns is not None:
                block = _widened(block, columns, n_items)
            if number == 0:
                if len(sums) < n_rows:
                    sums, averages = block.new_empty(2, n_rows, n_items)
                torch.mul(block, weight, out=sums[:n_rows])
            else:
                sums[:n_rows].add_(block.to(sums.device), alpha=weight)
        return torch.log_softmax(sums[:n_rows], dim=1, out=averages[:n_rows])

    return average


def _widened(block: Tensor, codes: Tensor, n_items: int) -> Tensor:
    """Place the columns of a member's catalogue; the lowest score fills the others."""
    wide = block.amin(dim=1, keepdim=True).repeat(1, n_items)
    wide[:, codes.to(block.device)] = block
    return wide
