"""What an augmenter sees of histories: codes and keys, no ids."""

from functools import cached_property

from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import UInt64Array, row_hashes, seeded_keys
from skdiffuasr.sequences.vocabulary import encode_sequences


class EncodedHistories:
    """Histories of one call, stripped of pseudo items, encoded and hashed once.

    Attributes
    ----------
    given : Sequences of n rows
        The histories with their ids, pseudo items and unknown items.
    codes : Sequences of n rows
        Codes of the observed items that are in the catalogue, with the roles given.
    """

    def __init__(
        self, given: Sequences, item_ids: IdArray, unknown_items: str = "ignore"
    ) -> None:
        self.given = given
        self._observed = (
            given if given.roles is None else given._where(~given.is_pseudo)
        )
        self.codes = encode_sequences(self._observed, item_ids, unknown_items)

    @property
    def n_observed(self) -> IntArray:
        """Number of observed items of each row, unknown ones included; (n,) int64."""
        return self._observed.lengths

    def keys(self, seed: int) -> UInt64Array:
        """Return one random key per row (n,), made of its user id or observed items."""
        return seeded_keys(self._hashes, seed)

    @cached_property
    def _hashes(self) -> UInt64Array:
        return row_hashes(self._observed)
