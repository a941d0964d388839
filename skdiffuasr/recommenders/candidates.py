"""Which items may be recommended, to all or to each history."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.sequences import Sequences, check_sequences
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.ragged import row_of
from skdiffuasr.sequences.vocabulary import encode_items


def exclusions(
    candidates: Any, item_ids: IdArray, n_rows: int, unknown_candidates: str
) -> Callable[[slice], Tensor]:
    """Check candidates, and return a function that says which items are none of them.

    It takes a slice of the rows and returns bools (n or 1, n_items).
    """
    if isinstance(candidates, Iterator | np.ndarray):
        candidates = list(candidates)
    if not _are_per_row(candidates):
        ids = as_ids(candidates, "candidates")
        codes = _known(ids, item_ids, unknown_candidates, lambda _: "candidates has")
        is_excluded = torch.ones(1, len(item_ids), dtype=torch.bool)
        is_excluded[:, torch.from_numpy(codes[codes >= 0])] = False
        return lambda rows: is_excluded
    given = check_sequences(candidates, input_name="candidates")
    if len(given) != n_rows:
        raise ValueError(
            f"candidates has {len(given)} rows, and X has {n_rows}; pass one list of "
            "items for all histories, or one for each."
        )

    def where(place: int) -> str:
        return f"Row {row_of(given.offsets, place)} of candidates has"

    codes = _known(given.values, item_ids, unknown_candidates, where)
    encoded = Sequences._unchecked(codes, given.offsets, None, None)._where(codes >= 0)

    def of_rows(rows: slice) -> Tensor:
        own = encoded[rows]
        is_excluded = torch.ones(len(own), len(item_ids), dtype=torch.bool)
        is_excluded[places_of(own)] = False
        return is_excluded

    return of_rows


def places_of(codes: Sequences) -> tuple[Tensor, Tensor]:
    """Return the row and the column in (n, n_items) of every item of histories."""
    row_numbers = np.repeat(np.arange(len(codes)), codes.lengths)
    return torch.from_numpy(row_numbers), torch.tensor(codes.values)


def _are_per_row(candidates: Any) -> bool:
    """Whether there is a list of candidates for each row, by the first of them."""
    if isinstance(candidates, Sequences):
        return True
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Iterable):
        return False
    first = next(iter(candidates), None)
    return isinstance(first, Iterable) and not isinstance(first, str | bytes)


def _known(
    ids: IdArray,
    item_ids: IdArray,
    unknown_candidates: str,
    where: Callable[[int], str],
) -> IntArray:
    """Return the codes of candidates, -1 for unknown ones unless these are refused."""
    codes = encode_items(ids, item_ids, "candidates")
    unknown = np.flatnonzero(codes < 0)
    if len(unknown) and unknown_candidates == "error":
        place = int(unknown[0])
        raise ValueError(
            f"{where(place)} the item {ids[place].item()!r}, which was not in "
            "training; pass unknown_candidates='ignore' to leave such items out."
        )
    return codes
