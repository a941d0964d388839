import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.sequences import Role, Sequences, make_roles
from tests.sequences.tables import quick

NAMES = ("is_pseudo", "is_target", "is_context")


def test_an_item_is_what_its_flags_say():
    roles = [Role.TARGET | Role.CONTEXT, Role.PSEUDO | Role.CONTEXT, Role.CONTEXT]
    X = Sequences([1, 2, 3], [0, 3], roles)
    assert X.is_pseudo.tolist() == [False, True, False]
    assert X.is_target.tolist() == [True, False, False]
    assert X.is_context.all()


@quick
@given(st.integers(0, 6), st.data())
def test_masks_become_roles(n, data):
    mask = st.none() | st.lists(st.booleans(), min_size=n, max_size=n)
    masks = {name: data.draw(mask) for name in NAMES}
    roles = make_roles(**masks)
    X = Sequences(range(n), [0, n], roles)
    is_pseudo = masks["is_pseudo"] or [False] * n
    assert X.is_pseudo.tolist() == is_pseudo
    assert X.is_target.tolist() == (masks["is_target"] or [not p for p in is_pseudo])
    assert X.is_context.tolist() == (masks["is_context"] or [True] * n)
    if all(mask is None for mask in masks.values()):
        assert roles is None
    else:
        assert roles.dtype == np.uint8


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        ([1, 0, 1], TypeError, "must hold bools, got dtype int64"),
        ([[True]], ValueError, r"must be one-dimensional, got shape \(1, 1\)"),
    ],
)
def test_bad_masks_are_refused(name, mask, error, message):
    with pytest.raises(error, match=f"{name} {message}"):
        make_roles(**{name: mask})


def test_masks_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="got 1 is_pseudo, 2 is_target"):
        make_roles(is_pseudo=[True], is_target=[True, False])
