"""How popular items are that users had, that were generated, and that are shown."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import SequencesLike
from skdiffuasr.metrics._checks import check_weights
from skdiffuasr.plotting._display import (
    COLOURS,
    Axes,
    Display,
    add_legend,
    check_matplotlib,
)
from skdiffuasr.plotting._steps import only_step
from skdiffuasr.recommenders import recommend
from skdiffuasr.sequences import check_sequences
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.vocabulary import encode_items

_STYLES = ("-", "--", "-.", ":")


class PopularityDriftDisplay(Display):
    """Cumulative share of items up to each popularity, for several kinds of items.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    popularities : mapping of str to ndarray
        Occurrences in the histories of the items of each kind.

    Examples
    --------
    >>> from skdiffuasr.plotting import PopularityDriftDisplay
    >>> display = PopularityDriftDisplay({"observed": [1, 2], "pseudo": [2, 9]})
    >>> sorted(display.popularities)
    ['observed', 'pseudo']
    """

    popularities: Mapping[str, npt.ArrayLike]

    @classmethod
    def from_estimator(
        cls,
        augmenter: Any,
        X: SequencesLike,
        *,
        recommender: Any = None,
        k: int = 10,
        ax: Axes | None = None,
    ) -> Self:
        """Compare the items of histories with those generated for them.

        Parameters
        ----------
        augmenter : augmenter with `generate`, or a pipeline or search with one
            Fitted.
        X : Sequences or iterable of n sequences of item ids
            Histories. Popularity is counted in them.
        recommender : recommender, pipeline or search, default=None
            Fitted; its `k` best items for each history are shown too.
        k : int, default=10
            Number of recommendations.

        Raises
        ------
        ValueError
            If there is not one augmenter.
        """
        check_matplotlib()
        _, model = only_step(
            augmenter,
            lambda each: hasattr(each, "generate"),
            "augmenter with `generate`",
        )
        histories = check_sequences(X).strip_pseudo()
        items = {
            "observed": histories.values,
            "pseudo": model.generate(histories).ravel(),
        }
        if recommender is not None:
            best, scores = recommend(recommender, histories, k)
            items["recommended"] = best[scores > -np.inf]  # without padding
        item_ids, counts = np.unique(histories.values, return_counts=True)
        return cls.from_predictions(items, item_ids, counts, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        items: Mapping[str, npt.ArrayLike],
        item_ids: npt.ArrayLike,
        item_counts: npt.ArrayLike,
        *,
        ax: Axes | None = None,
    ) -> Self:
        """Compare the popularity of several kinds of items.

        Parameters
        ----------
        items : mapping of str to array-like
            Item ids of each kind, as often as they occur.
        item_ids : array-like of shape (n_items,)
            The catalogue, each item once. Other items have no occurrences.
        item_counts : array-like of int of shape (n_items,)
            Occurrences of each.

        Raises
        ------
        TypeError
            If `items` and `item_ids` hold ids of different types.
        ValueError
            If an item is in the catalogue twice, there are not as many counts as items,
            or a count is negative.
        """
        ids, first, repeats = np.unique(
            as_ids(item_ids, "item_ids"), return_index=True, return_counts=True
        )
        if (repeats > 1).any():
            raise ValueError(f"item_ids has {ids[repeats.argmax()]} more than once.")
        counts = check_weights(item_counts, len(ids), "item_counts")
        counts = np.append(counts[first], 0)  # the last one is for unknown items
        popularities = {
            name: counts[encode_items(kind, ids)].ravel()
            for name, kind in items.items()
        }
        return cls(popularities).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw a line for each kind; the further right, the more popular."""
        ax = self._use_axes(ax, height=max(4.8, 0.5 + 0.2 * len(self.popularities)))
        from matplotlib.ticker import LogFormatter

        for position, (name, values) in enumerate(self.popularities.items()):
            if np.size(values):
                ax.ecdf(
                    np.asarray(values) + 1,
                    color=COLOURS[position % len(COLOURS)],
                    linestyle=_STYLES[position % len(_STYLES)],
                    label=name,
                )
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(LogFormatter())
        ax.xaxis.set_minor_formatter(LogFormatter())
        ax.set(
            xlabel="occurrences of the item in the histories, plus 1",
            ylabel="share of the items up to there",
        )
        add_legend(ax)
        return self
