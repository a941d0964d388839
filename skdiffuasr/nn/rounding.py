"""Rounding: from generated vectors to the items they are nearest to."""

import torch
import torch.nn.functional as F
from torch import Tensor

from skdiffuasr.nn.exclusions import Exclusions
from skdiffuasr.nn.precision import unit_product_error

MAX_BLOCK_BYTES = 8 * 2**20
"""Default size of a block of scores: it stays in the cache of a CPU core."""

MAX_BLOCK_ITEMS = 2048

MAX_BLOCK_CANDIDATES = 1024
"""Number of groups whose items are looked at one by one at a time."""

GROUP_SIZE = 16
"""Number of items of which only the best score is looked at first."""


@torch.no_grad()
def nearest_items(
    x: Tensor,
    item_embeddings: Tensor,
    *,
    unique: bool = False,
    exclude: tuple[Tensor, Tensor] | None = None,
    dtype: torch.dtype = torch.float32,
    max_block_bytes: int = MAX_BLOCK_BYTES,
) -> Tensor:
    """Find the item of highest cosine for vectors (batch, M, d), as codes (batch, M).

    The scores are products of a few rows and a few thousand items at a time with a
    running argmax, so memory does not grow with the catalogue `item_embeddings`
    (n_items, d). A vector's item depends on nothing but the vector, to the last bit.
    The lowest code wins a tie; a vector of zeros is equally near to everything, and an
    item of zeros has cosine 0.

    With `unique`, an item that an earlier position of the row has taken is skipped for
    the next nearest. `exclude` has codes that the rows must not be given, one row after
    the other (n_values,), and how many each row has (batch,). They may repeat.

    Candidates are found by products in `dtype` and chosen from in float32, so the
    result does not depend on it. `max_block_bytes` is the size of the largest block of
    scores, at least that of M scores. Raises a ValueError if shapes do not fit, a code
    to exclude is not in the catalogue, a row has too few items to choose from, or a
    value is not finite.
    """
    batch, n_vectors, _ = x.shape
    if exclude is None:
        empty = torch.empty(0, dtype=torch.int64, device=x.device)
        exclude = empty, empty.new_zeros(batch)
    _check_shapes(x, item_embeddings, *exclude)
    exclusions = Exclusions.from_ragged(*exclude, len(item_embeddings))
    _check_choice(exclusions, n_vectors if unique else 1)

    items = F.normalize(item_embeddings, dim=1)  # (n_items, d); zeros stay zeros
    n_scores = max(1, max_block_bytes // (dtype.itemsize * max(1, n_vectors)))
    n_blocks = -(-len(items) // min(n_scores, MAX_BLOCK_ITEMS))
    n_groups = -(-len(items) // (n_blocks * GROUP_SIZE))  # in each block
    block_rows = max(1, n_scores // (n_groups * GROUP_SIZE))
    codes = torch.empty((batch, n_vectors), dtype=torch.int64, device=x.device)
    for start in range(0, batch, block_rows):
        rows = slice(start, start + block_rows)
        excluded = exclusions.slice(start, start + block_rows)
        with torch.autocast(x.device.type, enabled=False):
            codes[rows] = _nearest(x[rows], items, excluded, n_groups, dtype)
            if unique:
                _resolve_clashes(codes[rows], x[rows], items, excluded, n_groups, dtype)
    _check_found(codes, x, len(items))
    return codes


def _nearest(
    x: Tensor, items: Tensor, excluded: Exclusions, n_groups: int, dtype: torch.dtype
) -> Tensor:
    """Return the argmax of the cosine over all items but the excluded ones."""
    vectors = F.normalize(x, dim=2)  # (rows, M, d)
    owner, first_code = _candidate_groups(vectors, items, excluded, n_groups, dtype)
    codes = _best_of_groups(vectors, items, excluded, owner, first_code, n_groups)
    return codes.view(x.shape[:2])


def _candidate_groups(
    vectors: Tensor,
    items: Tensor,
    excluded: Exclusions,
    n_groups: int,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Find the groups of items that the nearest of a vector may be in.

    A group has `GROUP_SIZE` items, `n_groups` apart, since a maximum over the middle
    axis is the cheapest of all. Scores are inexact: a group passes if its maximum is at
    most two errors below the best. Returns, for each candidate, the row of the
    flattened vectors (rows * M, d) and the first item of the group.
    """
    rows, n_vectors, n_dims = vectors.shape
    margin = 2 * unit_product_error(dtype, n_dims)
    rough = vectors.flatten(0, 1).to(dtype)  # (rows * M, d)
    scores = rough.new_empty((rows * n_vectors, n_groups * GROUP_SIZE))
    best = vectors.new_full((rows * n_vectors,), -torch.inf)
    found = []
    block_items = n_groups * GROUP_SIZE
    row, code = excluded.by_code()
    ends = torch.arange(block_items, len(items) + block_items, block_items)
    splits = torch.searchsorted(code, ends.to(code.device)).tolist()
    starts = range(0, len(items), block_items)
    for start, first, last in zip(starts, [0, *splits], splits, strict=False):
        block = items[start : start + block_items].to(dtype)
        torch.mm(rough, block.T, out=scores[:, : len(block)])
        scores[:, len(block) :] = -torch.inf
        inside = slice(first, last)
        by_row = scores.view(rows, n_vectors, block_items)
        by_row[row[inside], :, code[inside] - start] = -torch.inf
        maxima = scores.view(-1, GROUP_SIZE, n_groups).amax(dim=1)  # (rows * M, groups)
        best = torch.maximum(best, maxima.amax(dim=1))
        is_near = maxima >= best[:, None] - margin
        owner, group = is_near.nonzero(as_tuple=True)
        found.append((owner, start + group, maxima[owner, group]))
    owner, first_code, maximum = map(torch.cat, zip(*found, strict=True))
    is_near = maximum >= best[owner] - margin
    return owner[is_near], first_code[is_near]


def _best_of_groups(
    vectors: Tensor,
    items: Tensor,
    excluded: Exclusions,
    owner: Tensor,
    first_code: Tensor,
    n_groups: int,
) -> Tensor:
    """Return the nearest item of each vector's groups in float32, the lowest of equals.

    A batched product would round by the number of matrices, these sums do not.
    """
    n_items = len(items)
    n_vectors = vectors.shape[1]
    vectors = vectors.flatten(0, 1)  # (rows * M, d)
    within = n_groups * torch.arange(GROUP_SIZE, device=items.device)
    best_scores = vectors.new_full((len(vectors),), -torch.inf)
    best_codes = torch.full((len(vectors),), n_items, device=vectors.device)
    for start in range(0, len(owner), MAX_BLOCK_CANDIDATES):
        of = owner[start : start + MAX_BLOCK_CANDIDATES]
        code = first_code[start : start + MAX_BLOCK_CANDIDATES, None] + within
        known = code.clamp(max=n_items - 1)  # (block, GROUP_SIZE)
        row = (of // n_vectors)[:, None].expand_as(code)
        is_none = excluded.contain(row, known) | (code >= n_items)
        embeddings = items[known]  # (block, GROUP_SIZE, d)
        scores = embeddings.mul_(vectors[of, None]).sum(dim=2)  # (block, GROUP_SIZE)
        scores.masked_fill_(is_none, -torch.inf)
        better = best_scores.scatter_reduce(0, of, scores.amax(dim=1), "amax")
        best_codes = best_codes.where(better == best_scores, n_items)
        best_scores = better
        winners = torch.where(scores == best_scores[of, None], code, n_items)
        best_codes.scatter_reduce_(0, of, winners.amin(dim=1), "amin")
    return best_codes


def _resolve_clashes(
    codes: Tensor,
    x: Tensor,
    items: Tensor,
    excluded: Exclusions,
    n_groups: int,
    dtype: torch.dtype,
) -> None:
    """Skip, in place, items that an earlier position of the row has taken."""
    for position in range(1, codes.shape[1]):
        taken, code = codes[:, :position], codes[:, [position]]
        clash = (taken == code).any(dim=1).nonzero()[:, 0]
        if len(clash) == 0:
            continue
        forbidden = excluded.take(clash, taken[clash])
        vectors = x[clash, position, None]  # (clashes, 1, d)
        nearest = _nearest(vectors, items, forbidden, n_groups, dtype)
        codes[clash, position] = nearest[:, 0]


def _check_shapes(
    x: Tensor, item_embeddings: Tensor, codes: Tensor, lengths: Tensor
) -> None:
    if x.shape[2] != item_embeddings.shape[1]:
        raise ValueError(
            f"x has vectors of {x.shape[2]} dimensions, "
            f"item_embeddings of {item_embeddings.shape[1]}."
        )
    if lengths.shape != x.shape[:1] or codes.shape != (int(lengths.sum()),):
        raise ValueError(
            f"exclude must be codes and the number of them for each of the batch="
            f"{len(x)} rows, got shapes {tuple(codes.shape)} and "
            f"{tuple(lengths.shape)} for {int(lengths.sum())} codes."
        )
    outside = (codes < 0) | (codes >= len(item_embeddings))
    if outside.any():
        raise ValueError(
            f"exclude has the code {int(codes[outside][0])}; accepted are 0 to "
            f"{len(item_embeddings) - 1}."
        )


def _check_found(codes: Tensor, x: Tensor, n_items: int) -> None:
    """Raise if a vector has no nearest item, since NaN is not near to anything."""
    row, position = (codes == n_items).nonzero(as_tuple=True)
    if len(row) == 0:
        return
    vector = x[row[0], position[0]]
    found = "item_embeddings have values that are not finite"
    if not vector.isfinite().all():
        found = f"vector {int(position[0])} of row {int(row[0])} is not finite"
    raise ValueError(
        f"There is no nearest item: {found}. In generation, weights that are not "
        "finite or too large a guidance_scale may be why."
    )


def _check_choice(exclusions: Exclusions, n_needed: int) -> None:
    """Raise if a row has fewer than `n_needed` items to choose from."""
    n_left = exclusions.n_items - exclusions.counts()
    too_few = (n_left < n_needed).nonzero()[:, 0]
    if len(too_few):
        row = int(too_few[0])
        raise ValueError(
            f"Row {row} needs {n_needed} different items, but its exclusions leave "
            f"{int(n_left[row])} of the {exclusions.n_items} items of the catalogue."
        )
