"""A search over two parameters as a heat map."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skdiffuasr._typing import FloatArray
from skdiffuasr.plotting._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More cells than this have no figures in them.
_MAX_WRITTEN = 150


class SearchHeatmapDisplay:
    """Mean validation score of a search over two parameters.

    Use `from_estimator` to make one.

    Parameters
    ----------
    scores : ndarray of shape (n_y, n_x)
        NaN where nothing was tried.
    x_values, y_values : sequence of object
        Values of the parameters.
    x_name, y_name : str
        Names of the parameters.
    metric : str
        What was scored.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Where that is.
    image_ : matplotlib AxesImage
        The map.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.plotting import SearchHeatmapDisplay
    >>> display = SearchHeatmapDisplay(
    ...     np.array([[0.1, 0.2]]), [5, 10], [1.0], "M", "gamma", metric="ndcg@10"
    ... )
    >>> display.plot().ax_.get_xlabel()  # doctest: +SKIP
    'M'
    """

    def __init__(
        self,
        scores: FloatArray,
        x_values: Sequence[Any],
        y_values: Sequence[Any],
        x_name: str,
        y_name: str,
        *,
        metric: str,
    ) -> None:
        self.scores = scores
        self.x_values = list(x_values)
        self.y_values = list(y_values)
        self.x_name = x_name
        self.y_name = y_name
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        x: str,
        y: str,
        *,
        metric: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the scores of a fitted search.

        Parameters
        ----------
        search : GridSearchCV or another search with `cv_results_`
            Fitted. Where it varied other parameters too, the best score over them is
            shown.
        x, y : str
            The parameters from left to right and from top to bottom.
        metric : str, default=None
            Which score, where there are several; None takes the one that chose.
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        display : SearchHeatmapDisplay

        Raises
        ------
        ValueError
            If the search did not vary a parameter, or has no such score.
        """
        results = search.cv_results_
        if metric is None:
            refit = search.refit
            metric = refit if isinstance(refit, str) else "score"
        column = f"mean_test_{metric}"
        for key in (f"param_{x}", f"param_{y}", column):
            if key not in results:
                raise ValueError(
                    f"The search has no {key!r}; it has {sorted(results)}."
                )
        x_values = _ordered(results[f"param_{x}"])
        y_values = _ordered(results[f"param_{y}"])
        scores = np.full((len(y_values), len(x_values)), np.nan)
        for x_value, y_value, score in zip(
            results[f"param_{x}"], results[f"param_{y}"], results[column], strict=True
        ):
            cell = y_values.index(y_value), x_values.index(x_value)
            scores[cell] = np.fmax(scores[cell], score)
        return cls(scores, x_values, y_values, x, y, metric=metric).plot(ax)

    def plot(self, ax: "Axes | None" = None, *, cmap: str = "cividis") -> Self:
        """Draw the map, with the best cell framed.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw.
        cmap : str, default="cividis"
            Colours.

        Returns
        -------
        self : SearchHeatmapDisplay
        """
        from matplotlib.patches import Rectangle

        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        self.image_ = ax.imshow(self.scores, cmap=cmap, aspect="auto")
        self.figure_.colorbar(self.image_, ax=ax, label=self.metric)
        ax.set_xticks(range(len(self.x_values)), self.x_values)
        ax.set_yticks(range(len(self.y_values)), self.y_values)
        ax.set_xlabel(self.x_name)
        ax.set_ylabel(self.y_name)
        known = np.isfinite(self.scores)
        if self.scores.size <= _MAX_WRITTEN:
            for row, column in np.argwhere(known):
                score = self.scores[row, column]
                is_light = self.image_.norm(score) > 0.5
                ax.text(
                    column,
                    row,
                    f"{score:.4f}",
                    ha="center",
                    va="center",
                    color="black" if is_light else "white",
                )
        if known.any():
            row, column = np.unravel_index(np.nanargmax(self.scores), self.scores.shape)
            ax.add_patch(
                Rectangle(
                    (column - 0.5, row - 0.5), 1, 1, fill=False, ec="#D55E00", lw=3
                )
            )
        return self


def _ordered(values: Any) -> list[Any]:
    """Return the different values, sorted if they can be."""
    different = list(dict.fromkeys(values))
    try:
        return sorted(different)
    except TypeError:
        return different
