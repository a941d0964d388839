"""What the displays share: axes, legends, labels, colours and entries of docstrings."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, dataclass_transform

from skdiffuasr._estimator_class import _completed, _entries, _joined, _sections
from skdiffuasr._extras import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
else:
    Axes = Any

#: Okabe and Ito's colours, which all kinds of colour vision tell apart; without yellow,
#: which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# Wide enough for most letters of a tick label, in points.
_LETTER_WIDTH = 7

#: What a method of a display documents unless its own docstring does.
_PARAMETERS = """
estimator : recommender, pipeline or search
    Fitted.
augmenter : DiffusionSequenceAugmenter, or a pipeline or search with one
    Fitted.
X : Sequences or iterable of n sequences of item ids
    Histories, oldest item first.
y : array-like of shape (n,)
    The item that came next.
metric : str, default="ndcg@10"
    See `NextItemScorer`.
bins : sequence of int, default=(3, 5, 10, 20)
    Largest lengths of the groups but for the last one; see `length_groups`.
filter_seen : bool, default=False
    Whether the items of the history are taken out of the ranking.
name : str, default=None
    Name of the model in the legend; None takes that of the display.
ax : matplotlib Axes, default=None
    Where to draw; None makes a new figure.
cmap : str, default="cividis"
    Name of a colormap of matplotlib.
random_state : int, RandomState instance or None, default=0
    Of the bootstrap.
**style : dict
    Such as `color` and `marker`, for matplotlib's `errorbar`.
"""
_RAISES = "ImportError\n    If matplotlib is not installed.\n"


@dataclass_transform(eq_default=False)
class Display:
    """Base of the displays.

    A subclass is a dataclass of what is drawn. Entries that its docstring and those of
    its methods lack are taken from its base classes and from `_PARAMETERS`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Where that is.
    """

    def __init_subclass__(cls) -> None:
        dataclass(eq=False, repr=False, match_args=False)(cls)
        cls.__doc__ = _completed(cls, cls.__doc__ or "")
        for name, member in vars(cls).items():
            method = getattr(member, "__func__", member)
            if inspect.isfunction(method) and not name.startswith("_"):
                method.__doc__ = _completed_method(method)

    def _use_axes(
        self, ax: Axes | None, width: float = 6.4, height: float = 4.8
    ) -> Axes:
        """Take the axes to draw on: those of a new figure of this size if None."""
        plt = import_extra("matplotlib.pyplot", "plot")
        if ax is None:
            _, ax = plt.subplots(figsize=(width, height), layout="constrained")
        self.ax_: Any = ax
        self.figure_: Any = self.ax_.figure
        return ax


def check_matplotlib() -> None:
    """Raise ImportError without matplotlib, before anything long is computed."""
    import_extra("matplotlib.pyplot", "plot")


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
    """Leave out the middle of a text that is too long, on one line."""
    text = " ".join(text.split())
    if len(text) <= n_letters:
        return text
    n_tail = n_letters // 2
    return f"{text[: n_letters - 1 - n_tail]}…{text[len(text) - n_tail :]}"


def size_in_points(ax: Any) -> tuple[float, float]:
    """Width and height of axes, before the layout makes room for what is around."""
    box = ax.get_window_extent()
    return box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi


def _completed_method(method: Callable[..., Any]) -> str:
    sections = _sections(method.__doc__ or "")
    summary = sections.pop("")
    own = _entries(sections.pop("Parameters", ""))
    # One entry may stand for several parameters.
    entries = {
        name.lstrip("*"): entry
        for names, entry in (_entries(_PARAMETERS) | own).items()
        for name in names.split(", ")
    }
    names = [name for name in inspect.signature(method).parameters if name in entries]
    sections = {
        "Parameters": "\n".join(dict.fromkeys(entries[name] for name in names)),
        "Returns": "display : Self",
        "Raises": _RAISES + sections.get("Raises", "").strip(),
    }
    return _joined(summary, sections)
