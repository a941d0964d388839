"""Reviews of a public dataset, with one object per line."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from skdiffuasr.datasets.blocks import read_blocks
from skdiffuasr.datasets.columns import read_whole
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.json_lines import json_table


def read_reviews(
    path: Path,
    fields: tuple[str, ...],
    *,
    read: Callable[[Path], Iterator[bytes]] = read_blocks,
    parse: Callable[[str], Any] = json.loads,
    min_rating: float | None = None,
    first_day: np.datetime64 | None = None,
    last_day: np.datetime64 | None = None,
) -> Interactions:
    """Read the reviews of some days with at least `min_rating`.

    `fields` names the fields user, item, time and perhaps rating; see `json_table`.
    """
    columns = dict(zip(("user", "item", "time", "rating"), fields, strict=False))
    if min_rating is None:
        columns.pop("rating", None)
    log = read_whole(json_table(partial(read, path), path.name, columns, parse=parse))
    is_kept = np.ones(len(log["user"]), dtype=bool)
    if min_rating is not None:
        is_kept &= log["rating"] >= min_rating
    if first_day is not None:
        is_kept &= log["time"] >= first_day
    if last_day is not None:
        is_kept &= log["time"] < last_day + 1
    if not is_kept.any():
        raise ValueError(f"{path.name}: there are no interactions.")
    rows: Any = slice(None) if is_kept.all() else is_kept  # a slice copies nothing
    return Interactions(log["user"][rows], log["item"][rows], log["time"][rows])


def existing(path: Path, how_to_get: str) -> Path:
    """Return the path of a file; raise FileNotFoundError if it is not there."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there. {how_to_get}")
    return path
