import numpy as np
import pytest

from skdiffuasr.sequences import Sequences


@pytest.fixture
def X():
    """Seven rows with roles of all kinds and user ids."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 8, size=7)
    return Sequences(
        rng.integers(0, 50, size=lengths.sum()),
        np.concatenate(([0], np.cumsum(lengths))),
        rng.integers(0, 8, size=lengths.sum()),
        [f"user{i}" for i in range(7)],
    )
