"""Sets of items that rows must not be given, without a rectangle of rows and items."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Exclusions:
    """The distinct items that each row of a batch must not be given.

    Parameters
    ----------
    keys : int64 Tensor of shape (n_excluded,)
        ``row * n_items + code`` of each exclusion, distinct and in rising order.
    n_rows : int
        Number of rows.
    n_items : int
        Size of the catalogue.
    """

    keys: Tensor
    n_rows: int
    n_items: int

    @classmethod
    def from_ragged(cls, codes: Tensor, lengths: Tensor, n_items: int) -> Self:
        """Collect the distinct codes of ragged rows, given one after the other."""
        rows = torch.arange(len(lengths), device=codes.device)
        keys = torch.repeat_interleave(rows, lengths) * n_items + codes
        return cls(keys.unique(), len(lengths), n_items)

    def counts(self) -> Tensor:
        """Count the excluded items of each row, (n_rows,)."""
        return torch.bincount(self.keys // self.n_items, minlength=self.n_rows)

    def slice(self, start: int, stop: int) -> "Exclusions":
        """Take the exclusions of the rows from `start` to before `stop`."""
        stop = min(stop, self.n_rows)
        bounds = self.keys.new_tensor([start, stop]) * self.n_items
        first, last = torch.searchsorted(self.keys, bounds).tolist()
        keys = self.keys[first:last] - start * self.n_items
        return Exclusions(keys, stop - start, self.n_items)

    def take(self, rows: Tensor, more: Tensor) -> "Exclusions":
        """Take those of some rows (n,), and exclude `more` codes (n, k) from them."""
        starts = torch.searchsorted(self.keys, rows * self.n_items)
        lengths = torch.searchsorted(self.keys, (rows + 1) * self.n_items) - starts
        numbers = torch.arange(len(rows), device=rows.device)
        new_rows = torch.repeat_interleave(numbers, lengths)
        before = lengths.cumsum(0) - lengths
        position = torch.arange(len(new_rows), device=rows.device) - before[new_rows]
        codes = self.keys[starts[new_rows] + position] % self.n_items
        keys = torch.cat(
            [
                new_rows * self.n_items + codes,
                (numbers[:, None] * self.n_items + more).flatten(),
            ]
        )
        return Exclusions(keys.sort().values, len(rows), self.n_items)

    def by_code(self) -> tuple[Tensor, Tensor]:
        """Return row and code of each exclusion, (n_excluded,), sorted by code."""
        codes, order = (self.keys % self.n_items).sort(stable=True)
        return self.keys[order] // self.n_items, codes

    def contain(self, rows: Tensor, codes: Tensor) -> Tensor:
        """Look up whether codes are excluded from rows of the same shape."""
        if len(self.keys) == 0:
            return torch.zeros_like(codes, dtype=torch.bool)
        wanted = rows * self.n_items + codes
        place = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        return self.keys[place] == wanted
