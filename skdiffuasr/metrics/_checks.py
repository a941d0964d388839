"""Checks that the metrics share."""

from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_scalar

from skdiffuasr._typing import FloatArray, IdArray, IntArray
from skdiffuasr.sequences.ids import as_ids


def check_codes(codes: IntArray, n_items: int, name: str, *, lowest: int = 0) -> None:
    """Reject codes that are no position in the catalogue.

    Parameters
    ----------
    codes : ndarray of any shape
        The codes to look at.
    n_items : int
        Size of the catalogue.
    name : str
        What to call the codes in the message.
    lowest : int, default=0
        Lowest code accepted; -1 where an unknown item is.

    Raises
    ------
    TypeError
        If the codes are no integers.
    ValueError
        If a code lies outside ``[lowest, n_items)``.
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
    """Turn one number per user into an array.

    Parameters
    ----------
    values : array-like of shape (n,)
        The numbers.
    name : str
        What to call them in the message.

    Returns
    -------
    values : ndarray of shape (n,), dtype float64

    Raises
    ------
    ValueError
        If the values are not one-dimensional, or one of them is not a finite number.
    """
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
    """Reject what no bootstrap interval can be made of.

    Parameters
    ----------
    n_resamples : int
        Number of bootstrap samples.
    confidence_level : float
        Probability content of the interval.

    Raises
    ------
    TypeError
        If one is not a number.
    ValueError
        If `n_resamples` is less than 1, or `confidence_level` does not lie between 0
        and 1.
    """
    check_scalar(n_resamples, "n_resamples", Integral, min_val=1)
    check_scalar(
        confidence_level,
        "confidence_level",
        Real,
        min_val=0,
        max_val=1,
        include_boundaries="neither",
    )


def check_weights(sample_weight: npt.ArrayLike | None, n: int) -> FloatArray:
    """Turn sample weights into an array.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or None
        The weights; None weighs all rows alike.
    n : int
        Number of rows.

    Returns
    -------
    weights : ndarray of shape (n,), dtype float64

    Raises
    ------
    ValueError
        If there is not one finite weight of 0 or more per row.
    """
    if sample_weight is None:
        return np.ones(n)
    weights = check_values(sample_weight, "sample_weight")
    if len(weights) != n:
        raise ValueError(
            f"sample_weight must have one weight for each of the {n} rows, got "
            f"{len(weights)}."
        )
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise ValueError(
            f"sample_weight must be 0 or more, got {weights[row]} in row {row}."
        )
    return weights


def check_targets(y: npt.ArrayLike | None, n: int, name: str = "y") -> IdArray:
    """Turn the next items of the rows into an array of ids.

    Parameters
    ----------
    y : array-like of shape (n,)
        Item ids.
    n : int
        Number of rows.
    name : str, default="y"
        What to call them in the message.

    Returns
    -------
    targets : ndarray of shape (n,), dtype int64 or str

    Raises
    ------
    TypeError
        If an id is neither an integer nor a string.
    ValueError
        If there is not one id per row.
    """
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
