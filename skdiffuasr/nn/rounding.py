"""Rounding: from generated vectors to the items they are nearest to."""

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_BLOCK_BYTES = 4 * 2**20
"""Default size of a block of scores: it stays in the cache of a CPU core."""

MAX_BLOCK_ITEMS = 4096


@torch.no_grad()
def nearest_items(
    x: Tensor,
    item_embeddings: Tensor,
    *,
    unique: bool = False,
    exclude: Tensor | None = None,
    max_block_bytes: int = MAX_BLOCK_BYTES,
) -> Tensor:
    """Find the item of highest cosine for every vector.

    The scores are matrix products of a few rows and a few thousand items at a
    time with a running argmax, so memory does not grow with the catalogue.

    Parameters
    ----------
    x : Tensor of shape (batch, M, d)
        Generated embeddings.
    item_embeddings : Tensor of shape (n_items, d)
        The catalogue, in the dtype and on the device of `x`.
    unique : bool, default=False
        Give no item twice within a row: position by position, an item that an earlier
        position has taken is passed over for the next nearest.
    exclude : Tensor of shape (batch, L), dtype int64, or None, default=None
        Codes that a row must not be given, such as its own items. Rows with fewer
        than L are filled up with -1.
    max_block_bytes : int, default=4 MiB
        Size of the largest block of scores, at least that of M scores.

    Returns
    -------
    codes : Tensor of shape (batch, M), dtype int64
        Positions in `item_embeddings`. The lowest code wins a tie; a vector of zeros
        is equally near to everything, and an item of zeros has cosine 0.

    Raises
    ------
    ValueError
        If shapes do not fit, or a row has fewer items to choose from than it needs.

    References
    ----------
    .. [1] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (rounding).

    Examples
    --------
    >>> catalogue = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> x = torch.tensor([[[5.0, 1.0], [5.0, 2.0]]])
    >>> nearest_items(x, catalogue)
    tensor([[0, 0]])
    >>> nearest_items(x, catalogue, unique=True)
    tensor([[0, 1]])
    >>> nearest_items(x, catalogue, unique=True, exclude=torch.tensor([[1]]))
    tensor([[0, 2]])
    """
    batch, n_vectors, _ = x.shape
    if exclude is None:
        exclude = torch.empty((batch, 0), dtype=torch.int64, device=x.device)
    _check_shapes(x, item_embeddings, exclude)
    _check_choice(exclude, len(item_embeddings), n_vectors if unique else 1)

    items = F.normalize(item_embeddings, dim=1)  # (n_items, d); zeros stay zeros
    n_scores = max(1, max_block_bytes // (x.element_size() * max(1, n_vectors)))
    block_items = min(n_scores, len(items), MAX_BLOCK_ITEMS)
    block_rows = n_scores // block_items
    codes = torch.empty((batch, n_vectors), dtype=torch.int64, device=x.device)
    for start in range(0, batch, block_rows):
        rows = slice(start, start + block_rows)
        codes[rows] = _nearest(x[rows], items, exclude[rows], block_items)
        if unique:
            _resolve_clashes(codes[rows], x[rows], items, exclude[rows], block_items)
    return codes


def _nearest(x: Tensor, items: Tensor, exclude: Tensor, block_items: int) -> Tensor:
    """Argmax of the cosine over all items but the excluded ones."""
    vectors = F.normalize(x, dim=2)  # (rows, M, d)
    best_codes = torch.zeros(x.shape[:2], dtype=torch.int64, device=x.device)
    best_scores = x.new_full(x.shape[:2], -torch.inf)
    for start in range(0, len(items), block_items):
        scores = vectors @ items[start : start + block_items].T  # (rows, M, block)
        inside = (start <= exclude) & (exclude < start + scores.shape[2])
        row, column = inside.nonzero(as_tuple=True)
        scores[row, :, exclude[row, column] - start] = -torch.inf
        block_scores, block_codes = scores.max(dim=2)
        # Not >=: an equal score in a later block belongs to a higher code.
        better = block_scores > best_scores
        best_codes = torch.where(better, start + block_codes, best_codes)
        best_scores = torch.where(better, block_scores, best_scores)
    return best_codes


def _resolve_clashes(
    codes: Tensor, x: Tensor, items: Tensor, exclude: Tensor, block_items: int
) -> None:
    """Pass over, in place, items that an earlier position of the row has taken."""
    for position in range(1, codes.shape[1]):
        taken, code = codes[:, :position], codes[:, [position]]
        clash = (taken == code).any(dim=1).nonzero()[:, 0]
        if len(clash) == 0:
            continue
        forbidden = torch.cat([exclude[clash], taken[clash]], dim=1)
        vectors = x[clash, position, None]  # (clashes, 1, d)
        codes[clash, position] = _nearest(vectors, items, forbidden, block_items)[:, 0]


def _check_shapes(x: Tensor, item_embeddings: Tensor, exclude: Tensor) -> None:
    if x.shape[2] != item_embeddings.shape[1]:
        raise ValueError(
            f"x has vectors of {x.shape[2]} dimensions, "
            f"item_embeddings of {item_embeddings.shape[1]}."
        )
    if exclude.ndim != 2 or len(exclude) != len(x):
        raise ValueError(
            f"exclude must have shape (batch={len(x)}, L), got {tuple(exclude.shape)}."
        )


def _check_choice(exclude: Tensor, n_items: int, n_needed: int) -> None:
    """Refuse rows that leave fewer than `n_needed` items to choose from."""
    if exclude.shape[1] + n_needed <= n_items:
        return
    # A catalogue this small fits a mask; the last column takes the padding.
    columns = torch.where((0 <= exclude) & (exclude < n_items), exclude, n_items)
    mask = torch.zeros(
        len(exclude), n_items + 1, dtype=torch.bool, device=exclude.device
    )
    n_left = n_items - mask.scatter_(1, columns, True)[:, :n_items].sum(dim=1)
    too_few = (n_left < n_needed).nonzero()[:, 0]
    if len(too_few):
        row = int(too_few[0])
        raise ValueError(
            f"Row {row} needs {n_needed} different items, but its exclusions leave "
            f"{int(n_left[row])} of the {n_items} items of the catalogue."
        )
