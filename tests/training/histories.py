"""Histories of item codes for the tests of training."""

from hypothesis import settings
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences
from tests.sequences.tables import with_leading_pseudo

quick = settings(max_examples=60, deadline=None)


@st.composite
def histories(draw, only_with_target=False):
    """Rows of item codes, some of whose first items are pseudo items."""
    rows, n_pseudo = [], []
    for _ in range(draw(st.integers(1, 12))):
        m = draw(st.integers(0, 3))
        n_real = draw(st.integers(2 if only_with_target else 0, 4))
        rows.append(
            draw(st.lists(st.integers(0, 9), min_size=m + n_real, max_size=m + n_real))
        )
        n_pseudo.append(m)
    return with_leading_pseudo(Sequences.from_iterable(rows), n_pseudo)


def rows_of(X):
    return list(zip(X.to_lists(), X.n_pseudo.tolist(), strict=True))
