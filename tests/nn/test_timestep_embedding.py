import pytest
import torch

from skdiffuasr.nn.timestep_embedding import timestep_embedding


def test_embedding_equals_that_of_diffusers():
    embeddings = pytest.importorskip("diffusers.models.embeddings")
    t = torch.tensor([0, 1, 17, 999])
    theirs = embeddings.get_timestep_embedding(t, 32, downscale_freq_shift=0)
    torch.testing.assert_close(timestep_embedding(t, 32), theirs)


def test_timesteps_are_told_apart():
    embedding = timestep_embedding(torch.arange(1000), 32)
    assert torch.pdist(embedding).min() > 0.1


def test_odd_width_is_refused():
    with pytest.raises(ValueError, match="must be even, got 7"):
        timestep_embedding(torch.tensor([1]), 7)
