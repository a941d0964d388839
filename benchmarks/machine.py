"""The machine and how fast it can be: the limits for everything else."""

import os
import platform
from pathlib import Path

import torch
import torch.nn.functional as F

from benchmarks.measuring import Case, seconds_of
from skdiffuasr.nn.precision import fast_dtype

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
PRODUCT_SIZES = (1024, 2048, 4096)
COPIED_BYTES = 2**29
CONVOLUTIONS = {  # (batch, channels, side) of the SU-Net's levels at 64 dimensions
    "published, first level": (512, 8, 8),
    "default, first level": (512, 16, 8),
    "default, second level": (512, 32, 4),
}


def case(settings):
    """Return the case that every run starts with."""
    parameters = {"device": settings.device, "quick": settings.quick}
    return Case("machine", "machine", parameters)


def run(device, quick):
    """Describe the machine and measure its limits."""
    sizes = PRODUCT_SIZES[:1] if quick else PRODUCT_SIZES
    n_bytes = COPIED_BYTES // 16 if quick else COPIED_BYTES
    limits = {
        "gflops_product": {
            name: max(product_gflops(size, dtype, device) for size in sizes)
            for name, dtype in DTYPES.items()
        },
        "gflops_convolution": {
            name: convolution_gflops(*shape, device)
            for name, shape in CONVOLUTIONS.items()
        },
        "gbytes_per_second": copy_gbytes_per_second(n_bytes, device),
    }
    return [{"description": description(device), **limits}]


def description(device):
    """Return models and versions, but nothing that identifies this machine."""
    on_gpu = torch.device(device).type == "cuda"
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(device) if on_gpu else None,
        "bfloat16": _has_bfloat16(on_gpu),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def product_gflops(size, dtype, device):
    """Return the best speed of a product of two square matrices."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / _best_seconds(lambda: a @ b, device) / 1e9


def convolution_gflops(batch, channels, side, device):
    """Return the best speed of a 3 x 3 convolution; padding counts as work."""
    x = torch.randn(batch, channels, side, side, device=device)
    weight = torch.randn(channels, channels, 3, 3, device=device)
    flops = 2 * batch * channels**2 * side**2 * 9
    seconds = _best_seconds(lambda: F.conv2d(x, weight, padding=1), device)
    return flops / seconds / 1e9


def copy_gbytes_per_second(n_bytes, device):
    """Return the bandwidth of a copy larger than any cache; reads and writes count."""
    source = torch.ones(n_bytes // 4, device=device)
    target = torch.empty_like(source)
    return 2 * n_bytes / _best_seconds(lambda: target.copy_(source), device) / 1e9


def _best_seconds(function, device, n_calls=10):
    with torch.no_grad():
        function()
        return min(seconds_of(function, device) for _ in range(n_calls))


def _cpu_model():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def _has_bfloat16(on_gpu):
    """Whether the hardware multiplies bfloat16."""
    if on_gpu:
        return fast_dtype(torch.device("cuda")) == torch.bfloat16
    try:
        return "bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
