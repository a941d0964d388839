"""A map of the item embeddings, with generated points on top."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from skdiffuasr._typing import FloatArray, IntArray, SequencesLike
from skdiffuasr.augmentation.diffusion import (
    DiffusionSequenceAugmenter,
    denoising_trajectory,
)
from skdiffuasr.plotting._axes import COLOURS, axes_or_new, check_matplotlib
from skdiffuasr.plotting._steps import only_step
from skdiffuasr.sequences import check_sequences
from skdiffuasr.sequences.vocabulary import encode_sequences

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# They tell histories apart once colours repeat.
_MARKERS = ("X", "P", "D", "^", "s")

# Entries of the legend in a row.
_N_BESIDE = 8


class EmbeddingMapDisplay:
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

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Where that is.

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

    def __init__(
        self,
        item_points: FloatArray,
        item_counts: IntArray,
        generated_points: FloatArray,
        *,
        explained_variance_ratio: FloatArray | None = None,
    ) -> None:
        self.item_points = item_points
        self.item_counts = item_counts
        self.generated_points = generated_points
        self.explained_variance_ratio = explained_variance_ratio

    @classmethod
    def from_estimator(
        cls,
        augmenter: Any,
        X: SequencesLike,
        *,
        n_histories: int = 5,
        ax: "Axes | None" = None,
    ) -> Self:
        """Map the items of an augmenter and what it generates for some histories.

        Parameters
        ----------
        augmenter : DiffusionSequenceAugmenter, or a pipeline or search with one
            Fitted.
        X : Sequences or iterable of n sequences of item ids
            Histories, in which the popularity of the items is counted.
        n_histories : int, default=5
            Number of histories, the first of `X`, whose generated points are drawn.
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        display : EmbeddingMapDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is not one augmenter, or `n_histories` is negative.
        """
        check_matplotlib()
        if n_histories < 0:
            raise ValueError(f"n_histories must be at least 0, got {n_histories}.")
        _, model = only_step(
            augmenter,
            lambda each: isinstance(each, DiffusionSequenceAugmenter),
            "DiffusionSequenceAugmenter",
        )
        check_is_fitted(model)
        histories = check_sequences(X).strip_pseudo()
        codes = encode_sequences(histories, model.item_ids_)
        counts = np.bincount(codes.values, minlength=len(model.item_ids_))
        # Directions are what rounding goes by, so lengths are left out.
        pca = PCA(2, random_state=0)
        item_points = pca.fit_transform(_unit(model.item_embeddings_))
        shown = histories[: min(n_histories, len(histories))]
        generated = np.empty((len(shown), model.n_pseudo_items, 2))
        for row in range(len(shown)):
            points = denoising_trajectory(model, shown[[row]]).points[-1]
            generated[row] = pca.transform(_unit(points))
        display = cls(
            item_points,
            counts,
            generated,
            explained_variance_ratio=pca.explained_variance_ratio_,
        )
        return display.plot(ax)

    def plot(self, ax: "Axes | None" = None, *, cmap: str = "Greys") -> Self:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw.
        cmap : str, default="Greys"
            Colours of the items, by the logarithm of their occurrences.

        Returns
        -------
        self : EmbeddingMapDisplay
        """
        check_matplotlib()
        from matplotlib.colors import LogNorm

        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        counts = np.maximum(self.item_counts, 1)
        lowest, highest = counts.min(), max(counts.max(), counts.min() + 1)
        items = ax.scatter(
            *self.item_points.T,
            c=counts,
            norm=LogNorm(lowest, highest),
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
        if len(self.generated_points):
            ax.legend(
                title="generated for history",
                loc="lower center",
                bbox_to_anchor=(0.5, 1.0),
                ncols=min(len(self.generated_points), _N_BESIDE),
                columnspacing=1,
                handletextpad=0.1,
                frameon=False,
            )
        shares = ["", ""]
        if self.explained_variance_ratio is not None:
            shares = [
                f" ({each:.0%} of variance)" for each in self.explained_variance_ratio
            ]
        ax.set_xlabel(f"first component{shares[0]}")
        ax.set_ylabel(f"second component{shares[1]}")
        return self


def _unit(vectors: FloatArray) -> FloatArray:
    """Vectors of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
