"""Intrinsic quality of pseudo items: how near they come to what was hidden.

Hide the first items of long histories, generate pseudo items from the rest, and
compare. The numbers mean little on their own; read them beside those of
:func:`draw_uniform` and :func:`draw_by_popularity`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state

from skdiffuasr._typing import FloatArray, IntArray, RandomState
from skdiffuasr.metrics._checks import check_codes
from skdiffuasr.metrics.catalogue import catalogue_coverage, log_popularity
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.container import rectangle
from skdiffuasr.sequences.ragged import padded_blocks

# Embedding numbers gathered at a time: 32 MB in single precision.
_BLOCK_NUMBERS = 8_000_000


def pseudo_item_quality(
    generated: IntArray,
    hidden: Sequences | IntArray,
    n_items: int,
    *,
    item_embeddings: FloatArray | None = None,
    item_counts: IntArray | None = None,
    item_attributes: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """Measure pseudo items against the true earlier items.

    Parameters
    ----------
    generated : ndarray of shape (n, M), dtype int64
        Codes of the pseudo items.
    hidden : Sequences of int64 codes, or ndarray of shape (n, m)
        The true earlier items of each row. Unknown items (-1) are left out.
    n_items : int
        Size of the catalogue.
    item_embeddings : ndarray of shape (n_items, d) or None, default=None
        Adds ``"similarity"``.
    item_counts : ndarray of shape (n_items,) or None, default=None
        How often each item occurs in the training histories. Adds
        ``"popularity_drift"``.
    item_attributes : array-like of shape (n_items,) or None, default=None
        One label per item, such as its category. Adds ``"attribute_hit_rate"``.

    Returns
    -------
    quality : dict of str to float
        ``"coverage"``, the share of the catalogue that is generated for anyone, and
        the means of :func:`pseudo_item_quality_per_row` over the rows with a value.

    Raises
    ------
    TypeError
        If codes are not integers.
    ValueError
        If shapes disagree, a code lies outside the catalogue, a number of an item is
        not finite or a count negative.

    Examples
    --------
    >>> from skdiffuasr.metrics import pseudo_item_quality
    >>> pseudo_item_quality([[0, 1], [2, 2]], [[1, 3], [0, 1]], n_items=4)
    {'hit_rate': 0.25, 'duplicate_rate': 0.25, 'coverage': 0.75}
    """
    rows = pseudo_item_quality_per_row(
        generated,
        hidden,
        n_items,
        item_embeddings=item_embeddings,
        item_counts=item_counts,
        item_attributes=item_attributes,
    )
    quality = {name: _mean(values) for name, values in rows.items()}
    return {**quality, "coverage": catalogue_coverage(generated, n_items)}


def pseudo_item_quality_per_row(
    generated: IntArray,
    hidden: Sequences | IntArray,
    n_items: int,
    *,
    item_embeddings: FloatArray | None = None,
    item_counts: IntArray | None = None,
    item_attributes: npt.ArrayLike | None = None,
) -> dict[str, FloatArray]:
    """Measure the pseudo items of each row, for confidence intervals and groups.

    Parameters
    ----------
    generated, hidden, n_items, item_embeddings, item_counts, item_attributes
        See :func:`pseudo_item_quality`, which also lists the errors.

    Returns
    -------
    quality : dict of str to ndarray of shape (n,), dtype float64
        A row without hidden items has NaN, except for its duplicate rate.

        - ``"hit_rate"``: share of the pseudo items that are among the hidden items;
        - ``"duplicate_rate"``: share of the pseudo items that repeat another one of
          the row, counting every item after its first occurrence;
        - ``"similarity"``: cosine of each pseudo item and the nearest hidden item,
          averaged over the pseudo items; a zero vector has the cosine 0;
        - ``"popularity_drift"``: mean ``log(1 + count)`` of the pseudo items less
          that of the hidden items; positive where the generator prefers popular items;
        - ``"attribute_hit_rate"``: share of the pseudo items whose label occurs among
          the labels of the hidden items.
    """
    generated = np.asarray(generated)
    if generated.ndim != 2 or generated.shape[1] == 0:
        raise ValueError(
            "generated must have the shape (n, M) with M of 1 or more, got "
            f"{generated.shape}."
        )
    check_codes(generated, n_items, "generated")
    if not isinstance(hidden, Sequences):
        hidden = rectangle(np.asarray(hidden), "hidden")
    check_codes(hidden.values, n_items, "hidden", lowest=-1)
    hidden = hidden._where(hidden.values >= 0)
    if len(hidden) != len(generated):
        raise ValueError(
            "generated and hidden must have the same rows, got "
            f"{len(generated)} and {len(hidden)}."
        )
    quality = {
        "hit_rate": _hit_rate(generated, hidden),
        "duplicate_rate": _duplicate_rate(generated),
    }
    if item_embeddings is not None:
        embeddings = _per_item(item_embeddings, n_items, "item_embeddings", -np.inf)
        quality["similarity"] = _similarity(generated, hidden, embeddings)
    if item_counts is not None:
        counts = _per_item(item_counts, n_items, "item_counts", 0)
        quality["popularity_drift"] = _popularity_drift(generated, hidden, counts)
    if item_attributes is not None:
        labels = _per_item(item_attributes, n_items, "item_attributes")
        codes = np.unique(labels, return_inverse=True)[1]
        hidden_codes = Sequences._unchecked(codes[hidden.values], hidden.offsets)
        quality["attribute_hit_rate"] = _hit_rate(codes[generated], hidden_codes)
    return quality


def draw_uniform(
    n_rows: int, n_pseudo_items: int, n_items: int, *, random_state: RandomState = None
) -> IntArray:
    """Draw pseudo items independently, every item with the same probability.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    n_pseudo_items : int
        Number of items per row, M.
    n_items : int
        Size of the catalogue.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    Returns
    -------
    items : ndarray of shape (n_rows, n_pseudo_items), dtype int64
    """
    rng = check_random_state(random_state)
    return rng.randint(n_items, size=(n_rows, n_pseudo_items), dtype=np.int64)


def draw_by_popularity(
    n_rows: int,
    n_pseudo_items: int,
    item_counts: IntArray,
    *,
    random_state: RandomState = None,
) -> IntArray:
    """Draw pseudo items independently, in proportion to their training counts.

    Parameters
    ----------
    n_rows, n_pseudo_items, random_state
        See :func:`draw_uniform`.
    item_counts : ndarray of shape (n_items,)
        How often each item occurs in the training histories.

    Returns
    -------
    items : ndarray of shape (n_rows, n_pseudo_items), dtype int64

    Raises
    ------
    ValueError
        If a count is negative or not finite, or none is positive.
    """
    rng = check_random_state(random_state)
    counts = np.asarray(item_counts, dtype=np.float64)
    _per_item(counts, len(counts), "item_counts", 0)
    if not counts.any():
        raise ValueError("item_counts are all 0; there is no item to draw.")
    size = (n_rows, n_pseudo_items)
    return rng.choice(len(counts), size=size, p=counts / counts.sum())


def _per_item(
    values: npt.ArrayLike, n_items: int, name: str, lowest: float | None = None
) -> npt.NDArray[Any]:
    """Return a table with a row per item, of finite numbers if a lowest is given."""
    table = np.asarray(values)
    if len(table) != n_items:
        raise ValueError(
            f"{name} must have a row for each of the {n_items} items, got {len(table)}."
        )
    if lowest is not None and (is_bad := ~np.isfinite(table) | (table < lowest)).any():
        place = tuple(int(index) for index in np.argwhere(is_bad)[0])
        raise ValueError(
            f"{name} has the value {table[place]} for the item of code {place[0]}."
        )
    return table


def _hit_rate(generated: IntArray, hidden: Sequences) -> FloatArray:
    """Return the share of each row's pseudo items that are among its hidden items."""
    n_codes = 1 + max(int(generated.max(initial=0)), int(hidden.values.max(initial=0)))
    wanted = hidden._rows() * n_codes + hidden.values
    got = np.arange(len(generated))[:, np.newaxis] * n_codes + generated
    hits = np.isin(got, wanted).mean(axis=1)
    return np.where(hidden.lengths > 0, hits, np.nan)


