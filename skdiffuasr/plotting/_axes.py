"""Colours, legends, and labels that fit."""

from collections.abc import Sequence
from typing import Any

#: Okabe and Ito's colours, which all kinds of colour vision tell apart; without yellow,
#: which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Wide enough for most letters of a tick label, in points.
_LETTER_WIDTH = 7


def add_legend(ax: Any, **options: Any) -> None:
    """Name what is drawn, above the axes, where it hides nothing."""
    if ax.get_legend_handles_labels()[1]:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
        ax.legend(**{**place, "ncols": 2, "frameon": False, **options})


def label_columns(ax: Any, labels: Sequence[str]) -> None:
    """Name the ticks below the axis, in one or more lines, slanted if crowded."""
    longest = max(len(line) for label in labels for line in label.split("\n"))
    width, _ = size_in_points(ax)
    slant = {}
    if longest * _LETTER_WIDTH > width / len(labels):
        labels = [label.replace("\n", ", ") for label in labels]
        slant = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(ax.get_xticks(), labels, **slant)


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


def size_in_points(ax: Any) -> tuple[float, float]:
    """Width and height of axes, before the layout makes room for what is around."""
    box = ax.get_window_extent()
    return box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi
