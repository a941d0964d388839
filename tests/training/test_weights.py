import pickle

import joblib
import numpy as np
import pytest
import torch
from torch import nn

from skdiffuasr.training import from_weights, seeded_build, to_weights

CPU = torch.device("cpu")


def build():
    return nn.Sequential(
        nn.Embedding(7, 4), nn.Linear(4, 4), nn.Dropout(0.5), nn.BatchNorm1d(4)
    )


def outputs_of(module):
    return module.eval()(torch.arange(7))


def test_a_round_trip_computes_the_same():
    module = seeded_build(build, 0)
    rebuilt = from_weights(build, to_weights(module), CPU)
    torch.testing.assert_close(outputs_of(rebuilt), outputs_of(module), rtol=0, atol=0)


def test_weights_are_those_of_the_state_dict():
    module = build()
    weights = to_weights(module)
    assert list(weights) == list(module.state_dict())
    for name, tensor in module.state_dict().items():
        assert isinstance(weights[name], np.ndarray)
        np.testing.assert_array_equal(weights[name], tensor.numpy())


def test_read_only_weights_are_accepted():
    weights = to_weights(build())
    for array in weights.values():
        array.flags.writeable = False
    from_weights(build, weights, CPU)


def test_memory_mapped_weights_are_accepted(tmp_path):
    module = build()
    joblib.dump(to_weights(module), tmp_path / "weights")
    weights = joblib.load(tmp_path / "weights", mmap_mode="r")
    rebuilt = from_weights(build, weights, CPU)
    torch.testing.assert_close(outputs_of(rebuilt), outputs_of(module))


def test_a_module_shares_nothing_with_its_weights():
    module = build()
    weights = to_weights(module)
    before = pickle.dumps(weights)
    rebuilt = from_weights(build, weights, CPU)
    for tensor in [*module.state_dict().values(), *rebuilt.state_dict().values()]:
        tensor.zero_()
    assert pickle.dumps(weights) == before


def test_a_rebuilt_module_is_ready_for_inference():
    rebuilt = from_weights(build, to_weights(build()), CPU)
    assert not any(part.training for part in rebuilt.modules())
    assert not any(parameter.requires_grad for parameter in rebuilt.parameters())


def test_weights_of_another_architecture_are_refused():
    weights = to_weights(nn.Linear(2, 2))
    with pytest.raises(RuntimeError, match="Missing key"):
        from_weights(build, weights, CPU)


def test_a_seed_fixes_the_initial_weights():
    first, same, other = (seeded_build(build, seed)[0].weight for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_building_leaves_the_global_generator_alone():
    weights = to_weights(build())
    before = torch.get_rng_state()
    seeded_build(build, 0)
    from_weights(build, weights, CPU)
    assert torch.equal(torch.get_rng_state(), before)
