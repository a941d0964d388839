"""Drop users and items with few interactions."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skdiffuasr.datasets.interactions import Interactions


def k_core(
    interactions: Interactions,
    k: int = 5,
    *,
    min_user_interactions: int | None = None,
    min_item_interactions: int | None = None,
) -> Interactions:
    """Keep the largest part of a log where every user and item occurs often enough.

    Dropping a rare item can make a user rare and the other way round, so both are
    dropped in turn until nothing changes. What remains does not depend on the order
    of dropping. Repeated interactions count each time. Pseudo items do not count; they
    stay where their user and their item do.

    Parameters
    ----------
    interactions : Interactions
        The log.
    k : int, default=5
        Least number of interactions per user and per item.
    min_user_interactions : int, default=None
        Least number of interactions per user, if other than `k`.
    min_item_interactions : int, default=None
        Least number of interactions per item, if other than `k`.

    Returns
    -------
    interactions : Interactions
        The remaining interactions, in their former order.

    Raises
    ------
    ValueError
        If a threshold is below 1, or nothing remains.

    Notes
    -----
    Filter before splitting for the usual benchmark protocol, but note that the counts
    then include the held-out items.

    Examples
    --------
    >>> from skdiffuasr.datasets import Interactions, k_core
    >>> log = Interactions(
    ...     user=["ann", "ann", "bob", "bob", "cem"],
    ...     item=[1, 2, 1, 2, 3],
    ... )
    >>> k_core(log, k=2)
    Interactions(n=4, n_users=2, n_items=2)
    """
    if not isinstance(interactions, Interactions):
        raise TypeError(
            "k_core takes an Interactions log, as read_interactions returns; "
            f"got {type(interactions).__name__}."
        )
    min_user = k if min_user_interactions is None else min_user_interactions
    min_item = k if min_item_interactions is None else min_item_interactions
    check_scalar(k, "k", Integral, min_val=1)
    check_scalar(min_user, "min_user_interactions", Integral, min_val=1)
    check_scalar(min_item, "min_item_interactions", Integral, min_val=1)
    users = np.unique(interactions.user, return_inverse=True)[1]
    items = np.unique(interactions.item, return_inverse=True)[1]
    rows = np.arange(len(interactions))
    is_pseudo = interactions.is_pseudo
    is_observed = np.full(len(rows), True) if is_pseudo is None else ~is_pseudo
    while True:
        observed = is_observed[rows]
        user_counts = np.bincount(users[rows], observed)[users[rows]]
        item_counts = np.bincount(items[rows], observed)[items[rows]]
        frequent = (user_counts >= min_user) & (item_counts >= min_item)
        if frequent.all():
            break
        rows = rows[frequent]
    if not len(rows):
        raise ValueError(
            f"None of the {len(interactions)} interactions remains with at least "
            f"{min_user} per user and {min_item} per item; lower k."
        )
    return interactions.take(rows)
