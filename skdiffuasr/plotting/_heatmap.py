"""Heat maps with a text in every cell."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._typing import FloatArray
from skdiffuasr.plotting._display import shortened, size_in_points

# Of a small letter and a small line, in points.
_LETTER_WIDTH = 5.5
_LINE_HEIGHT = 10

# Luminance at which black and white are equally far off (WCAG 2).
_MIDDLE_LUMINANCE = 0.18


def draw_heatmap(
    ax: Any,
    values: FloatArray,
    texts: npt.NDArray[np.str_],
    *,
    label: str,
    fewest_letters: int,
    **options: Any,
) -> Any:
    """Draw a heat map with a colour bar and, if there is room, a text in every cell.

    `values` and `texts` have the shape (n_rows, n_columns); empty texts are left out.
    Texts may be shortened to `fewest_letters`; if there is room for fewer, none is
    written.
    """
    image = ax.imshow(values, aspect="auto", **options)
    ax.figure.colorbar(image, ax=ax, label=label)
    n_rows, n_columns = texts.shape
    width, height = size_in_points(ax)
    n_letters = int(width / n_columns / _LETTER_WIDTH)
    longest = max(map(len, texts.ravel()))
    if height / n_rows < _LINE_HEIGHT or n_letters < min(longest, fewest_letters):
        return image
    colours = image.to_rgba(image.get_array())
    for (row, column), text in np.ndenumerate(texts):
        if text:
            ax.text(
                column,
                row,
                shortened(text, n_letters),
                ha="center",
                va="center",
                fontsize="small",
                color=_readable_on(colours[row, column]),
            )
    return image


def _readable_on(rgba: npt.NDArray[np.float64]) -> str:
    luminance = np.array([0.2126, 0.7152, 0.0722]) @ rgba[:3] ** 2.2
    return "black" if luminance > _MIDDLE_LUMINANCE else "white"
