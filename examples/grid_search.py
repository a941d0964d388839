"""Tune the augmenter inside a pipeline, with scikit-learn's own grid search.

Three things make this work on histories:

- `fit` never reads `y`, so `LeaveLastOut` can fit on every history and score on the
  item that was held out behind it.
- `NextItemScorer` returns several metrics, for all users and for groups of them, from
  one scoring pass. `refit` names the one that chooses.
- `memory` caches the training of the diffusion model. Guidance acts in sampling alone,
  so candidates that differ in `guidance_scale` share one training. `random_state` must
  be an int for that.

The search sees the validation items only. The test items are used once, for the
candidate that was chosen.

The models are small and trained for a few epochs, so that the script ends in less than
a minute on one core.

Run it with ``python examples/grid_search.py``.
"""

from tempfile import TemporaryDirectory

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import LeaveLastOut, leave_last_out

PARAM_GRID = {
    "aug__n_pseudo_items": [3, 5],
    "aug__guidance_scale": [0.0, 1.0, 3.0],
}
COLUMNS = ("ndcg@10", "hr@10", "ndcg@10[<=5]")


def make_search(memory):
    """Return the search; `memory` is the folder of the cache."""
    augmenter = DiffusionSequenceAugmenter(
        embedding_dim=16,
        n_res_blocks=1,
        max_epochs=6,
        memory=memory,
        random_state=0,
    )
    recommender = SASRecEstimator(
        embedding_dim=16,
        n_layers=1,
        max_length=25,
        dropout=0.3,
        learning_rate=5e-3,
        max_epochs=12,
        random_state=0,
    )
    return GridSearchCV(
        Pipeline([("aug", augmenter), ("rec", recommender)]),
        PARAM_GRID,
        scoring=NextItemScorer(("ndcg@10", "hr@10"), length_bins=(5, 20)),
        refit="ndcg@10",
        cv=LeaveLastOut(),
    )


def print_results(results):
    """Print the validation metrics of every candidate, and the time of its fit."""
    header = f"{'M':>3}{'gamma':>7}" + "".join(f"{name:>14}" for name in COLUMNS)
    print(f"{header}{'fit, seconds':>14}")
    for row, params in enumerate(results["params"]):
        cells = "".join(
            f"{results[f'mean_test_{name}'][row]:>14.4f}" for name in COLUMNS
        )
        print(
            f"{params['aug__n_pseudo_items']:>3}{params['aug__guidance_scale']:>7.1f}"
            f"{cells}{results['mean_fit_time'][row]:>14.1f}"
        )


def main():
    """Search on the validation items, then score the best candidate on the test."""
    log = make_sequences(n_users=600, n_items=120, random_state=0)
    X_train, y_valid, X_test, y_test = leave_last_out(log.X)
    with TemporaryDirectory() as folder:
        search = make_search(memory=folder).fit(X_train, y_valid)
        print_results(search.cv_results_)
        chosen = search.best_params_
        print(
            f"\nChosen: M={chosen['aug__n_pseudo_items']}, "
            f"gamma={chosen['aug__guidance_scale']}"
        )
        score = search.score(X_test, y_test)
    print(f"Test NDCG@10 of the chosen pipeline: {score:.4f}")


if __name__ == "__main__":
    main()
