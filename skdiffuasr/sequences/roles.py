"""Roles of items in a history: observed or generated, learned, read."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import RoleArray


class Role:
    """Flags of one item; `Sequences.roles` holds their sum.

    An observed item normally is ``TARGET | CONTEXT``, a pseudo item
    ``PSEUDO | CONTEXT``.
    """

    #: The item was generated, not observed.
    PSEUDO: Final = 1
    #: A recommender learns to predict the item.
    TARGET: Final = 2
    #: Later items are predicted from the item. An item that is not context can be a
    #: target, but is then skipped. Recommenders always read the last item of a row.
    CONTEXT: Final = 4


#: Default roles.
OBSERVED: Final = Role.TARGET | Role.CONTEXT
GENERATED: Final = Role.PSEUDO | Role.CONTEXT


def make_roles(
    *, is_pseudo: Any = None, is_target: Any = None, is_context: Any = None
) -> RoleArray | None:
    """Make the roles of items from masks.

    Parameters
    ----------
    is_pseudo : array-like of bool of shape (n_interactions,), default=None
        Which items were generated, by default none.
    is_target : array-like of bool of shape (n_interactions,), default=None
        Which items a recommender learns to predict, by default the observed ones.
    is_context : array-like of bool of shape (n_interactions,), default=None
        Which items later ones are predicted from, by default all.

    Returns
    -------
    roles : ndarray of shape (n_interactions,), uint8, or None
        Sums of `Role`; None if no mask is given.

    Raises
    ------
    TypeError
        If a mask does not hold bools.
    ValueError
        If the masks are not one-dimensional or differ in length.

    Examples
    --------
    >>> from skdiffuasr.sequences import Sequences, make_roles
    >>> X = Sequences([8, 1, 9, 2], [0, 4], make_roles(is_pseudo=[True, False] * 2))
    >>> X.strip_pseudo().to_lists()
    [[1, 2]]
    """
    given = {"is_pseudo": is_pseudo, "is_target": is_target, "is_context": is_context}
    masks = {
        name: _vector(mask, name, "?b", "bools")
        for name, mask in given.items()
        if mask is not None
    }
    if not masks:
        return None
    if len({len(mask) for mask in masks.values()}) > 1:
        lengths = ", ".join(f"{len(mask)} {name}" for name, mask in masks.items())
        raise ValueError(f"The masks must have one entry for each item, got {lengths}.")
    n_items = len(next(iter(masks.values())))
    generated = masks.get("is_pseudo", np.zeros(n_items, dtype=bool))
    roles = generated * np.uint8(Role.PSEUDO)
    roles += masks.get("is_target", ~generated) * np.uint8(Role.TARGET)
    is_read = masks.get("is_context", np.ones(n_items, dtype=bool))
    roles += is_read * np.uint8(Role.CONTEXT)
    return roles


def as_roles(roles: Any) -> RoleArray:
    """Return integers from 0 to 7 as uint8, not copied if they are that already."""
    array = _vector(roles, "roles", "iu", "integers, sums of Role; see make_roles")
    outside = (array < 0) | (array > (Role.PSEUDO | Role.TARGET | Role.CONTEXT))
    if outside.any():
        at = int(outside.argmax())
        raise ValueError(
            f"roles must be sums of Role, from 0 to 7, but entry {at} is {array[at]}."
        )
    return array.astype(np.uint8, copy=False)


def _vector(values: Any, name: str, kinds: str, accepted: str) -> NDArray[Any]:
    """Return a one-dimensional array of one of the kinds of dtype."""
    array = np.asarray(values)
    if array.size == 0 and array.ndim == 1:
        return np.empty(0, dtype=kinds[0])
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} must hold {accepted}, got dtype {array.dtype}.")
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}.")
    return array
