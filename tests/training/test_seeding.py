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


def test_the_generator_is_given_back():
    before = torch.random.get_rng_state()
    with seeded(0, CPU):
        torch.rand(3)
    assert torch.equal(torch.random.get_rng_state(), before)
