"""DiffuASR, and the parts that it is made of."""

from skdiffuasr.augmentation.diffusion import (
    denoisers,
    guidance,
    item_embeddings,
    samplers,
    schedules,
)
from skdiffuasr.augmentation.diffusion.augmenter import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion.denoisers import *  # noqa: F403
from skdiffuasr.augmentation.diffusion.guidance import *  # noqa: F403
from skdiffuasr.augmentation.diffusion.item_embeddings import *  # noqa: F403
from skdiffuasr.augmentation.diffusion.samplers import *  # noqa: F403
from skdiffuasr.augmentation.diffusion.schedules import *  # noqa: F403
from skdiffuasr.augmentation.diffusion.training import DenoiserTraining
from skdiffuasr.augmentation.diffusion.trajectory import (
    Trajectory,
    denoising_trajectory,
)

__all__ = ["DenoiserTraining", "DiffusionSequenceAugmenter"]
__all__ += ["Trajectory", "denoising_trajectory"]
__all__ += denoisers.__all__
__all__ += guidance.__all__
__all__ += item_embeddings.__all__
__all__ += samplers.__all__
__all__ += schedules.__all__
