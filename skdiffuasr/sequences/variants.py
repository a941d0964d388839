"""Histories in several variants, of which training draws one per epoch."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr.sequences.container import Sequences


class SequenceVariants(Sequences):
    """Ragged batch of histories with several variants of every row.

    It acts as its first variant, except for `variants`: a neural recommender draws one
    variant of each row in each epoch, so that it cannot recognise a row by what an
    augmenter put into it.

    Parameters
    ----------
    variants : iterable of Sequences of n rows
        The variants, with the same user ids. `SequenceVariants` among them stand for
        all of their own.

    Raises
    ------
    ValueError
        If there are no variants, or they differ in their rows or user ids.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.sequences import Sequences
    >>> from skdiffuasr.sequences import SequenceVariants
    >>> X = Sequences.from_iterable([[1, 2], [3]])
    >>> X = SequenceVariants([X.prepend(np.full((2, 1), item)) for item in (8, 9)])
    >>> X.to_lists()
    [[8, 1, 2], [8, 3]]
    >>> [variant.to_lists() for variant in X[1:].variants]
    [[[8, 3]], [[9, 3]]]
    """

    def __init__(self, variants: Iterable[Sequences]) -> None:
        self._variants = tuple(
            variant for given in variants for variant in given.variants
        )
        if not self._variants:
            raise ValueError("There must be one variant at least.")
        first: Any = self._variants[0]
        for number, variant in enumerate(self.variants):
            if len(variant) != len(first):
                raise ValueError(
                    f"Variant {number} has {len(variant)} rows, the first {len(first)}."
                )
            ids: Any = variant.user_ids
            if not np.array_equal(ids, first.user_ids):
                raise ValueError(f"Variant {number} has other user ids than the first.")
        self._set_parts(*first._parts())

    @classmethod
    def _unchecked(cls, *parts: Any) -> Sequences:  # type: ignore[override]
        # What is made from the first variant alone has no others.
        return Sequences._unchecked(*parts)

    @property
    def variants(self) -> tuple[Sequences, ...]:
        """Variants of the rows."""
        return self._variants

    def map(self, change: Callable[[Sequences], Sequences]) -> "SequenceVariants":
        """Return the results of a function of each variant."""
        return SequenceVariants(map(change, self.variants))

    def drop_last(self, k: Any = 1) -> "SequenceVariants":
        """Drop the most recent items of each variant; see `Sequences.drop_last`."""
        return self.map(lambda variant: variant.drop_last(k))

    def tail(self, max_length: Any) -> "SequenceVariants":
        """Keep the most recent items of each variant; see `Sequences.tail`."""
        return self.map(lambda variant: variant.tail(max_length))

    def prepend(self, pseudo: Any) -> "SequenceVariants":
        """Put the same pseudo items before each variant; see `Sequences.prepend`."""
        return self.map(lambda variant: variant.prepend(pseudo))

    def _slice(self, start: int, stop: int) -> "SequenceVariants":
        return self.map(lambda variant: variant._slice(start, stop))

    def _take(self, rows: NDArray[np.intp]) -> "SequenceVariants":
        return self.map(lambda variant: variant._take(rows))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SequenceVariants):
            return NotImplemented if not isinstance(other, Sequences) else False
        return self.variants == other.variants

    def __repr__(self) -> str:
        return (
            f"SequenceVariants(n_variants={len(self.variants)}, {super().__repr__()})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return SequenceVariants, (self.variants,)
