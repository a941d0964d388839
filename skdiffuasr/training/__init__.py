"""One training loop and one ragged batcher for every model of the library."""

from skdiffuasr.training.batching import pad_rows, token_batches
from skdiffuasr.training.callbacks import epoch_callbacks
from skdiffuasr.training.device import resolve_device
from skdiffuasr.training.loop import TrainingResult, train
from skdiffuasr.training.network import NetworkMixin
from skdiffuasr.training.seeding import seeded
from skdiffuasr.training.weights import from_weights, seeded_build, to_weights

__all__ = [
    "NetworkMixin",
    "TrainingResult",
    "epoch_callbacks",
    "from_weights",
    "pad_rows",
    "resolve_device",
    "seeded",
    "seeded_build",
    "to_weights",
    "token_batches",
    "train",
]
