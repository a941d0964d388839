"""Seeded use of torch's generators."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(random_state: int, device: torch.device) -> Iterator[None]:
    """Seed torch's generators, of CPU and device, and restore them afterwards."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(random_state)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(random_state)
        yield
