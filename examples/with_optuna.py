"""Tune an augmenter and a recommender with Optuna instead of a grid.

Optuna proposes the parameters of each trial from the results of earlier ones. `fit`
never reads `y`, and the test items are used once, at the end.

Needs ``pip install optuna``. Run it with ``python examples/with_optuna.py``.
"""

from tempfile import TemporaryDirectory

import optuna
from sklearn.pipeline import Pipeline

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import leave_last_out


def make_pipeline(trial, memory):
    """Return the pipeline with the parameters that a trial proposes."""
    augmenter = DiffusionSequenceAugmenter(
        n_pseudo_items=trial.suggest_int("n_pseudo_items", 2, 6),
        guidance_scale=trial.suggest_float("guidance_scale", 0.0, 4.0),
        max_history_length=trial.suggest_categorical("max_history_length", [5, None]),
        denoiser=SUNet(n_res_blocks=1),
        max_epochs=4,
        memory=memory,
        random_state=0,
    )
    recommender = SASRecEstimator(
        dropout=trial.suggest_float("dropout", 0.1, 0.6),
        embedding_dim=16,
        n_layers=1,
        max_length=25,
        learning_rate=5e-3,
        max_epochs=8,
        random_state=0,
    )
    return Pipeline([("aug", augmenter), ("rec", recommender)])


def main():
    log = make_sequences(n_users=500, n_items=150, random_state=0)
    X_train, y_valid, X_test, y_test = leave_last_out(log.X)
    with TemporaryDirectory() as memory:

        def objective(trial):
            pipeline = make_pipeline(trial, memory).fit(X_train)
            return pipeline.score(X_train, y_valid)

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
        )
        study.optimize(objective, n_trials=5)
        best = make_pipeline(optuna.trial.FixedTrial(study.best_params), memory)
        best.fit(X_train)
    print(f"Chosen: {study.best_params}")
    metrics = NextItemScorer()(best, X_test, y_test).items()
    print("Test: " + "  ".join(f"{name} {value:.4f}" for name, value in metrics))


if __name__ == "__main__":
    main()
