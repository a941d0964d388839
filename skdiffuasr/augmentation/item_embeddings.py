"""Item embeddings from which items stand near each other."""

from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.linalg import norm as sparse_norm
from sklearn.utils.extmath import randomized_svd

from skdiffuasr._typing import FloatArray
from skdiffuasr.sequences import Sequences

#: How many items apart two items of a history still count as a pair.
CONTEXT_LENGTH = 10


def cooccurrence_embeddings(
    histories: Sequences, n_items: int, embedding_dim: int, random_state: int
) -> FloatArray:
    """Embed the items of histories of codes, normalised, (n_items, embedding_dim)."""
    return normalise_embeddings(
        factorise_cooccurrence(histories, n_items, embedding_dim, random_state)
    )


def factorise_cooccurrence(
    histories: Sequences,
    n_items: int,
    embedding_dim: int,
    random_state: int,
    side_information: Iterable[csr_array] = (),
    side_information_weight: float = 1.0,
) -> FloatArray:
    """Factorise the positive pointwise mutual information of items, (n_items, d).

    Matrices (n_items, any) of side information stand beside it, with the same Frobenius
    norm times a weight. See `skdiffuasr.augmentation.diffusion.CooccurrenceEmbeddings`.
    """
    information = _positive_mutual_information(_cooccurrence_counts(histories, n_items))
    norm = side_information_weight * (sparse_norm(information) or 1.0)
    scaled = [norm / sparse_norm(matrix) * matrix for matrix in side_information]
    information = hstack([information, *scaled], format="csr")
    n_components = min(embedding_dim, n_items)
    left, singular_values, _ = randomized_svd(
        information, n_components, n_iter=4, random_state=random_state
    )
    embeddings = np.zeros((n_items, embedding_dim))
    embeddings[:, :n_components] = left * np.sqrt(singular_values)
    is_alone = np.diff(information.indptr) == 0
    # Without vectors of their own, all of these would become one after the centring.
    rng = np.random.default_rng(random_state)
    scale = np.std(embeddings[~is_alone]) if not is_alone.all() else 1.0
    embeddings[is_alone] = rng.normal(
        scale=scale, size=(np.count_nonzero(is_alone), embedding_dim)
    )
    return embeddings


def normalise_embeddings(embeddings: FloatArray) -> FloatArray:
    r"""Centre the embeddings and give each the norm :math:`\sqrt{d}`.

    A coordinate then has unit variance on average, as the noise of the diffusion has,
    and the nearest item by cosine is also the nearest in space.
    """
    centred = embeddings - embeddings.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    scale = np.sqrt(embeddings.shape[1]) / np.maximum(norms, np.finfo(np.float32).tiny)
    return (centred * scale).astype(np.float32)


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
    """Return the positive pointwise mutual information of co-occurrence counts."""
    pairs = counts.tocoo()
    item_totals = np.asarray(counts.sum(axis=1)).ravel()
    total = max(item_totals.sum(), 1.0)
    expected = item_totals[pairs.row] * item_totals[pairs.col] / total
    information = np.maximum(np.log(pairs.data / expected), 0)
    result = csr_array((information, (pairs.row, pairs.col)), shape=counts.shape)
    result.eliminate_zeros()
    return result
