"""Cut a log that comes in batches of rows between one user and the next."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr.datasets.interactions import Interactions

#: Columns by name.
Columns = Mapping[str, npt.NDArray[Any]]


def whole_users(
    batches: Iterable[Columns], max_interactions: int, path: Path
) -> Iterator[Interactions]:
    """Join batches to parts that have all interactions of their users.

    Parameters
    ----------
    batches : iterable of mappings of names of columns of `Interactions` to arrays
        The log, sorted by user; the batches are not empty.
    max_interactions : int
        A part is handed out once it has more.
    path : Path
        Where the log comes from, for error messages.

    Yields
    ------
    interactions : Interactions
        Of users that no other part has.

    Raises
    ------
    ValueError
        If a user comes after a larger one, there are no batches, or `max_interactions`
        is less than 1.
    """
    if max_interactions < 1:
        raise ValueError(
            f"max_interactions must be at least 1, got {max_interactions}."
        )
    kept: list[Columns] = []
    n_kept = n_read = 0
    for batch in batches:
        users = batch["user"]
        _refuse_unsorted(
            kept[-1]["user"][-1:] if kept else users[:1], batch, n_read, path
        )
        kept.append(batch)
        n_kept += len(users)
        n_read += len(users)
        if n_kept > max_interactions:
            part = _joined(kept)
            n_whole = int(np.searchsorted(part["user"], users[-1]))
            if n_whole:
                yield Interactions(**_rows(part, slice(None, n_whole)))
            kept = [_rows(part, slice(n_whole, None))]
            n_kept -= n_whole
    if not n_read:
        raise ValueError(f"{path}: the file holds no interactions.")
    yield Interactions(**_joined(kept))


def _refuse_unsorted(
    last_user: npt.NDArray[Any], batch: Columns, n_read: int, path: Path
) -> None:
    """Raise for the first user that is smaller than the one before."""
    users = batch["user"]
    falls = np.concatenate((last_user, users[:-1])) > users
    if falls.any():
        row = int(falls.argmax())
        raise ValueError(
            f"{path}: row {n_read + row} has user {users[row].item()!r} after a larger "
            "one; sort the file by user."
        )


def _joined(batches: list[Columns]) -> dict[str, npt.NDArray[Any]]:
    return {
        name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]
    }


def _rows(columns: Columns, rows: slice) -> dict[str, npt.NDArray[Any]]:
    return {name: values[rows] for name, values in columns.items()}
