"""Items that are alike because they have the same neighbours."""

from scipy.sparse import csr_array, hstack
from sklearn.metrics.pairwise import cosine_similarity

from skdiffuasr._typing import FloatArray, IntArray


def neighbour_cosines(counts: csr_array, codes: IntArray) -> FloatArray:
    """Return cosines (n, n_items) of what counts have after, and before, each item.

    `counts` (n_items, n_items) are those of the column's item near the row's.
    """
    neighbours = hstack([counts, counts.T], format="csr")
    cosines: FloatArray = cosine_similarity(neighbours[codes], neighbours)
    return cosines
