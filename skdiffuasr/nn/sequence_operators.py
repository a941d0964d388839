"""Operators that turn histories into similar ones: crop, mask, reorder and others.

All work on right-padded batches and are decided by uniform numbers alone, which a
training draws by ``torch.rand`` and a transform from `skdiffuasr.sequences.keys`. The
last column of these numbers chooses where a stretch starts, the others rank the
positions of a row: those with the smallest numbers are the drawn ones. An empty row
stays as it is.

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
    """Keep a continuous stretch of each row.

    It has ``max(1, floor(ratio * length))`` items, and every place for it is equally
    likely [1]_ (section III-C).

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first; code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row.
    ratio : float
        Share of the items that is kept, in [0, 1].
    draws : float Tensor of shape (batch, length + 1)
        Uniform numbers in (0, 1); the last one of a row chooses the start.

    Returns
    -------
    items : int64 Tensor of shape (batch, length)
        Code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items that each row has left.

    References
    ----------
    .. [1] Xie et al., ICDE 2022, arXiv:2010.14395.

    Examples
    --------
    >>> import torch
    >>> from skdiffuasr.nn.sequence_operators import crop
    >>> items, lengths = torch.tensor([[5, 6, 7, 8, 9]]), torch.tensor([5])
    >>> draws = torch.tensor([[0.5, 0.1, 0.9, 0.2, 0.4, 0.99]])
    >>> items, lengths = crop(items, lengths, 0.6, draws)
    >>> items.tolist(), lengths.tolist()
    ([[7, 8, 9, 0, 0]], [3])
    """
    sizes = _share(lengths, ratio, minimum=1)
    return stretch(items, lengths, sizes, draws), sizes


def stretch(items: Tensor, lengths: Tensor, sizes: Tensor, draws: Tensor) -> Tensor:
    """Cut a continuous stretch of a given size out of each row.

    Every place for it is equally likely.

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row.
    sizes : int64 Tensor of shape (batch,)
        Number of items of each stretch, at most `lengths`.
    draws : float Tensor of shape (batch, length + 1)
        Uniform numbers in (0, 1); the last one of a row chooses the start.

    Returns
    -------
    items : int64 Tensor of shape (batch, length)
        Code 0 behind a stretch's end.
    """
    columns = torch.arange(items.shape[1], device=items.device)
    source = _starts(lengths, sizes, draws)[:, None] + columns  # (batch, length)
    taken = items.gather(1, source.clamp(max=items.shape[1] - 1))
    return torch.where(columns < sizes[:, None], taken, 0)


def mask(
    items: Tensor, lengths: Tensor, ratio: float, draws: Tensor, mask_code: int
) -> tuple[Tensor, Tensor]:
    """Replace drawn items of each row by a mask.

    There are ``floor(ratio * length)`` of them [1]_ (section III-C).

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first; code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row.
    ratio : float
        Share of the items that is masked, in [0, 1].
    draws : float Tensor of shape (batch, length + 1)
        Uniform numbers in (0, 1); the positions with the smallest are masked.
    mask_code : int
        Stands where the items were.

    Returns
    -------
    items : int64 Tensor of shape (batch, length)
        Code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        As given.

    References
    ----------
    .. [1] Xie et al., ICDE 2022, arXiv:2010.14395.

    Examples
    --------
    >>> import torch
    >>> from skdiffuasr.nn.sequence_operators import mask
    >>> items, lengths = torch.tensor([[5, 6, 7, 8, 9]]), torch.tensor([5])
    >>> draws = torch.tensor([[0.5, 0.1, 0.9, 0.2, 0.4, 0.99]])
    >>> mask(items, lengths, 0.4, draws, mask_code=10)[0].tolist()
    [[5, 10, 7, 10, 9]]
    """
    is_drawn = _draw_positions(lengths, _share(lengths, ratio), draws)
    return items.masked_fill(is_drawn, mask_code), lengths


def reorder(
    items: Tensor, lengths: Tensor, ratio: float, draws: Tensor
) -> tuple[Tensor, Tensor]:
    """Shuffle a continuous stretch of each row.

    It has ``floor(ratio * length)`` items, every place for it is equally likely, and so
    is every order of its items [1]_ (section III-C).

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first; code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row.
    ratio : float
        Share of the items that is shuffled, in [0, 1].
    draws : float Tensor of shape (batch, length + 1)
        Uniform numbers in (0, 1); the last one of a row chooses the start, and the
        items of the stretch are sorted by those at their positions.

    Returns
    -------
    items : int64 Tensor of shape (batch, length)
        Code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        As given.

    References
    ----------
    .. [1] Xie et al., ICDE 2022, arXiv:2010.14395.

    Examples
    --------
    >>> import torch
    >>> from skdiffuasr.nn.sequence_operators import reorder
    >>> items, lengths = torch.tensor([[5, 6, 7, 8, 9]]), torch.tensor([5])
    >>> draws = torch.tensor([[0.5, 0.1, 0.9, 0.2, 0.4, 0.99]])
    >>> reorder(items, lengths, 0.6, draws)[0].tolist()
    [[5, 6, 8, 9, 7]]
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
    """Insert new items in front of drawn items of each row.

    There are ``max(1, floor(ratio * length))`` of them. The last item remains the last
    [1]_.

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first; code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row.
    ratio : float
        Number of new items per item, in [0, 1].
    draws : float Tensor of shape (batch, length + 1)
        Uniform numbers in (0, 1); the positions with the smallest are drawn.
    new_items : int64 Tensor of shape (batch, length)
        What is inserted in front of each position if it is drawn.

    Returns
    -------
    items : int64 Tensor of shape (batch, length + max(1, floor(ratio * length)))
        Code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items that each row has now.

    References
    ----------
    .. [1] Liu et al., 2021, arXiv:2108.06479.

    Examples
    --------
    >>> import torch
    >>> from skdiffuasr.nn.sequence_operators import insert
    >>> items, lengths = torch.tensor([[5, 6, 7, 8, 9]]), torch.tensor([5])
    >>> draws = torch.tensor([[0.5, 0.1, 0.9, 0.2, 0.4, 0.99]])
    >>> items, lengths = insert(items, lengths, 0.4, draws, items * 11)
    >>> items.tolist(), lengths.tolist()
    ([[5, 66, 6, 7, 88, 8, 9]], [7])
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
    """Replace drawn items of each row by new ones.

    There are ``max(1, floor(ratio * length))`` of them [1]_.

    Parameters
    ----------
    items : int64 Tensor of shape (batch, length)
        Item codes, oldest first; code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        Number of items of each row.
    ratio : float
        Share of the items that is replaced, in [0, 1].
    draws : float Tensor of shape (batch, length + 1)
        Uniform numbers in (0, 1); the positions with the smallest are drawn.
    new_items : int64 Tensor of shape (batch, length)
        What replaces each item if it is drawn.

    Returns
    -------
    items : int64 Tensor of shape (batch, length)
        Code 0 behind a row's end.
    lengths : int64 Tensor of shape (batch,)
        As given.

    References
    ----------
    .. [1] Liu et al., 2021, arXiv:2108.06479.

    Examples
    --------
    >>> import torch
    >>> from skdiffuasr.nn.sequence_operators import substitute
    >>> items, lengths = torch.tensor([[5, 6, 7, 8, 9]]), torch.tensor([5])
    >>> draws = torch.tensor([[0.5, 0.1, 0.9, 0.2, 0.4, 0.99]])
    >>> substitute(items, lengths, 0.4, draws, items * 11)[0].tolist()
    [[5, 66, 7, 88, 9]]
    """
    is_drawn = _draw_positions(lengths, _share(lengths, ratio, minimum=1), draws)
    return torch.where(is_drawn, new_items, items), lengths


def _share(lengths: Tensor, ratio: float, minimum: int = 0) -> Tensor:
    """Return ``max(minimum, floor(ratio * length))`` of each row (batch,).

    It is never more than the row has. In float64, as a Python float is multiplied.
    """
    share = (lengths.double() * ratio).floor().long().clamp(min=minimum)
    return torch.minimum(share, lengths)


def _starts(lengths: Tensor, sizes: Tensor, draws: Tensor) -> Tensor:
    """Draw where stretches of some sizes (batch,) start, by the last of the draws."""
    n_places = lengths - sizes + 1
    # The product may round up to the number of places.
    return torch.minimum((draws[:, -1].double() * n_places).long(), n_places - 1)


def _draw_positions(lengths: Tensor, sizes: Tensor, draws: Tensor) -> Tensor:
    """Draw as many positions of each row as `sizes` (batch,) says.

    Returns a bool Tensor of shape (batch, length): the positions with the smallest
    draws within the row.
    """
    noise = draws[:, :-1]
    columns = torch.arange(noise.shape[1], device=noise.device)
    noise = noise.masked_fill(columns >= lengths[:, None], torch.inf)
    ranks = noise.argsort(dim=1, stable=True).argsort(dim=1)
    return ranks < sizes[:, None]