def _duplicate_rate(generated: IntArray) -> FloatArray:
    """Return the share of each row's pseudo items that repeat an earlier one."""
    repeats = np.diff(np.sort(generated, axis=1), axis=1) == 0
    return repeats.sum(axis=1) / generated.shape[1]


def _similarity(
    generated: IntArray, hidden: Sequences, item_embeddings: FloatArray
) -> FloatArray:
    """Return the mean cosine of each pseudo item and its nearest hidden item."""
    unit = normalize(item_embeddings)
    similarity = np.empty(len(generated))
    widths = np.maximum(hidden.lengths, generated.shape[1])
    for rows in padded_blocks(widths, max_cells=_BLOCK_NUMBERS // unit.shape[1]):
        padded = hidden[rows].to_padded(pad_value=-1)  # (rows, longest row)
        cosines = unit[generated[rows]] @ unit[padded].transpose(0, 2, 1)
        cosines = np.where(padded[:, np.newaxis] >= 0, cosines, -np.inf)
        similarity[rows] = cosines.max(axis=2, initial=-np.inf).mean(axis=1)
    return np.where(hidden.lengths > 0, similarity, np.nan)


def _popularity_drift(
    generated: IntArray, hidden: Sequences, item_counts: IntArray
) -> FloatArray:
    """Return the mean log popularity of the pseudo items less the hidden items'."""
    popularity = log_popularity(hidden.values, item_counts)
    sums = np.bincount(hidden._rows(), popularity, minlength=len(hidden))
    n_hidden = np.where(hidden.lengths > 0, hidden.lengths, np.nan)
    return log_popularity(generated, item_counts).mean(axis=1) - sums / n_hidden


def _mean(values: FloatArray) -> float:
    """Return the mean of the values that are not NaN."""
    given = values[~np.isnan(values)]
    return float(given.mean()) if given.size else float("nan")
