"""The base of all displays, and docstrings whose shared entries are written once."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from skdiffuasr._estimator_class import _completed, _entries, _sections
from skdiffuasr._extras import import_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Class = TypeVar("_Class", bound=type)

#: What a method of a display documents unless its own docstring does.
_PARAMETERS = """
ax : matplotlib Axes, default=None
    Where to draw; None makes a new figure.
cmap : str, default="cividis"
    Name of a colormap of matplotlib.
filter_seen : bool, default=False
    Whether the items of the history are taken out of the ranking.
name : str, default=None
    Name of the model in the legend; None takes that of the display.
random_state : int, RandomState instance or None, default=0
    Of the bootstrap.
**style : dict
    Such as `color` and `marker`, for matplotlib's `errorbar`.
"""
_RETURNS = "display : {name}"
_RAISES = "ImportError\n    If matplotlib is not installed."


class Display:
    """Base of the displays.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Where that is.
    """

    def _use_axes(
        self, ax: "Axes | None", figsize: tuple[float, float] | None = None
    ) -> Any:
        """Take the axes to draw on, those of a new figure if they are None."""
        plt = import_extra("matplotlib.pyplot", "plot")
        if ax is None:
            _, ax = plt.subplots(figsize=figsize, layout="constrained")
        self.ax_: Any = ax
        self.figure_: Any = self.ax_.figure
        return ax


def documented(cls: _Class) -> _Class:
    """Class decorator that completes the docstrings of a display and its methods."""
    cls.__doc__ = _completed(cls, cls.__doc__ or "")
    for name, member in vars(cls).items():
        method = getattr(member, "__func__", member)
        if inspect.isfunction(method) and not name.startswith("_"):
            method.__doc__ = _completed_method(cls, method)
    return cls


def check_matplotlib() -> None:
    """Raise ImportError without matplotlib, before anything long is computed."""
    import_extra("matplotlib.pyplot", "plot")


def _completed_method(cls: type, method: Callable[..., Any]) -> str:
    sections = _sections(method.__doc__ or "")
    summary = sections.pop("")
    own = _entries(sections.pop("Parameters", ""))
    # One entry may stand for several parameters; it is where the first of them is.
    entries = {
        names.split(", ")[0].lstrip("*"): entry
        for names, entry in (_entries(_PARAMETERS) | own).items()
    }
    order = inspect.signature(method).parameters
    sections = {
        "Parameters": "\n".join(entries[name] for name in order if name in entries),
        "Returns": _RETURNS.format(name=cls.__name__),
        "Raises": f"{_RAISES}\n{sections.pop('Raises', '').strip()}",
        **sections,
    }
    blocks = [
        f"{title}\n{'-' * len(title)}\n{text.strip()}"
        for title, text in sections.items()
    ]
    return "\n\n".join([summary.strip(), *blocks]) + "\n"
