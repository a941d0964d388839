import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator
from torch import nn

from skdiffuasr.training import NetworkMixin, to_weights

CPU = torch.device("cpu")


class Line(NetworkMixin, BaseEstimator):
    def __init__(self) -> None:
        self.n_built = 0

    def fit(self) -> "Line":
        self.weights_ = to_weights(nn.Linear(2, 1))
        return self

    def network(self, device: torch.device = CPU) -> nn.Linear:
        return self._network(self.build, self.weights_, device)

    def build(self) -> nn.Linear:
        self.n_built += 1
        return nn.Linear(2, 1)


def weight(line: Line) -> np.ndarray:
    return line.network().weight.numpy()


def test_network_is_built_once() -> None:
    line = Line().fit()
    assert line.network() is line.network()
    assert line.n_built == 1
    assert not line.network().training
    assert not line.network().weight.requires_grad


@pytest.mark.parametrize("replace", ["all", "one array", "values", "read-only values"])
def test_network_has_the_weights_of_now(replace: str) -> None:
    line = Line().fit()
    if replace == "read-only values":
        for array in line.weights_.values():
            array.setflags(write=False)
    line.network()
    if replace == "all":
        line.fit()
    elif replace == "values":
        line.weights_["weight"][:] = 7
    else:
        line.weights_["weight"] = np.full((1, 2), 7, dtype=np.float32)
    np.testing.assert_array_equal(weight(line), line.weights_["weight"])


def test_names_tell_the_networks_of_an_estimator_apart() -> None:
    line = Line().fit()
    others = to_weights(nn.Linear(2, 1))
    other = line._network(line.build, others, CPU, name="other")
    assert line.network() is not other
    assert line._network(line.build, others, CPU, name="other") is other
    np.testing.assert_array_equal(other.weight.numpy(), others["weight"])
    np.testing.assert_array_equal(weight(line), line.weights_["weight"])
    assert line.n_built == 2


def test_network_moves_to_another_device() -> None:
    line = Line().fit()
    line.network()
    assert line.network(torch.device("meta")).weight.device.type == "meta"


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_leave_the_network_behind(copied) -> None:
    line = Line().fit()
    line.network()
    other = copied(line)
    assert vars(other).keys() == vars(line).keys() == {"n_built", "weights_"}
    np.testing.assert_array_equal(weight(other), weight(line))
    assert other.network() is not line.network()


def test_network_goes_with_its_estimator() -> None:
    line = Line().fit()
    network = weakref.ref(line.network())
    del line
    gc.collect()
    assert network() is None
