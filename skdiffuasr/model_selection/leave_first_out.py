"""Hide the first items of histories, to judge what is generated in their place."""

from numbers import Integral

from sklearn.utils import check_scalar

from skdiffuasr._typing import SequencesLike
from skdiffuasr.sequences import Sequences, check_sequences


def leave_first_out(
    X: SequencesLike, n_hidden_items: int
) -> tuple[Sequences, Sequences]:
    """Hide the first items of each history that has more.

    Parameters
    ----------
    X : Sequences or iterable of n sequences of item ids
        Histories, oldest item first. Pseudo items are dropped.
    n_hidden_items : int
        Number of items to hide.

    Returns
    -------
    visible : Sequences of n_long rows
        The rest of the histories of more than `n_hidden_items` items.
    hidden : Sequences of n_long rows
        Their first `n_hidden_items` items.

    Raises
    ------
    ValueError
        If no history has more than `n_hidden_items` items, or this is less than 1.

    Examples
    --------
    >>> from skdiffuasr.model_selection import leave_first_out
    >>> visible, hidden = leave_first_out([[1, 2, 3, 4], [5, 6]], 2)
    >>> visible.to_lists(), hidden.to_lists()
    ([[3, 4]], [[1, 2]])
    """
    check_scalar(n_hidden_items, "n_hidden_items", Integral, min_val=1)
    histories = check_sequences(X).strip_pseudo()
    long = histories[histories.lengths > n_hidden_items]
    if len(long) == 0:
        raise ValueError(
            f"No history of X has more than {n_hidden_items} items; the longest has "
            f"{histories.lengths.max()}."
        )
    visible = long.tail(long.lengths - n_hidden_items)
    return visible, long.drop_last(visible.lengths)
