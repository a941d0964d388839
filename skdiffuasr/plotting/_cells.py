"""Texts in the cells of a heat map."""

from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr.plotting._axes import size_in_points

# Of a small letter and a small line, in points.
_LETTER_WIDTH = 5.5
_LINE_HEIGHT = 10

# Luminance at which black and white are equally far off (WCAG 2).
_MIDDLE_LUMINANCE = 0.18


def write_cells(
    image: Any, texts: npt.NDArray[np.str_], *, fewest_letters: int
) -> None:
    """Write a text into every cell, as long as there is room.

    Parameters
    ----------
    image : matplotlib AxesImage
        The map.
    texts : ndarray of str of shape (n_rows, n_columns)
        What to write; an empty text is left out.
    fewest_letters : int
        Longer texts may be shortened to as many letters, but not to fewer: then all
        are left out.
    """
    ax = image.axes
    n_rows, n_columns = texts.shape
    width, height = size_in_points(ax)
    n_letters = int(width / n_columns / _LETTER_WIDTH)
    longest = max(map(len, texts.ravel()))
    if height / n_rows < _LINE_HEIGHT or n_letters < min(longest, fewest_letters):
        return
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


def shortened(text: str, n_letters: int) -> str:
    """Leave out the middle of a text that is too long, on one line.

    Examples
    --------
    >>> shortened("item-000017", 7)
    'ite…017'
    """
    text = " ".join(text.split())
    if len(text) <= n_letters:
        return text
    n_tail = n_letters // 2
    return f"{text[: n_letters - 1 - n_tail]}…{text[len(text) - n_tail :]}"


def _readable_on(rgba: npt.NDArray[np.float64]) -> str:
    luminance = np.array([0.2126, 0.7152, 0.0722]) @ rgba[:3] ** 2.2
    return "black" if luminance > _MIDDLE_LUMINANCE else "white"
