"""Item embeddings whose scale fits the noise of the diffusion."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array
from sklearn.utils.extmath import randomized_svd

from skdiffuasr._typing import FloatArray, IdArray, IntArray
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.vocabulary import encode_items, rows_by_index

#: How many items apart two items of a history still count as a pair.
CONTEXT_LENGTH = 10


def initial_embeddings(
    given: Any,
    histories: Sequences,
    item_ids: IdArray,
    embedding_dim: int,
    random_state: int,
) -> FloatArray:
    """Make the item table that an augmenter's `item_embeddings` asks for.

    Parameters
    ----------
    given : {"cooccurrence", "learned"}, array-like, mapping or fitted recommender
        ``"learned"`` starts from random vectors; for the last three see
        `align_embeddings`.
    histories : Sequences of item codes
        Histories.
    item_ids : ndarray of shape (n_items,)
        The catalogue, sorted.
    embedding_dim : int
        Number d of dimensions of a table that is not given.
    random_state : int
        Seeds a table that is not given.

    Returns
    -------
    embeddings : ndarray of float32 of shape (n_items, d)
        Normalised as `normalise_embeddings` does.
    """
    n_items = len(item_ids)
    if is_name(given, "cooccurrence"):
        return cooccurrence_embeddings(histories, n_items, embedding_dim, random_state)
    if is_name(given, "learned"):
        rng = np.random.default_rng(random_state)
        return normalise_embeddings(rng.normal(size=(n_items, embedding_dim)))
    return normalise_embeddings(align_embeddings(given, item_ids))


def is_name(given: Any, name: str) -> bool:
    """Return whether embeddings, which may be an array, were given by this name."""
    return isinstance(given, str) and given == name


def cooccurrence_embeddings(
    histories: Sequences, n_items: int, embedding_dim: int, random_state: int
) -> FloatArray:
    """Embed items by which items stand near them in the histories.

    A truncated singular value decomposition of the positive pointwise mutual
    information between the items of a history, the closed form that skip-gram item
    embeddings approximate [1]_. It costs seconds where training an embedding costs
    minutes, and cannot collapse.

    Parameters
    ----------
    histories : Sequences of item codes
        Histories.
    n_items : int
        Size of the catalogue.
    embedding_dim : int
        Number d of dimensions.
    random_state : int
        Seeds the randomised decomposition, and the random vectors of the items that
        stand near no other more often than by chance.

    Returns
    -------
    embeddings : ndarray of float32 of shape (n_items, embedding_dim)
        Normalised as `normalise_embeddings` does.

    References
    ----------
    .. [1] Levy and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization",
       NeurIPS 2014.
    """
    counts = _cooccurrence_counts(histories, n_items)
    information = _positive_mutual_information(counts)
    n_components = min(embedding_dim, n_items)
    left, singular_values, _ = randomized_svd(
        information, n_components, n_iter=4, random_state=random_state
    )
    embeddings = np.zeros((n_items, embedding_dim))
    embeddings[:, :n_components] = left * np.sqrt(singular_values)
    is_alone = np.asarray(information.sum(axis=1)).ravel() == 0
    # Without vectors of their own, all of these would become one after the centring.
    rng = np.random.default_rng(random_state)
    scale = np.std(embeddings[~is_alone]) if not is_alone.all() else 1.0
    embeddings[is_alone] = rng.normal(
        scale=scale, size=(np.count_nonzero(is_alone), embedding_dim)
    )
    return normalise_embeddings(embeddings)


def normalise_embeddings(embeddings: FloatArray) -> FloatArray:
    r"""Centre the embeddings and give each the norm :math:`\sqrt{d}`.

    A coordinate then has unit variance on average, as the noise of the diffusion has,
    and the nearest item by cosine is also the nearest in space.

    Parameters
    ----------
    embeddings : ndarray of shape (n_items, embedding_dim)
        Any item embeddings.

    Returns
    -------
    normalised : ndarray of float32 of shape (n_items, embedding_dim)
    """
    centred = embeddings - embeddings.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    scale = np.sqrt(embeddings.shape[1]) / np.maximum(norms, np.finfo(np.float32).tiny)
    return (centred * scale).astype(np.float32)


def align_embeddings(given: Any, item_ids: IdArray) -> FloatArray:
    """Bring the embeddings that a user handed over into the order of the catalogue.

    Parameters
    ----------
    given : array-like of shape (n_items, d), mapping, or fitted recommender
        Rows in the order of `item_ids`, or vectors by item id, also as a DataFrame
        with item ids as its index, or an estimator with `item_ids_` and
        `item_embeddings_`.
    item_ids : ndarray of shape (n_items,)
        The catalogue, sorted.

    Returns
    -------
    embeddings : ndarray of float64 of shape (n_items, d)

    Raises
    ------
    ValueError
        If an item has no embedding or several, the shape does not fit, or a value is
        not a finite number.
    """
    if hasattr(given, "index") and hasattr(given, "columns"):
        rows_of_items = rows_by_index(given, "item_embeddings")
        given = dict(zip(rows_of_items, np.asarray(given), strict=True))
    if hasattr(given, "item_embeddings_"):
        rows = encode_items(item_ids, given.item_ids_)
        _check_all_known(rows, item_ids)
        embeddings = _as_floats(given.item_embeddings_)[rows]
    elif isinstance(given, Mapping):
        known = np.array([item in given for item in item_ids.tolist()])
        _check_all_known(np.where(known, 0, -1), item_ids)
        embeddings = _as_floats([given[item] for item in item_ids.tolist()])
    else:
        embeddings = _as_floats(given)
    if embeddings.ndim != 2 or len(embeddings) != len(item_ids):
        raise ValueError(
            f"item_embeddings must have the shape (n_items, d) with one row for each "
            f"of the {len(item_ids)} items of X in sorted order; got shape "
            f"{embeddings.shape}. A mapping from item id to vector fits any catalogue."
        )
    is_bad = ~np.isfinite(embeddings).all(axis=1)
    if is_bad.any():
        row = int(is_bad.argmax())
        raise ValueError(
            f"item_embeddings has a value that is not finite in row {row}, item "
            f"{item_ids[row].item()!r}."
        )
    return embeddings


def _as_floats(vectors: Any) -> FloatArray:
    """Return vectors as an array of float64."""
    try:
        return np.asarray(vectors, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "item_embeddings must be dense vectors of numbers, all of one length: "
            f"{error}"
        ) from error


def _check_all_known(codes: IntArray, item_ids: IdArray) -> None:
    """Reject embeddings that lack items of the catalogue."""
    missing = item_ids[codes < 0]
    if len(missing):
        raise ValueError(
            f"item_embeddings has no vector for {len(missing)} items of X, the first "
            f"being {missing[:3].tolist()}."
        )


def _cooccurrence_counts(histories: Sequences, n_items: int) -> csr_array:
    """Count pairs of items of one history, nearer pairs more."""
    values = histories.values
    row = np.repeat(np.arange(len(histories)), histories.lengths)
    counts = csr_array((n_items, n_items), dtype=np.float64)
    for distance in range(1, CONTEXT_LENGTH + 1):
        same_row = row[distance:] == row[:-distance]
        earlier, later = values[:-distance][same_row], values[distance:][same_row]
        weights = np.full(len(earlier), 1 / distance)
        pairs = coo_array((weights, (earlier, later)), shape=counts.shape)
        counts = counts + pairs.tocsr()
    return counts + counts.T


def _positive_mutual_information(counts: csr_array) -> csr_array:
    """Positive pointwise mutual information of co-occurrence counts."""
    pairs = counts.tocoo()
    item_totals = np.asarray(counts.sum(axis=1)).ravel()
    total = max(item_totals.sum(), 1.0)
    expected = item_totals[pairs.row] * item_totals[pairs.col] / total
    information = np.maximum(np.log(pairs.data / expected), 0)
    return csr_array((information, (pairs.row, pairs.col)), shape=counts.shape)
