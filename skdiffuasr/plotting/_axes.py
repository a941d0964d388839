"""What all displays share: axes, colours, markers, legends, and labels that fit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from skdiffuasr._extras import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colours, which all kinds of colour vision tell apart; without yellow,
#: which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Wide enough for most letters of a tick label, in points.
_LETTER_WIDTH = 7


def check_matplotlib() -> None:
    """Reject to go on without matplotlib, before anything long is computed.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    import_extra("matplotlib.pyplot", "plot")


def axes_or_new(ax: "Axes | None", figsize: tuple[float, float] | None = None) -> Any:
    """Return axes to draw on.

    Parameters
    ----------
    ax : matplotlib Axes or None
        None makes a new figure.
    figsize : tuple of float or None, default=None
        Size of the new figure in inches; None takes matplotlib's.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    plt = import_extra("matplotlib.pyplot", "plot")
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax


def add_legend(ax: Any) -> None:
    """Name what is drawn, above the axes, where it hides nothing."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)


def label_columns(ax: Any, labels: Sequence[str]) -> None:
    """Write labels of one or more lines below the axis, slanted if they are crowded.

    Parameters
    ----------
    ax : matplotlib Axes
        Their ticks stay where they are.
    labels : sequence of str
        One for each tick.
    """
    longest = max(len(line) for label in labels for line in label.split("\n"))
    width, _ = size_in_points(ax)
    if longest * _LETTER_WIDTH <= width / len(labels):
        ax.set_xticks(ax.get_xticks(), labels)
    else:
        ax.set_xticks(
            ax.get_xticks(),
            [label.replace("\n", ", ") for label in labels],
            rotation=60,
            ha="right",
            rotation_mode="anchor",
        )


def size_in_points(ax: Any) -> tuple[float, float]:
    """Width and height of axes, before the layout makes room for what is around."""
    box = ax.get_window_extent()
    return box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi
