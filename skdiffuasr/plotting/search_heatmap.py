"""A search over two parameters as a heat map."""

from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Any, Self

import numpy as np

from skdiffuasr._typing import FloatArray
from skdiffuasr.plotting._display import (
    COLOURS,
    Axes,
    Display,
    label_columns,
    shortened,
)
from skdiffuasr.plotting._heatmap import draw_heatmap

_MAX_LETTERS = 20


class SearchHeatmapDisplay(Display):
    """Mean validation score of a search over two parameters.

    Use `from_estimator` to make one.

    Parameters
    ----------
    scores : ndarray of shape (n_y, n_x)
        NaN where nothing was tried.
    x_values : sequence of object
        Values of the parameter from left to right.
    y_values : sequence of object
        Values of the parameter from top to bottom.
    x_name : str
        Name of the former parameter.
    y_name : str
        Name of the latter.
    metric : str
        What was scored.

    Attributes
    ----------
    image_ : matplotlib AxesImage
        The map.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.plotting import SearchHeatmapDisplay
    >>> display = SearchHeatmapDisplay(
    ...     np.array([[0.1, 0.2]]), [5, 10], [1.0], "M", "gamma", metric="ndcg@10"
    ... )
    >>> display.plot().ax_.get_xlabel()
    'M'
    """

    scores: FloatArray
    x_values: Sequence[Any]
    y_values: Sequence[Any]
    x_name: str
    y_name: str
    _: KW_ONLY
    metric: str

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        x: str,
        y: str,
        *,
        metric: str | None = None,
        ax: Axes | None = None,
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

        Raises
        ------
        ValueError
            If the search did not vary the parameters together, or has no such score.
        """
        results = search.cv_results_
        if metric is None:
            metric = search.refit if isinstance(search.refit, str) else "score"
        if f"mean_test_{metric}" not in results:
            metrics = _endings(results, "mean_test_")
            raise ValueError(f"The search has no score {metric!r}; it has {metrics}.")
        for name in (x, y):
            if f"param_{name}" not in results:
                varied = _endings(results, "param_")
                raise ValueError(f"The search did not vary {name!r}, but {varied}.")
        # A search over several grids may leave a parameter out of some.
        tried = [
            (params[x], params[y], score)
            for params, score in zip(
                results["params"], results[f"mean_test_{metric}"], strict=True
            )
            if x in params and y in params
        ]
        if not tried:
            raise ValueError(f"The search never varied {x!r} and {y!r} together.")
        x_values = _ordered([x_value for x_value, _, _ in tried])
        y_values = _ordered([y_value for _, y_value, _ in tried])
        scores = np.full((len(y_values), len(x_values)), np.nan)
        for x_value, y_value, score in tried:
            cell = y_values.index(y_value), x_values.index(x_value)
            scores[cell] = np.fmax(scores[cell], score)
        return cls(scores, x_values, y_values, x, y, metric=metric).plot(ax)

    def plot(self, ax: Axes | None = None, *, cmap: str = "cividis") -> Self:
        """Draw the map, with the best cell framed."""
        n_rows, n_columns = self.scores.shape
        width = 2 + 0.8 * min(n_columns, 12)
        height = 1.5 + 0.4 * min(n_rows, 20)
        ax = self._use_axes(ax, max(6.4, width), max(4.8, height))
        from matplotlib.patches import Rectangle

        known = np.isfinite(self.scores)
        self.image_: Any = draw_heatmap(
            ax,
            self.scores,
            np.where(known, np.char.mod("%.4f", self.scores), ""),
            label=self.metric,
            fewest_letters=len("0.0000"),
            cmap=cmap,
        )
        ax.set_xticks(range(n_columns))
        label_columns(ax, list(map(_label, self.x_values)))
        ax.set_yticks(range(n_rows), list(map(_label, self.y_values)))
        ax.set(xlabel=self.x_name, ylabel=self.y_name)
        if known.any():
            best = np.unravel_index(np.nanargmax(self.scores), self.scores.shape)
            corner = best[1] - 0.5, best[0] - 0.5
            style = {"edgecolor": COLOURS[1], "linewidth": 3, "zorder": 3}
            ax.add_patch(Rectangle(corner, 1, 1, fill=False, clip_on=False, **style))
        return self


def _endings(results: Any, prefix: str) -> list[str]:
    return sorted(key.removeprefix(prefix) for key in results if key.startswith(prefix))


def _label(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return shortened(text, _MAX_LETTERS)


def _ordered(values: list[Any]) -> list[Any]:
    """Return the different values, sorted if they can be; some cannot be hashed."""
    different = [value for row, value in enumerate(values) if value not in values[:row]]
    try:
        return sorted(different)
    except TypeError:
        return different
