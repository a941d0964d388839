"""Products of float32 matrices at the speed that the machine has for them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: Largest error of the inner product of two unit vectors inside `fast_matmul`: at worst
#: both are rounded to bfloat16, by at most 2**-9 of each coordinate, and their products
#: summed in float32, which the last hundredth leaves room for.
UNIT_PRODUCT_ERROR = 1.01 * 2.0**-8

_lock = threading.Lock()
_n_inside = 0
_precision_outside = "highest"


def fast_dtype(device: torch.device) -> torch.dtype:
    """Choose the dtype in which a device multiplies matrices fastest.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    dtype : torch.dtype
        bfloat16 where the device multiplies it in hardware, else float32.
    """
    if device.type == "cuda":
        # torch.cuda.is_bf16_supported asks the current device, and counts emulation.
        is_ampere_or_newer = torch.cuda.get_device_capability(device) >= (8, 0)
        has_bfloat16 = torch.version.hip is not None or is_ampere_or_newer
    elif device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        has_bfloat16 = any(
            capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16")
        )
    else:
        has_bfloat16 = False
    return torch.bfloat16 if has_bfloat16 else torch.float32


@contextmanager
def fast_matmul() -> Iterator[None]:
    """Let torch take its fastest way to multiply float32 matrices.

    On a CPU oneDNN then multiplies them, in bfloat16 where the processor has tiles for
    it and in float32 elsewhere; both are faster than the BLAS on some processors
    (2.2 times on the one of ``docs/performance.md``). On CUDA it allows TF32. Sums are
    in float32 in any case, and `UNIT_PRODUCT_ERROR` bounds the error.

    torch keeps this setting for the whole process; it is as before once the last
    thread has left.

    Examples
    --------
    >>> import torch
    >>> from skdiffuasr.nn.precision import fast_matmul
    >>> with fast_matmul():
    ...     torch.get_float32_matmul_precision()
    'medium'
    """
    global _n_inside, _precision_outside
    with _lock:
        if _n_inside == 0:
            _precision_outside = torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision("medium")
        _n_inside += 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                torch.set_float32_matmul_precision(_precision_outside)
