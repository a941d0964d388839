"""Operators that turn histories into similar ones: crop, mask, reorder and others.

All take right-padded items (batch, length) of int64 codes, oldest first and 0 behind a
row's end, and lengths (batch,), and return both. Uniform numbers in (0, 1) of shape
(batch, length + 1) decide: the last column where a stretch starts, the others rank the
positions of a row, and those with the smallest numbers are drawn. A training run draws
them by ``torch.rand``, a transform from `skdiffuasr.sequences.keys`. An empty row does
not change.

References
----------
.. [1] Xie et al., "Contrastive Learning for Sequential Recommendation", ICDE 2022,
   arXiv:2010.14395, section III-C: `crop`, `mask` and `reorder`.
.. [2] Liu et al., "Contrastive Self-supervised Sequential Recommendation with Robust
   Augmentation", 2021, arXiv:2108.06479: `insert` and `substitute`.
"""

import torch
from torch import Tensor


def crop(
    items: Tensor, lengths: Tensor, ratio: float, draws: Tensor
) -> tuple[Tensor, Tensor]:
    """Keep a continuous stretch of ``max(1, floor(ratio * length))`` items [1]_.

    Every place for it is equally likely.
    """
    sizes = _share(lengths, ratio, minimum=1)
    return stretch(items, lengths, sizes, draws), sizes


def stretch(items: Tensor, lengths: Tensor, sizes: Tensor, draws: Tensor) -> Tensor:
    """Cut a continuous stretch of a given size (batch,) out of each row.

    No size exceeds the length; every place is equally likely.
    """
    columns = torch.arange(items.shape[1], device=items.device)
    source = _starts(lengths, sizes, draws)[:, None] + columns  # (batch, length)
    taken = items.gather(1, source.clamp(max=items.shape[1] - 1))
    return torch.where(columns < sizes[:, None], taken, 0)


def mask(
    items: Tensor, lengths: Tensor, ratio: float, draws: Tensor, mask_code: int
) -> tuple[Tensor, Tensor]:
    """Replace ``floor(ratio * length)`` drawn items of each row by `mask_code` [1]_."""
    is_drawn = _draw_positions(lengths, _share(lengths, ratio), draws)
    return items.masked_fill(is_drawn, mask_code), lengths


def reorder(
    items: Tensor, lengths: Tensor, ratio: float, draws: Tensor
) -> tuple[Tensor, Tensor]:
    """Shuffle a continuous stretch of ``floor(ratio * length)`` items of each row [1]_.

    Every place for it is equally likely; its items are sorted by their draws.
    """
    shuffled = _share(lengths, ratio)
    start = _starts(lengths, shuffled, draws)[:, None]
    columns = torch.arange(items.shape[1], device=items.device)
    is_inside = (columns >= start) & (columns < start + shuffled[:, None])
    # The stretch is sorted between the items around it, which keep their places. In
    # float64 the numbers still differ when a start is added.
    keys = torch.where(is_inside, start + draws[:, :-1].double(), columns.double())
    return items.gather(1, keys.argsort(dim=1, stable=True)), lengths


def insert(
    items: Tensor, lengths: Tensor, ratio: float, draws: Tensor, new_items: Tensor
) -> tuple[Tensor, Tensor]:
    """Insert ``max(1, floor(ratio * length))`` new items in front of drawn items [2]_.

    There is a new item (batch, length) for each position if it is drawn. The result has
    as many more columns as `length` gets new items.
    """
    batch, length = items.shape
    inserted = _share(lengths, ratio, minimum=1)
    is_drawn = _draw_positions(lengths, inserted, draws)
    columns = torch.arange(length, device=items.device)
    # Each item moves by the number of new ones in front of it and before.
    target = columns + is_drawn.cumsum(dim=1)  # (batch, length)
    width = length + int(_share(torch.tensor([length]), ratio, minimum=1))
    # What is not inserted goes to one more column, which is cut off.
    new_target = torch.where(is_drawn, target - 1, width)
    target = torch.where(columns < lengths[:, None], target, width)
    result = items.new_zeros(batch, width + 1)
    result.scatter_(1, target, items).scatter_(1, new_target, new_items)
    return result[:, :width], lengths + inserted


def substitute(
    items: Tensor, lengths: Tensor, ratio: float, draws: Tensor, new_items: Tensor
) -> tuple[Tensor, Tensor]:
    """Replace ``max(1, floor(ratio * length))`` drawn items of each row by new ones.

    There is a new item (batch, length) for each position if it is drawn [2]_.
    """
    is_drawn = _draw_positions(lengths, _share(lengths, ratio, minimum=1), draws)
    return torch.where(is_drawn, new_items, items), lengths


def _share(lengths: Tensor, ratio: float, minimum: int = 0) -> Tensor:
    """Return ``max(minimum, floor(ratio * length))``, at most the length."""
    # In float64, as a Python float is multiplied.
    share = (lengths.double() * ratio).floor().long().clamp(min=minimum)
    return torch.minimum(share, lengths)


def _starts(lengths: Tensor, sizes: Tensor, draws: Tensor) -> Tensor:
    """Draw where stretches of some sizes (batch,) start, by the last of the draws."""
    n_places = lengths - sizes + 1
    # The product may round up to the number of places.
    return torch.minimum((draws[:, -1].double() * n_places).long(), n_places - 1)


def _draw_positions(lengths: Tensor, sizes: Tensor, draws: Tensor) -> Tensor:
    """Return which positions (batch, length) are drawn, `sizes` of each row."""
    noise = draws[:, :-1]
    columns = torch.arange(noise.shape[1], device=noise.device)
    noise = noise.masked_fill(columns >= lengths[:, None], torch.inf)
    ranks = noise.argsort(dim=1, stable=True).argsort(dim=1)
    return ranks < sizes[:, None]
