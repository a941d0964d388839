"""A map of the item embeddings, with generated points on top."""

from dataclasses import KW_ONLY
from typing import Any, Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from skdiffuasr._typing import FloatArray, IntArray, SequencesLike
from skdiffuasr.augmentation.diffusion import denoising_trajectory
from skdiffuasr.plotting._display import (
    COLOURS,
    Axes,
    Display,
    add_legend,
    check_matplotlib,
)
from skdiffuasr.plotting._steps import only_diffusion
from skdiffuasr.sequences import check_sequences
from skdiffuasr.sequences.vocabulary import encode_sequences

# They tell histories apart once colours repeat.
_MARKERS = ("X", "P", "D", "^", "s")

# Entries of the legend in a row.
_N_BESIDE = 8


class EmbeddingMapDisplay(Display):
    """Two principal components of the item embeddings, and generated points.

    Use `from_estimator` to make one.

    Parameters
    ----------
    item_points : ndarray of shape (n_items, 2)
        Where the items are.
    item_counts : ndarray of int of shape (n_items,)
        Occurrences of each, which colour it; 0 is coloured as 1.
    generated_points : ndarray of shape (n_histories, M, 2)
        Where the generated points of each history are, before rounding.
    explained_variance_ratio : ndarray of shape (2,), default=None
        Share of the variance of the items along either axis; None leaves it out.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.plotting import EmbeddingMapDisplay
    >>> display = EmbeddingMapDisplay(
    ...     np.zeros((3, 2)), np.array([1, 2, 3]), np.ones((1, 4, 2))
    ... )
    >>> display.plot().ax_.get_xlabel()
    'first component'
    """

    item_points: FloatArray
    item_counts: IntArray
    generated_points: FloatArray
    _: KW_ONLY
    explained_variance_ratio: FloatArray | None = None

    @classmethod
    def from_estimator(
        cls,
        augmenter: Any,
        X: SequencesLike,
        *,
        n_histories: int = 5,
        ax: Axes | None = None,
    ) -> Self:
        """Map the items of an augmenter and what it generates for some histories.

        Parameters
        ----------
        X : Sequences or iterable of n sequences of item ids
            Histories, in which the popularity of the items is counted.
        n_histories : int, default=5
            Number of histories, the first of `X`, whose generated points are drawn.

        Raises
        ------
        ValueError
            If there is not one augmenter, or `n_histories` is negative.
        """
        check_matplotlib()
        if n_histories < 0:
            raise ValueError(f"n_histories must be at least 0, got {n_histories}.")
        model = only_diffusion(augmenter)
        check_is_fitted(model)
        histories = check_sequences(X).strip_pseudo()
        codes = encode_sequences(histories, model.item_ids_)
        counts = np.bincount(codes.values, minlength=len(model.item_ids_))
        # Directions are what rounding goes by, so lengths are left out.
        pca = PCA(2, random_state=0)
        item_points = pca.fit_transform(normalize(model.item_embeddings_))
        shown = histories[: min(n_histories, len(histories))]
        generated = np.empty((len(shown), model.n_pseudo_items, 2))
        for row in range(len(shown)):
            points = denoising_trajectory(model, shown[[row]]).points[-1]
            generated[row] = pca.transform(normalize(points))
        ratio = pca.explained_variance_ratio_
        display = cls(item_points, counts, generated, explained_variance_ratio=ratio)
        return display.plot(ax)

    def plot(self, ax: Axes | None = None, *, cmap: str = "Greys") -> Self:
        """Draw the map.

        Parameters
        ----------
        cmap : str, default="Greys"
            Colours of the items, by the logarithm of their occurrences.
        """
        ax = self._use_axes(ax)
        counts = np.maximum(self.item_counts, 1)
        lowest, highest = counts.min(), max(counts.max(), counts.min() + 1)
        items = ax.scatter(
            *self.item_points.T,
            c=counts,
            norm="log",
            vmin=lowest,
            vmax=highest,
            cmap=cmap,
            s=14,
            edgecolors="0.5",
            linewidths=0.4,
        )
        ticks = np.unique(np.geomspace(lowest, highest, 5).round())
        bar = self.figure_.colorbar(
            items, ax=ax, label="occurrences", ticks=ticks, format="{x:g}"
        )
        bar.minorticks_off()
        for number, points in enumerate(self.generated_points):
            ax.scatter(
                *points.T,
                color=COLOURS[number % len(COLOURS)],
                marker=_MARKERS[number // len(COLOURS) % len(_MARKERS)],
                s=50,
                edgecolors="white",
                linewidths=0.6,
                label=f"{number + 1}",
            )
        add_legend(
            ax,
            title="generated for history",
            ncols=min(len(self.generated_points), _N_BESIDE),
            columnspacing=1,
            handletextpad=0.1,
        )
        x_label, y_label = "first component", "second component"
        if self.explained_variance_ratio is not None:
            x_share, y_share = self.explained_variance_ratio
            x_label += f" ({x_share:.0%} of variance)"
            y_label += f" ({y_share:.0%} of variance)"
        ax.set(xlabel=x_label, ylabel=y_label)
        return self
