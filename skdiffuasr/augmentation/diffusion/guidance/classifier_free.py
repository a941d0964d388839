"""Classifier-free guidance: away from what the model generates without a history."""

import torch
from torch import Tensor

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr.augmentation.diffusion.guidance.base import (
    BaseGuidance,
    GuidedModel,
    TrainedModel,
    without_guidance,
)
from skdiffuasr.augmentation.diffusion.training import DenoiserTraining


@estimator_class
class ClassifierFreeGuidance(BaseGuidance):
    """Follow the condition beyond what the model says, away from no condition [1]_.

    eps = (1 + gamma) eps(x_t, t, c) - gamma eps(x_t, t, null) [2]_. Both terms come out
    of one batch of twice the size. The denoiser must have been trained with a
    `condition_dropout` above 0.

    References
    ----------
    .. [1] Ho & Salimans, "Classifier-Free Diffusion Guidance", arXiv:2207.12598, eq. 6.
    .. [2] Liu et al., "Diffusion Augmentation for Sequential Recommendation",
       CIKM 2023, arXiv:2309.12858 (classifier-free guide).
    """

    name = "classifier_free"

    def check_training(self, training: DenoiserTraining, guidance_scale: float) -> None:
        """Raise a ValueError if the null condition is used and not trained."""
        if guidance_scale != 0 and training.condition_dropout == 0:
            raise ValueError(
                f"guidance='classifier_free' at guidance_scale={guidance_scale} needs "
                f"a denoiser trained without histories too, but condition_dropout=0; "
                f"set training=DenoiserTraining(condition_dropout=0.1), "
                f"guidance_scale=0 or guidance=None."
            )

    def guide(self, model: TrainedModel, guidance_scale: float) -> GuidedModel:
        """Make the noise model that the sampler follows; see `BaseGuidance.guide`."""
        if guidance_scale == 0:  # at half the cost
            return without_guidance(model)
        null_condition = model.denoiser.null_condition  # (d,)

        def guided(
            x_t: Tensor, t: Tensor, condition: Tensor, first_items: Tensor
        ) -> Tensor:
            both = torch.cat([condition, null_condition.expand_as(condition)])
            eps = model.predict_noise(torch.cat([x_t, x_t]), torch.cat([t, t]), both)
            with_condition, without = eps.chunk(2)  # each (batch, M, d)
            return (1 + guidance_scale) * with_condition - guidance_scale * without

        return guided
