"""A map of the item embeddings, with generated points on top."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.decomposition import PCA

from skdiffuasr._typing import FloatArray, IntArray, SequencesLike
from skdiffuasr.augmentation.trajectory import denoising_trajectory
from skdiffuasr.plotting._axes import COLOURS, axes_or_new, steps_of
from skdiffuasr.sequences import check_sequences
from skdiffuasr.vocabulary import encode_sequences

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class EmbeddingMapDisplay:
    """Two principal components of the item embeddings, and generated points.

    Use `from_estimator` to make one.

    Parameters
    ----------
    item_points : ndarray of shape (n_items, 2)
        Where the items are.
    item_counts : ndarray of int of shape (n_items,)
        Occurrences of each, which colour it.
    generated_points : ndarray of shape (n_histories, M, 2)
        Where the generated points of each history are, before rounding.
    explained_variance_ratio : float, default=None
        Share of the variance of the items that the map shows.

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
    >>> display.plot().ax_.get_xlabel()  # doctest: +SKIP
    'first component'
    """

    def __init__(
        self,
        item_points: FloatArray,
        item_counts: IntArray,
        generated_points: FloatArray,
        *,
        explained_variance_ratio: float | None = None,
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
        """
        model = steps_of(augmenter)[0][1]
        histories = check_sequences(X).strip_pseudo()
        codes = encode_sequences(histories, model.item_ids_)
        counts = np.bincount(codes.values, minlength=len(model.item_ids_))
        # Directions are what rounding goes by, so lengths are left out.
        pca = PCA(2, random_state=0)
        item_points = pca.fit_transform(_unit(model.item_embeddings_))
        shown = histories[: min(n_histories, len(histories))]
        generated = np.stack(
            [
                pca.transform(
                    _unit(denoising_trajectory(model, shown[[row]]).points[-1])
                )
                for row in range(len(shown))
            ]
        )
        display = cls(
            item_points,
            counts,
            generated,
            explained_variance_ratio=float(pca.explained_variance_ratio_.sum()),
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
        from matplotlib.colors import LogNorm

        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        counts = np.maximum(self.item_counts, 1)
        items = ax.scatter(
            *self.item_points.T,
            c=counts,
            norm=LogNorm(0.3, max(counts.max(), 2)),
            cmap=cmap,
            s=12,
        )
        bar = self.figure_.colorbar(items, ax=ax, label="occurrences", format="{x:g}")
        bar.ax.set_ylim(1, None)
        for number, points in enumerate(self.generated_points):
            ax.scatter(
                *points.T,
                color=COLOURS[number % len(COLOURS)],
                marker="X",
                s=45,
                edgecolors="white",
                linewidths=0.6,
                label=f"history {number + 1}",
            )
        if len(self.generated_points):
            ax.legend(title="generated for")
        ax.set_xlabel("first component")
        ax.set_ylabel("second component")
        if self.explained_variance_ratio is not None:
            ax.set_title(f"{self.explained_variance_ratio:.0%} of the variance")
        return self


def _unit(vectors: FloatArray) -> FloatArray:
    """Vectors of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
