"""How popular items are that users had, that were generated, and that are shown."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray, SequencesLike
from skdiffuasr.plotting._axes import COLOURS, axes_or_new
from skdiffuasr.sequences import check_sequences
from skdiffuasr.vocabulary import encode_items

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ("-", "--", "-.", ":")


class PopularityDriftDisplay:
    """Cumulative share of items up to each popularity, for several kinds of items.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    popularities : mapping of str to ndarray
        Number of users who had each item, for the items of each kind.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Where that is.

    Examples
    --------
    >>> from skdiffuasr.plotting import PopularityDriftDisplay
    >>> display = PopularityDriftDisplay({"observed": [1, 2], "pseudo": [2, 9]})
    >>> sorted(display.popularities)
    ['observed', 'pseudo']
    """

    def __init__(self, popularities: Mapping[str, npt.ArrayLike]) -> None:
        self.popularities: dict[str, FloatArray] = {
            name: np.asarray(values, dtype=float)
            for name, values in popularities.items()
        }

    @classmethod
    def from_estimator(
        cls,
        augmenter: Any,
        X: SequencesLike,
        *,
        recommender: Any = None,
        k: int = 10,
        ax: "Axes | None" = None,
    ) -> Self:
        """Compare the items of histories with those generated for them.

        Parameters
        ----------
        augmenter : augmenter
            Fitted; it has `generate` and `item_ids_`.
        X : Sequences or iterable of n sequences of item ids
            Histories. Popularity is counted in them.
        recommender : recommender, default=None
            Fitted; its `k` best items for each history are shown too.
        k : int, default=10
            Number of recommendations.
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        display : PopularityDriftDisplay
        """
        histories = check_sequences(X).strip_pseudo()
        items = {
            "observed": histories.values,
            "pseudo": augmenter.generate(histories).ravel(),
        }
        if recommender is not None:
            items["recommended"] = recommender.recommend(histories, k)[0].ravel()
        item_ids, counts = np.unique(histories.values, return_counts=True)
        return cls.from_predictions(items, item_ids, counts, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        items: Mapping[str, npt.ArrayLike],
        item_ids: npt.ArrayLike,
        item_counts: npt.ArrayLike,
        *,
        ax: "Axes | None" = None,
    ) -> Self:
        """Compare the popularity of several kinds of items.

        Parameters
        ----------
        items : mapping of str to array-like
            Item ids of each kind, as often as they occur.
        item_ids : array-like of shape (n_items,)
            The catalogue, sorted.
        item_counts : array-like of int of shape (n_items,)
            Occurrences of each.
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        display : PopularityDriftDisplay
        """
        ids, counts = np.asarray(item_ids), np.append(np.asarray(item_counts), 0)
        popularities = {
            name: counts[encode_items(np.asarray(kind), ids)]
            for name, kind in items.items()
        }
        return cls(popularities).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw a line for each kind; the further right, the more popular.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        self : PopularityDriftDisplay
        """
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        for position, (name, values) in enumerate(self.popularities.items()):
            if len(values):
                ax.ecdf(
                    values + 1,
                    color=COLOURS[position % len(COLOURS)],
                    linestyle=_STYLES[position % len(_STYLES)],
                    label=name,
                )
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter("{x:g}")
        ax.tick_params("x", which="minor", labelsize="small", rotation=45)
        ax.set_xlabel("occurrences of the item in the histories, plus 1")
        ax.set_ylabel("share of the items up to there")
        ax.legend()
        return self
