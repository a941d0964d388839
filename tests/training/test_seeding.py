from contextlib import nullcontext
from functools import partial

import torch

from skdiffuasr.training import seeded

CPU = torch.device("cpu")


def test_draws_repeat_for_a_seed():
    with seeded(0, CPU):
        first = torch.rand(3)
    with seeded(0, CPU):
        assert torch.equal(torch.rand(3), first)
    with seeded(1, CPU):
        assert not torch.equal(torch.rand(3), first)


def test_other_accelerators_are_left_alone(monkeypatch):
    seeded_devices = []
    fork_cpu = partial(torch.random.fork_rng, [])
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: fork_cpu())
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "manual_seed", seeded_devices.append)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", None)
    with seeded(3, torch.device("cuda", 1)):
        assert seeded_devices == [3]


def test_the_generator_is_given_back():
    before = torch.random.get_rng_state()
    with seeded(0, CPU):
        torch.rand(3)
    assert torch.equal(torch.random.get_rng_state(), before)
