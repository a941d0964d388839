"""How much of a log a model knows."""

import sys

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import IdArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.ragged import id_type
from skdiffuasr.sequences.vocabulary import encode_items

_N_SHOWN = 3
_TYPE_NAMES = {"int": "integers", "str": "texts"}


class NothingKnownError(ValueError):
    """The ids that the arguments bring have nothing in common."""

    exit_code = 2


class KnownItems:
    """Counts users and items of a log, part by part, that a model knows."""

    def __init__(self, item_ids: IdArray) -> None:
        self._item_ids = item_ids
        self._items: IdArray | None = None
        self._n_users = self._n_known_users = 0

    def add(
        self, histories: Sequences, is_asked: npt.NDArray[np.bool_] | None = None
    ) -> None:
        """Count a part of the log, and of its users those that are asked for.

        Raises a NothingKnownError if ids are integers here and texts there.
        """
        observed = histories.strip_pseudo()
        has_items = len(observed.values) > 0
        if has_items and id_type(observed.values) != id_type(self._item_ids):
            raise NothingKnownError(
                "The model knows no item of LOG: those of LOG are "
                f"{kind_of(observed.values)}, those of the model "
                f"{kind_of(self._item_ids)}. Bring both to one type; a Parquet file "
                "keeps it."
            )
        items = np.unique(observed.values)
        self._items = items if self._items is None else np.union1d(self._items, items)
        is_known = encode_items(observed.values, self._item_ids) >= 0
        n_known = observed._where(is_known).lengths
        if is_asked is not None:
            n_known = n_known[is_asked]
        self._n_users += len(n_known)
        self._n_known_users += int((n_known > 0).sum())

    def report(self) -> None:
        """Say on stderr how many are known; raise a NothingKnownError if none is."""
        items = np.empty(0, dtype=np.int64) if self._items is None else self._items
        n_known = int(np.isin(items, self._item_ids).sum())
        if n_known == 0:
            raise NothingKnownError(
                f"The model knows none of the {len(items)} items of LOG: LOG has "
                f"{_shown(items)}, the model {_shown(self._item_ids)}. Is --item the "
                "right column?"
            )
        print(
            f"skdiffuasr: the model knows {n_known} of the {len(items)} items of LOG, "
            f"and items of {self._n_known_users} of {self._n_users} users.",
            file=sys.stderr,
        )


def kind_of(ids: IdArray) -> str:
    """Return the type of ids in words, and the first of them."""
    return f"{_TYPE_NAMES[id_type(ids)]} such as {_shown(ids, 1)}"


def _shown(ids: IdArray, n: int = _N_SHOWN) -> str:
    return ", ".join(map(repr, ids[:n].tolist())) or "none"
