from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from skdiffuasr.recommenders import EnsembleRecommender, SASRecEstimator
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
    own = {"dropout", "network", "sampler"}
    assert known_parameters(Composed()) == own | {"n_layers", "width", "n_steps"}
    assert known_parameters(Network()) == {"n_layers", "width", "dropout"}
    made = set_known(Composed(network=Network()), {"dropout": 0.2})
    assert (made.dropout, made.network.dropout) == (0.2, 0.1)


def test_only_parts_with_something_to_set_become_objects():
    made = set_known(Composed(), {"dropout": 0.2, "n_layers": 1, "unknown": 3})
    assert (made.dropout, made.network.n_layers, made.network.dropout) == (0.2, 1, 0.1)
    assert made.sampler == "sampler"


def test_several_parameters_of_a_part():
    given = Network(n_layers=2)
    made = set_known(Composed(network=given), {"n_layers": 1, "width": 4, "n_steps": 2})
    assert made.network is given
    assert (given.n_layers, given.width, made.sampler.n_steps) == (1, 4, 2)


def test_all_parts_get_what_they_have_at_any_depth():
    inner = EnsembleRecommender()
    made = set_known(
        Composed(network=inner, sampler=SASRecEstimator()), {"patience": 2}
    )
    assert (inner.estimator.patience, made.sampler.patience) == (2, 2)


def test_members_of_a_list_get_what_they_have_and_frozen_ones_nothing():
    frozen = EnsembleRecommender([("inner", SASRecEstimator())])
    made = set_known(
        EnsembleRecommender(
            [("sasrec", SASRecEstimator()), ("frozen", FrozenEstimator(frozen))]
        ),
        {"max_epochs": 3, "random_state": 1},
    )
    sasrec = dict(made.estimator)["sasrec"]
    assert (sasrec.max_epochs, sasrec.random_state, made.random_state) == (3, None, 1)
    assert dict(frozen.estimator)["inner"].max_epochs != 3
