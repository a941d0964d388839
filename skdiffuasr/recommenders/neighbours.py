"""Items that are alike because they have the same neighbours."""

import torch
from scipy.sparse import csr_array, hstack
from sklearn.metrics.pairwise import cosine_similarity

from skdiffuasr._typing import FloatArray, IntArray
from skdiffuasr.nn.scoring import SparseRows


def neighbour_cosines(counts: csr_array, codes: IntArray) -> FloatArray:
    """Return cosines (n, n_items) of what counts have after, and before, each item.

    `counts` (n_items, n_items) are those of the column's item near the row's.
    """
    neighbours = hstack([counts, counts.T], format="csr")
    cosines: FloatArray = cosine_similarity(neighbours[codes], neighbours)
    return cosines


def sparse_rows(matrix: csr_array) -> SparseRows:
    """Return a copy of a matrix (n_items, n_items) for torch."""
    return SparseRows(
        torch.from_numpy(matrix.indptr.astype("int64")),
        torch.from_numpy(matrix.indices.astype("int64")),
        torch.tensor(matrix.data),
        matrix.shape[1],
    )
