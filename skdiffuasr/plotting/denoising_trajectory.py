"""From noise to items: one history, step by step."""

from typing import TYPE_CHECKING, Any, Self

from skdiffuasr._typing import FloatArray, IdArray, SequencesLike
from skdiffuasr.augmentation.diffusion import (
    DiffusionSequenceAugmenter,
    denoising_trajectory,
)
from skdiffuasr.plotting._axes import axes_or_new, check_matplotlib
from skdiffuasr.plotting._cells import write_cells
from skdiffuasr.plotting._steps import only_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Ids that would have to be cut to fewer letters are left out.
_FEWEST_LETTERS = 5


class DenoisingTrajectoryDisplay:
    """The items that each position is nearest to at every step of the sampler.

    Use `from_estimator` to make one.

    Parameters
    ----------
    items : ndarray of shape (n_steps, M)
        Ids of the nearest items.
    similarity : ndarray of shape (n_steps, M)
        Cosine of each estimate to the pseudo item that its position ends with.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        Where that is.
    image_ : matplotlib AxesImage
        The map.

    See Also
    --------
    skdiffuasr.augmentation.diffusion.denoising_trajectory : What is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from skdiffuasr.plotting import DenoisingTrajectoryDisplay
    >>> items = np.array([["tea", "jam"], ["tea", "milk"]])
    >>> display = DenoisingTrajectoryDisplay(items, np.array([[0.9, 0.1], [1.0, 1.0]]))
    >>> display.plot().ax_.get_ylabel()
    'sampling step'
    """

    def __init__(self, items: IdArray, similarity: FloatArray) -> None:
        self.items = items
        self.similarity = similarity

    @classmethod
    def from_estimator(
        cls, augmenter: Any, history: SequencesLike, *, ax: "Axes | None" = None
    ) -> Self:
        """Generate the pseudo items of one history and draw every step.

        Parameters
        ----------
        augmenter : DiffusionSequenceAugmenter, or a pipeline or search with one
            Fitted.
        history : Sequences or iterable of one sequence of item ids
            One row.
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        display : DenoisingTrajectoryDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is not one history, or not one augmenter.
        """
        check_matplotlib()
        _, model = only_step(
            augmenter,
            lambda each: isinstance(each, DiffusionSequenceAugmenter),
            "DiffusionSequenceAugmenter",
        )
        trajectory = denoising_trajectory(model, history)
        return cls(trajectory.items, trajectory.similarity).plot(ax)

    def plot(self, ax: "Axes | None" = None, *, cmap: str = "cividis") -> Self:
        """Draw a row for each step, the noisiest on top.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw.
        cmap : str, default="cividis"
            Colours.

        Returns
        -------
        self : DenoisingTrajectoryDisplay
        """
        n_steps, n_items = self.items.shape
        width = 2 + 0.8 * min(n_items, 15)
        height = 1.5 + 0.35 * min(n_steps, 20)
        self.ax_ = ax = axes_or_new(ax, (max(width, 5), max(height, 3)))
        self.figure_ = ax.figure
        self.image_ = ax.imshow(
            self.similarity, vmin=-1, vmax=1, cmap=cmap, aspect="auto"
        )
        self.figure_.colorbar(self.image_, ax=ax, label="cosine to the final item")
        write_cells(self.image_, self.items.astype(str), fewest_letters=_FEWEST_LETTERS)
        ax.set_xticks(range(n_items), [str(place) for place in range(-n_items, 0)])
        ax.set_yticks(range(n_steps), [str(step + 1) for step in range(n_steps)])
        ax.set_xlabel("position before the history")
        ax.set_ylabel("sampling step")
        return self
