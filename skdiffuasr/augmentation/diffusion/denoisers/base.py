"""Base class of the denoisers."""

from abc import ABC, abstractmethod

from torch import nn

from skdiffuasr.augmentation.diffusion.part import Part


class BaseDenoiser(Part, ABC):
    """Base class of the denoisers: the architecture of the noise model.

    The augmenter takes any object with the methods `build`, `get_params` and
    `set_params`; this class brings the last two.
    """

    @abstractmethod
    def build(self, n_pseudo_items: int, embedding_dim: int) -> nn.Module:
        """Build the network with random weights.

        It is also built without weights, on torch's meta device, to be filled with
        stored ones: its shape must follow from the parameters alone.

        Parameters
        ----------
        n_pseudo_items, embedding_dim : int
            Number M of items of a block, and width d of their embeddings.

        Returns
        -------
        network : nn.Module
            Its ``forward(x_t, t, condition)`` maps noisy embeddings (batch, M, d),
            int64 timesteps (batch,) and conditions (batch, d) to velocities
            (batch, M, d), which `GaussianDiffusion.velocity_to_noise` turns into noise.
            Each row must depend on that row alone. Its parameter `null_condition` (d,)
            is learned and stands for "no condition".
        """
