"""From noise to items: one history, step by step."""

from typing import Any, Self

from skdiffuasr._typing import FloatArray, IdArray, SequencesLike
from skdiffuasr.augmentation.diffusion import denoising_trajectory
from skdiffuasr.plotting._display import Axes, Display, check_matplotlib
from skdiffuasr.plotting._heatmap import draw_heatmap
from skdiffuasr.plotting._steps import only_diffusion

# Ids that would have to be cut to fewer letters are left out.
_FEWEST_LETTERS = 5


class DenoisingTrajectoryDisplay(Display):
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

    items: IdArray
    similarity: FloatArray

    @classmethod
    def from_estimator(
        cls, augmenter: Any, history: SequencesLike, *, ax: Axes | None = None
    ) -> Self:
        """Generate the pseudo items of one history and draw every step.

        Parameters
        ----------
        history : Sequences or iterable of one sequence of item ids
            One row.

        Raises
        ------
        ValueError
            If there is not one history, or not one augmenter.
        """
        check_matplotlib()
        trajectory = denoising_trajectory(only_diffusion(augmenter), history)
        return cls(trajectory.items, trajectory.similarity).plot(ax)

    def plot(self, ax: Axes | None = None, *, cmap: str = "cividis") -> Self:
        """Draw a row for each step, the noisiest on top."""
        n_steps, n_items = self.items.shape
        width = 2 + 0.8 * min(n_items, 15)
        height = 1.5 + 0.35 * min(n_steps, 20)
        ax = self._use_axes(ax, max(5, width), max(3, height))
        self.image_: Any = draw_heatmap(
            ax,
            self.similarity,
            self.items.astype(str),
            label="cosine to the final item",
            fewest_letters=_FEWEST_LETTERS,
            cmap=cmap,
            vmin=-1,
            vmax=1,
        )
        ax.set_xticks(range(n_items), [str(place) for place in range(-n_items, 0)])
        ax.set_yticks(range(n_steps), [str(step + 1) for step in range(n_steps)])
        ax.set(xlabel="position before the history", ylabel="sampling step")
        return self
