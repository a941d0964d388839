"""Estimators that are quick to fit."""

from skdiffuasr.utils.known_parameters import set_known

#: Small values of the parameters that estimators share, for `tiny_instance`.
_TINY = {
    "base_channels": 8,
    "batch_size": 16,
    "device": "cpu",
    "embedding_dim": 4,
    "max_epochs": 1,
    "n_estimators": 2,
    "max_length": 10,
    "n_heads": 1,
    "n_labels": 4,
    "n_layers": 1,
    "n_pseudo_items": 2,
    "n_res_blocks": 1,
    "n_steps": 2,
    "n_timesteps": 5,
    "pretraining_epochs": 1,
    "random_state": 0,
    "window_length": 5,
}


def tiny_instance(cls, **parameters):
    """Make an estimator that is quick to fit, with `parameters` and small values."""
    return set_known(cls(), _TINY).set_params(**parameters)
