"""Samplers: the reverse process, from pure noise back to item embeddings."""

from skdiffuasr.augmentation.diffusion.samplers.base import BaseSampler
from skdiffuasr.augmentation.diffusion.samplers.ddim import DDIM
from skdiffuasr.augmentation.diffusion.samplers.ddpm import DDPM

__all__ = ["DDIM", "DDPM", "BaseSampler"]
