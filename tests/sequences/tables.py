"""Batches of histories as plain lists, the naive model of `Sequences`."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from skdiffuasr.sequences import Sequences, make_roles

quick = settings(max_examples=60, deadline=None)

ids = st.integers(-(2**63), 2**63 - 1)
names = st.text(min_size=1, max_size=5).filter(lambda text: not text.endswith("\0"))
OBSERVED, GENERATED = 6, 5


@st.composite
def tables(draw, min_rows=0, item=None):
    """Rows, the role of every item, and user ids as plain lists."""
    item = draw(st.sampled_from([ids, names])) if item is None else item
    rows = draw(st.lists(st.lists(item, max_size=6), min_size=min_rows, max_size=8))
    role = st.integers(0, 7) if draw(st.booleans()) else st.sampled_from([5, 6])
    roles = [draw(st.lists(role, min_size=len(r), max_size=len(r))) for r in rows]
    users = draw(st.none() | st.lists(names, min_size=len(rows), max_size=len(rows)))
    return rows, roles, users


def build(rows, roles=None, users=None):
    X = Sequences.from_iterable(rows, users)
    flat = None if roles is None else [flag for row in roles for flag in row]
    return Sequences(X.values, X.offsets, flat, X.user_ids)


def roles_of(X):
    """Return the role of every item, row by row."""
    flags = (X.is_pseudo + 2 * X.is_target + 4 * X.is_context).tolist()
    bounds = zip(X.offsets, X.offsets[1:], strict=False)
    return [flags[start:stop] for start, stop in bounds]


def assert_is(X, rows, roles=None, users=None):
    """Compare with lists; no roles are those of observed items."""
    assert X.to_lists() == rows
    assert roles_of(X) == (
        [[OBSERVED] * len(r) for r in rows] if roles is None else roles
    )
    assert (X.roles is None) == all(flag == OBSERVED for r in roles_of(X) for flag in r)
    assert (None if X.user_ids is None else X.user_ids.tolist()) == users


def with_leading_pseudo(X, n_pseudo):
    """Mark the first items of each row as pseudo items."""
    place = np.arange(len(X.values)) - np.repeat(X.offsets[:-1], X.lengths)
    roles = make_roles(is_pseudo=place < np.repeat(n_pseudo, X.lengths))
    return Sequences(X.values, X.offsets, roles, X.user_ids)
