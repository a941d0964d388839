"""Base class of the guidances, and what it works with.

The guidance scale gamma acts here, in sampling, and never in the training loss: a
network trained with it would learn to cancel it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from skdiffuasr._typing import FloatArray, IdArray, Weights
from skdiffuasr.augmentation.diffusion.part import Part
from skdiffuasr.augmentation.diffusion.training import DenoiserTraining, TrainingRun
from skdiffuasr.nn.denoiser import Denoiser
from skdiffuasr.nn.diffusion import GaussianDiffusion

#: ``(x_t, t, condition, first_items) -> eps``: the noise (batch, M, d) that the sampler
#: follows, from embeddings (batch, M, d), timesteps (batch,), conditions (batch, d) and
#: the codes of the first items (batch,) of the histories, -1 where there is none.
GuidedModel = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class TrainedModel:
    """A trained denoiser on one device, as a guidance sees it in sampling.

    ``guidance_network(build)`` puts the weights that `BaseGuidance.train` returned into
    the network that ``build()`` makes, and keeps it.
    """

    denoiser: Denoiser
    diffusion: GaussianDiffusion
    item_ids: IdArray
    n_pseudo_items: int
    guidance_network: Callable[[Callable[[], nn.Module]], nn.Module]

    def predict_noise(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Predict the noise (batch, M, d) without guidance."""
        return self.denoiser.predict_noise(x_t, t, condition, diffusion=self.diffusion)


class BaseGuidance(Part, ABC):
    """Base class of the guidances.

    A subclass implements `guide`. One that trains a network also implements `train` and
    returns True from `trains`.
    """

    @property
    def trains(self) -> bool:
        """Whether `train` trains something; `fixed_by_fit` counts only if it does."""
        return False

    def check_training(self, training: DenoiserTraining, guidance_scale: float) -> None:
        """Raise a ValueError if a denoiser trained in this way cannot be guided."""

    def check_catalogue(self, item_ids: IdArray, n_pseudo_items: int) -> None:
        """Raise a ValueError if blocks of M of these items cannot be guided."""

    def train(self, run: TrainingRun, item_embeddings: FloatArray) -> Weights:
        """Train what guides, at the end of the augmenter's `fit`.

        Parameters
        ----------
        run : TrainingRun
            The denoiser's pairs and settings; see `TrainingRun.fit`.
        item_embeddings : ndarray of float32 of shape (n_items, d)
            The denoiser's item table.

        Returns
        -------
        weights : dict of str to ndarray
            The augmenter's `guidance_weights_`.
        """
        return {}

    @abstractmethod
    def guide(self, model: TrainedModel, guidance_scale: float) -> GuidedModel:
        """Make the noise model that the sampler follows.

        Parameters
        ----------
        model : TrainedModel
            The denoiser and what goes with it.
        guidance_scale : float
            Strength gamma; 0 leaves the conditional model.

        Returns
        -------
        guided : callable(x_t, t, condition, first_items) -> eps
            On tensors of shape (batch, M, d), (batch,), (batch, d) and (batch,); a
            first item of -1 stands for none. Called under `torch.no_grad`. Each row
            must depend on that row alone.
        """


def without_guidance(model: TrainedModel) -> GuidedModel:
    """Return the conditional model without guidance."""
    return lambda x_t, t, condition, first_items: model.predict_noise(x_t, t, condition)
