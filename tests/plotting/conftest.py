import pytest

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.model_selection import leave_last_out


@pytest.fixture(scope="package", autouse=True)
def headless():
    pytest.importorskip("matplotlib").use("Agg")


@pytest.fixture(autouse=True)
def close_figures(headless):
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="package")
def split():
    log = make_sequences(n_users=150, n_items=40, random_state=0)
    X_train, _, X_test, y_test = leave_last_out(log.X)
    return X_train, X_test, y_test


@pytest.fixture(scope="package")
def augmenter(split):
    return DiffusionSequenceAugmenter(
        3, denoiser=SUNet(n_res_blocks=1), max_epochs=2, random_state=0
    ).fit(split[0])


@pytest.fixture(scope="package")
def recommender(split):
    return SASRecEstimator(8, n_layers=1, max_epochs=3, random_state=0).fit(split[0])
