"""Reviews of a public dataset, with one object per line."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skdiffuasr.datasets.blocks import ReadBlocks
from skdiffuasr.datasets.columns import read_whole
from skdiffuasr.datasets.interactions import Interactions
from skdiffuasr.datasets.json_lines import json_table


def read_reviews(
    read: ReadBlocks,
    source: str,
    fields: Mapping[str, str],
    *,
    min_rating: float | None = None,
    first: np.datetime64 | None = None,
    after: np.datetime64 | None = None,
    parse: Callable[[str], Any] = json.loads,
) -> Interactions:
    """Read the reviews from `first` to before `after` with at least `min_rating`.

    `fields` names the fields user, item, time and rating; see `json_table`.
    """
    roles = ["user", "item", "time"] + ["rating"] * (min_rating is not None)
    log = read_whole(
        json_table(read, source, {role: fields[role] for role in roles}, parse=parse)
    )
    is_kept = np.ones(len(log["user"]), dtype=bool)
    if min_rating is not None:
        is_kept &= log["rating"] >= min_rating
    if first is not None:
        is_kept &= log["time"] >= first
    if after is not None:
        is_kept &= log["time"] < after
    if not is_kept.any():
        raise ValueError(f"{source}: there are no interactions.")
    rows: Any = slice(None) if is_kept.all() else is_kept  # a slice copies nothing
    return Interactions(log["user"][rows], log["item"][rows], log["time"][rows])


def existing(path: Path, how_to_get: str) -> Path:
    """Return the path of a file; raise FileNotFoundError if it is not there."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there. {how_to_get}")
    return path
