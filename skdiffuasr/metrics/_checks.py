"""Checks that the metrics share."""

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_scalar

from skdiffuasr._typing import FloatArray, IdArray, IntArray
from skdiffuasr.sequences.ids import as_ids


def check_codes(codes: IntArray, n_items: int, name: str, *, lowest: int = 0) -> None:
    """Raise unless codes of any shape are integers in ``[lowest, n_items)``.

    `lowest` is -1 where an unknown item is accepted.
    """
    if not np.issubdtype(codes.dtype, np.integer) and codes.size:
        raise TypeError(f"{name} must hold integer codes, got dtype {codes.dtype}.")
    outside = (codes < lowest) | (codes >= n_items)
    if outside.any():
        place = tuple(int(index) for index in np.argwhere(outside)[0])
        raise ValueError(
            f"{name} holds the code {codes[place]} at {place}; accepted are {lowest} "
            f"to {n_items - 1}."
        )


def check_values(values: npt.ArrayLike, name: str) -> FloatArray:
    """Return one finite number per user as a float64 array of shape (n,)."""
    given = np.asarray(values)
    if given.dtype.kind not in "biufO":
        raise ValueError(f"{name} must hold numbers, got dtype {given.dtype}.")
    checked = given.astype(np.float64)
    if checked.ndim != 1:
        raise ValueError(
            f"{name} must hold one number per user, got the shape {checked.shape}."
        )
    if not np.isfinite(checked).all():
        row = int(np.argmin(np.isfinite(checked)))
        raise ValueError(
            f"{name} must hold finite numbers, got {checked[row]} in row {row}."
        )
    return checked


def check_resampling(n_resamples: int, confidence_level: float) -> None:
    """Raise unless a bootstrap interval can be made of these."""
    check_scalar(n_resamples, "n_resamples", Integral, min_val=1)
    check_scalar(
        confidence_level,
        "confidence_level",
        Real,
        min_val=0,
        max_val=1,
        include_boundaries="neither",
    )


def check_weights(
    sample_weight: npt.ArrayLike | None, n: int, name: str = "sample_weight"
) -> FloatArray:
    """Return one finite weight of 0 or more per row, (n,); ones for None."""
    if sample_weight is None:
        return np.ones(n)
    weights = check_values(sample_weight, name)
    if len(weights) != n:
        raise ValueError(
            f"{name} must have one number for each of the {n} rows, got {len(weights)}."
        )
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise ValueError(f"{name} must be 0 or more, got {weights[row]} in row {row}.")
    return weights


def check_targets(y: npt.ArrayLike | None, n: int, name: str = "y") -> IdArray:
    """Return the next item of each row as an array of ids, (n,)."""
    if y is None:
        raise ValueError(
            f"{name} is None; a scorer needs the id of each row's next item."
        )
    targets = as_ids(y, name)
    if len(targets) != n:
        raise ValueError(
            f"{name} must have one id for each of the {n} rows, got {len(targets)}."
        )
    return targets
