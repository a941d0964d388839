"""Generation of pseudo items with a trained denoiser."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._progress import track_rows
from skdiffuasr._typing import IntArray
from skdiffuasr.augmentation.diffusion.guidance.base import GuidedModel, TrainedModel
from skdiffuasr.augmentation.diffusion.samplers import BaseSampler
from skdiffuasr.nn.precision import product_dtype, without_tf32
from skdiffuasr.nn.rounding import nearest_items
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_normal

#: Number of histories that are generated for at a time.
BATCH_SIZE = 1024


def generate_codes(
    model: TrainedModel,
    guided: GuidedModel,
    sampler: BaseSampler,
    histories: Sequences,
    keys: npt.NDArray[np.uint64],
    *,
    unique: bool,
    precision: str,
    on_step: Callable[[Tensor], None] | None = None,
    verbose: int = 0,
) -> IntArray:
    """Generate the codes (n, M) of pseudo items for n histories of codes.

    `keys` (n,) are those of each row's noise.
    """
    table = model.denoiser.item_embedding.weight
    device, max_abs_x0 = table.device, float(table.abs().max())
    catalogue = model.denoiser.catalogue()
    # A GPU may add up parts of a product in bfloat16, which no bound covers.
    is_exact = device.type == "cuda"
    dtype = torch.float32 if is_exact else product_dtype(device, precision)
    block = model.n_pseudo_items, catalogue.shape[1]  # (M, d)

    def generate(batch: Sequences, keys: npt.NDArray[np.uint64]) -> Tensor:
        """Generate codes (batch, M)."""

        def draw_noise(stream: int) -> Tensor:
            noise = torch.from_numpy(keyed_normal(keys, block[0] * block[1], stream))
            return noise.view(-1, *block).to(device)

        items = torch.tensor(batch.values, device=device)
        lengths = torch.tensor(batch.lengths, device=device)
        first_items = torch.tensor(_first_items(batch), device=device)
        condition = model.denoiser.condition(items, lengths)  # (batch, d)
        x_0 = sampler.sample(
            lambda x_t, t: guided(x_t, t, condition, first_items),
            draw_noise(0),
            model.diffusion,
            max_abs_x0=max_abs_x0,
            draw_noise=lambda step: draw_noise(step + 1),
            on_step=on_step,
        )
        return nearest_items(
            x_0,
            catalogue,
            unique=unique,
            exclude=(items, lengths) if unique else None,
            dtype=dtype,
        )

    codes = np.empty((len(histories), block[0]), dtype=np.int64)
    with track_rows("pseudo items", len(histories), verbose) as progress:
        for start in range(0, len(histories), BATCH_SIZE):
            rows = slice(start, min(start + BATCH_SIZE, len(histories)))
            with torch.no_grad(), without_tf32(device):
                codes[rows] = generate(histories[rows], keys[rows]).cpu().numpy()
            progress.advance(n_steps=rows.stop - start)
    return codes


def _first_items(histories: Sequences) -> IntArray:
    """First item of each row, -1 for an empty row."""
    first = np.full(len(histories), -1)
    has_items = histories.lengths > 0
    first[has_items] = histories.values[histories.offsets[:-1][has_items]]
    return first
