"""Generation of pseudo items with a trained denoiser."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skdiffuasr._typing import IntArray
from skdiffuasr.augmentation.guides import Guide
from skdiffuasr.nn.denoiser import Denoiser
from skdiffuasr.nn.diffusion import GaussianDiffusion
from skdiffuasr.nn.precision import product_dtype, without_tf32
from skdiffuasr.nn.rounding import nearest_items
from skdiffuasr.nn.samplers import sample
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.keys import keyed_normal

#: Number of histories that are generated for at a time.
BATCH_SIZE = 1024


def generate_codes(
    denoiser: Denoiser,
    diffusion: GaussianDiffusion,
    guide: Guide,
    histories: Sequences,
    keys: npt.NDArray[np.uint64],
    *,
    n_pseudo_items: int,
    sampler: str,
    n_sampling_steps: int,
    eta: float,
    max_abs_x0: float,
    unique: bool,
    precision: str,
    on_step: Callable[[Tensor], None] | None = None,
) -> IntArray:
    """Generate pseudo items for histories, a batch of rows at a time.

    Parameters
    ----------
    denoiser : Denoiser
        A trained network, on the device to be used.
    diffusion : GaussianDiffusion
        The forward process it was trained with, on the same device.
    guide : callable(condition, first_items) -> predict_noise
        See `skdiffuasr.augmentation.guides`; a first item of -1 stands for none.
    histories : Sequences of item codes
        Observed items, of n rows.
    keys : ndarray of uint64 of shape (n,)
        Key of each row's noise; see `row_keys`.
    n_pseudo_items : int
        Number M of items to generate.
    sampler, n_sampling_steps, eta, max_abs_x0, on_step
        See `skdiffuasr.nn.samplers.sample`.
    unique : bool
        Whether the pseudo items of a row must differ from each other and from its
        history.
    precision : {"auto", "float32"}
        Of the products that find candidates for the nearest items; see
        `product_dtype`.

    Returns
    -------
    codes : ndarray of int64 of shape (n, M)
    """
    device = denoiser.item_embedding.weight.device
    catalogue = denoiser.catalogue()
    # A GPU may add up parts of a product in bfloat16, which no bound covers.
    is_exact = device.type == "cuda"
    dtype = torch.float32 if is_exact else product_dtype(device, precision)
    n_values = n_pseudo_items * catalogue.shape[1]
    codes = np.empty((len(histories), n_pseudo_items), dtype=np.int64)
    for start in range(0, len(histories), BATCH_SIZE):
        rows = slice(start, min(start + BATCH_SIZE, len(histories)))
        batch = histories[rows]

        def draw_noise(stream: int, rows: slice = rows) -> Tensor:
            noise = torch.from_numpy(keyed_normal(keys[rows], n_values, stream))
            return noise.view(-1, n_pseudo_items, catalogue.shape[1]).to(device)

        items = torch.tensor(batch.values, device=device)
        lengths = torch.tensor(batch.lengths, device=device)
        first_items = torch.tensor(_first_items(batch), device=device)
        with torch.no_grad(), without_tf32(device):
            x_0 = sample(
                guide(denoiser.condition(items, lengths), first_items),
                draw_noise(0),
                diffusion,
                sampler=sampler,
                n_sampling_steps=n_sampling_steps,
                eta=eta,
                max_abs_x0=max_abs_x0,
                draw_noise=lambda step: draw_noise(step + 1),
                on_step=on_step,
            )
            generated = nearest_items(
                x_0,
                catalogue,
                unique=unique,
                exclude=(items, lengths) if unique else None,
                dtype=dtype,
            )
        codes[rows] = generated.cpu().numpy()
    return codes


def _first_items(histories: Sequences) -> IntArray:
    """First item of each row, -1 for an empty row."""
    first = np.full(len(histories), -1)
    has_items = histories.lengths > 0
    first[has_items] = histories.values[histories.offsets[:-1][has_items]]
    return first
