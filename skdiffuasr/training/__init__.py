"""One training loop and one ragged batcher for every model of the library."""

from skdiffuasr.training.batching import pad_rows as pad_rows
from skdiffuasr.training.batching import token_batches as token_batches
from skdiffuasr.training.callbacks import epoch_callbacks as epoch_callbacks
from skdiffuasr.training.device import resolve_device as resolve_device
from skdiffuasr.training.loop import train
from skdiffuasr.training.network import NetworkMixin
from skdiffuasr.training.result import TrainingResult
from skdiffuasr.training.seeding import seeded as seeded
from skdiffuasr.training.weights import from_weights as from_weights
from skdiffuasr.training.weights import seeded_build as seeded_build
from skdiffuasr.training.weights import to_weights as to_weights

# The others are for the rooms above, and not public.
__all__ = ["NetworkMixin", "TrainingResult", "train"]
