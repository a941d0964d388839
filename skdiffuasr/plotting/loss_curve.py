"""Loss and validation score of every epoch."""

from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Any, Self

from skdiffuasr.plotting._display import COLOURS, Axes, Display, add_legend
from skdiffuasr.plotting._steps import only_step

_MAX_MARKED = 50


class LossCurveDisplay(Display):
    """Training loss of every epoch, with the validation score on an axis of its own.

    Use `from_estimator` to make one.

    Parameters
    ----------
    loss_curve : sequence of float
        Mean training loss of each epoch.
    validation_scores : sequence of float, default=()
        Score on what was held out after each epoch; higher is better.
    best_epoch : int, default=None
        The epoch that the weights are from, counted from 1.
    name : str, default=None
        Title of the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the loss.
    score_ax_ : matplotlib Axes or None
        With the validation score, if there is one.

    Examples
    --------
    >>> from skdiffuasr.plotting import LossCurveDisplay
    >>> display = LossCurveDisplay([2.0, 1.5, 1.4], [0.1, 0.3, 0.2], best_epoch=2)
    >>> display.plot().score_ax_.get_ylabel()
    'validation score'
    """

    loss_curve: Sequence[float]
    validation_scores: Sequence[float] = ()
    _: KW_ONLY
    best_epoch: int | None = None
    name: str | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        step: str | None = None,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the curves of a trained estimator.

        Parameters
        ----------
        estimator : recommender, augmenter, pipeline or search
            Fitted by gradient descent.
        step : str, default=None
            The step of a pipeline that is meant, where several have curves.
        name : str, default=None
            Title; None takes the name of the step or the class.

        Raises
        ------
        ValueError
            If no step has a loss curve, or several have one and `step` is None.
        """
        key, model = only_step(
            estimator,
            lambda each: hasattr(each, "loss_curve_"),
            "step with a loss curve, or `step` must name one",
            step=step,
        )
        display = cls(
            model.loss_curve_,
            getattr(model, "validation_scores_", ()),
            best_epoch=getattr(model, "best_epoch_", None),
            name=key if name is None else name,
        )
        return display.plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the curves."""
        ax = self._use_axes(ax)
        self.score_ax_: Any = None
        # Markers of many epochs would hide the line.
        are_marked = len(self.loss_curve) <= _MAX_MARKED
        lines = ax.plot(
            range(1, len(self.loss_curve) + 1),
            self.loss_curve,
            marker="o" if are_marked else None,
            markersize=4,
            color=COLOURS[0],
            label="loss",
        )
        if len(self.validation_scores):
            self.score_ax_ = ax.twinx()
            lines += self.score_ax_.plot(
                range(1, len(self.validation_scores) + 1),
                self.validation_scores,
                "--",
                marker="x" if are_marked else None,
                color=COLOURS[1],
                label="validation score",
            )
            self.score_ax_.set_ylabel("validation score", color=COLOURS[1])
        if self.best_epoch is not None:
            style = {"color": "0.6", "linestyle": ":"}
            lines.append(ax.axvline(self.best_epoch, label="best epoch", **style))
        ax.set_xlabel("epoch")
        ax.locator_params(axis="x", integer=True, min_n_ticks=1)
        ax.set_ylabel("loss", color=COLOURS[0])
        add_legend(ax, handles=lines, ncols=len(lines))
        if self.name is not None:
            ax.set_title(self.name, pad=28)
        return self
