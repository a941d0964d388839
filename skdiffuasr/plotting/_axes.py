"""What all displays share: axes, colours, and the last step of a pipeline."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colours, which all kinds of colour vision tell apart; without yellow,
#: which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


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
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib: pip install "skdiffuasr[plot]".'
        ) from error
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax


def steps_of(estimator: Any) -> list[tuple[str, Any]]:
    """Return the named steps of a pipeline or a fitted search, or an estimator alone.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Returns
    -------
    steps : list of (name, estimator)
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    return getattr(estimator, "steps", [(type(estimator).__name__, estimator)])
