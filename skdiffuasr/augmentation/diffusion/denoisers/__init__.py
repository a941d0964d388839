"""Denoisers: the networks that separate noise from item embeddings."""

from skdiffuasr.augmentation.diffusion.denoisers.base import BaseDenoiser
from skdiffuasr.augmentation.diffusion.denoisers.sunet import SUNet
from skdiffuasr.augmentation.diffusion.denoisers.transformer import TransformerDenoiser

__all__ = ["BaseDenoiser", "SUNet", "TransformerDenoiser"]
