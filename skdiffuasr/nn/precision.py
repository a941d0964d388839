"""How exactly matrices are multiplied: the dtype of products, and no TF32."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_n_inside = 0


def fast_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where a device multiplies it faster than float32."""
    if device.type == "cuda":
        # torch.cuda.is_bf16_supported asks the current device, and counts emulation.
        is_ampere_or_newer = torch.cuda.get_device_capability(device) >= (8, 0)
        has_bfloat16 = torch.version.hip is not None or is_ampere_or_newer
    elif device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        # AVX-512 has bfloat16 products too, but they took longer than float32.
        has_bfloat16 = torch.cpu.get_capabilities().get("amx_bf16", False)
    else:
        has_bfloat16 = False
    return torch.bfloat16 if has_bfloat16 else torch.float32


def product_dtype(device: torch.device, precision: str) -> torch.dtype:
    """Choose the dtype of the products that need not be exact, for "auto" or "float32".

    Operands are converted to it, whatever the shape of the batch;
    ``torch.set_float32_matmul_precision`` would decide by shape, for all threads.
    """
    return torch.float32 if precision == "float32" else fast_dtype(device)


def unit_product_error(dtype: torch.dtype, n_dims: int) -> float:
    """Bound how far the product of two unit vectors of length `n_dims` can be off.

    The float32 vectors and their product are rounded to `dtype`, with sums in float32;
    compared with a product in float32, in any order of its sums.
    """
    # A sum of d products in float32 is off by d 2**-24 of the sum of their absolute
    # values at most, which is 1 for unit vectors by Cauchy and Schwarz. Two such sums
    # are compared; twice that is room for norms that are 1 up to rounding.
    error = 4 * (n_dims + 8) * 2.0**-24
    if dtype != torch.float32:
        # Rounding to nearest makes a relative error of u at most, in each of both
        # factors and once more in the sum. In bfloat16, with 8 bits, u = 2**-8.
        u = torch.finfo(dtype).eps / 2
        error += (1 + error) * ((1 + u) ** 3 - 1)
    return error


@contextmanager
def without_tf32(device: torch.device) -> Iterator[None]:
    """Keep the convolutions and recurrent layers of a GPU in float32.

    cuDNN may take TF32 there unless told not to, and chooses by shape. The setting is
    that of the process; it is as before once the last thread has left. Layers that
    torch's newer ``fp32_precision`` has set apart stay as they are.
    """
    global _n_inside
    if device.type != "cuda":
        yield
        return
    with _lock:
        is_ours = _n_inside > 0 or _allows_tf32()
        if is_ours:
            _n_inside += 1
            torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        if is_ours:
            with _lock:
                _n_inside -= 1
                if _n_inside == 0:
                    torch.backends.cudnn.allow_tf32 = True


def _allows_tf32() -> bool:
    """Return whether cuDNN may take TF32, in convolutions and recurrent layers."""
    try:
        return torch.backends.cudnn.allow_tf32
    except RuntimeError:  # torch does not answer where they were set apart
        return False
