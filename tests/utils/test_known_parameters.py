from sklearn.base import BaseEstimator

from skdiffuasr.utils.known_parameters import known_parameters, set_known


class Network(BaseEstimator):
    def __init__(self, n_layers=3, width=8, dropout=0.1):
        self.n_layers = n_layers
        self.width = width
        self.dropout = dropout


class Sampler(BaseEstimator):
    def __init__(self, n_steps=5):
        self.n_steps = n_steps


class Composed(BaseEstimator):
    """Knows its parts by name, as the diffusion augmenter does."""

    def __init__(self, dropout=0.5, network="network", sampler="sampler"):
        self.dropout = dropout
        self.network = network
        self.sampler = sampler

    def _parts(self):
        named = {"network": Network, "sampler": Sampler}
        parts = {"network": self.network, "sampler": self.sampler}
        return {
            name: named[part]() if isinstance(part, str) else part
            for name, part in parts.items()
        }


def test_own_parameters_go_before_those_of_parts():
    own = dict.fromkeys(["dropout", "network", "sampler"])
    of_parts = {"n_layers": "network", "width": "network", "n_steps": "sampler"}
    assert known_parameters(Composed()) == own | of_parts
    assert known_parameters(Network()) == dict.fromkeys(
        ["n_layers", "width", "dropout"]
    )


def test_only_parts_with_something_to_set_become_objects():
    made = set_known(Composed(), {"dropout": 0.2, "n_layers": 1, "unknown": 3})
    assert (made.dropout, made.network.n_layers, made.network.dropout) == (0.2, 1, 0.1)
    assert made.sampler == "sampler"


def test_several_parameters_of_a_part():
    given = Network(n_layers=2)
    made = set_known(Composed(network=given), {"n_layers": 1, "width": 4, "n_steps": 2})
    assert made.network is given
    assert (given.n_layers, given.width, made.sampler.n_steps) == (1, 4, 2)
